// Package restclient is a client for the Sema4.ai REST API v2.
//
// Start from [New], which takes the base URL and the key exactly as the
// application shows them under Configuration > API Keys. A [Client] carries one
// service a resource; each is safe for concurrent use:
//
//	client, err := restclient.New("https://host/tenants/acme/api/v2", key)
//	if err != nil {
//		return err
//	}
//	for agent, err := range client.Agents.All(ctx, nil) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(agent.ID, agent.Name)
//	}
//
// # Lists
//
// List fetches one [Page]; All walks every page and starts again each time it
// is ranged over. Options may be nil, and are copied before a call begins.
//
// # Talking to an agent
//
// [ConversationsService.Send] posts a message and blocks until the agent is
// done. [ConversationsService.Stream] shows the agent at work, event by event;
// a [Transcript] turns those events into messages:
//
//	stream, err := client.Conversations.Stream(ctx, agentID, conversationID, "Open invoices?")
//	if err != nil {
//		return err
//	}
//	defer stream.Close()
//	var transcript restclient.Transcript
//	for event, err := range stream.Events() {
//		if err != nil {
//			return err
//		}
//		if err := transcript.Apply(event); err != nil {
//			return err
//		}
//	}
//
// # Errors
//
// An answer with an error status is an [APIError], a failed run inside a stream
// an [AgentError] event. Where no answer came it is a [ConnectionError], whose
// NotSent tells whether the request can have had an effect; an answer that
// could not be read is a [ResponseError]. When the context of a call has ended,
// its error is the one to be found with errors.Is. No error holds the key or
// the query of a request.
//
// # Retries and time-outs
//
// Only GET is repeated, after [RetryPolicy]; a POST may have had its effect and
// is left to the caller. Ordinary calls are bounded by [WithRequestTimeout],
// streams by their silence ([WithStreamIdleTimeout]), and the blocking Send by
// its context alone.
package restclient
