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
// The services are
//
//   - Agents, [AgentsService]: agents, from draft to live and back, what is
//     attached to them, and their packages;
//   - Schedules, [SchedulesService]: when worker agents get work by themselves;
//   - Conversations, [ConversationsService]: talking to an agent, and the files
//     and data frames of a conversation;
//   - WorkItems, [WorkItemsService]: work for worker agents;
//   - DataConnections, [DataConnectionsService]: the databases behind the models;
//   - SemanticDataModels, [SemanticDataModelsService]: what their tables mean;
//   - MCPServers, [MCPServersService]: the tools agents may be given;
//   - DocumentIntelligence, [DocumentIntelligenceService]: whether it is set up.
//
// [Client.Ping] tells whether the deployment is well, [Client.OpenAPI] what it
// offers, and [Client.Raw] calls what this package has no method for.
//
// # Lists
//
// List fetches one [Page]; All walks every page, in constant memory, and starts
// again each time it is ranged over. Options may be nil, and are copied before a
// call begins.
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
// # Uploads and downloads
//
// A [FileUpload] is read while it is sent and a [Download] while it comes: files
// of any size cost no memory. An upload is never repeated. A download ends with
// [io.EOF] only when all of it has come; close it in any case.
//
//	file, err := os.Open("orders.csv")
//	if err != nil {
//		return err
//	}
//	defer file.Close()
//	_, err = client.Conversations.UploadFiles(ctx, agentID, conversationID,
//		restclient.FileUpload{Name: "orders.csv", Content: file})
//
// # Work items
//
// [WorkItemsService.Create] gives a worker agent a piece of work and
// [WorkItemsService.Wait] follows it until the agent is done with it; then a
// person may have to decide, with Continue, Restart or Complete. Files go into a
// draft first, with AttachFiles. A callback saves the waiting: [VerifyCallback]
// tells whether one is genuine.
//
// # What this package does not know
//
// Deployments differ, and grow. Unknown fields and values never fail a call: an
// object keeps them in its Extra and sends them back as they came, so that what
// Get returned can be changed and given to Replace without a loss. A field that
// is not set is not sent. Configurations, payloads and models are JSON that is
// passed through with its numbers as they were written. Where servers answer in
// different shapes, lists as pages or as bare arrays, all of them are read.
//
// # Errors
//
// An answer with an error status is an [APIError], a failed run inside a stream
// an [AgentError] event. Where no answer came it is a [ConnectionError], whose
// NotSent tells whether the request can have had an effect; an answer that
// could not be read is a [ResponseError]. [ErrConflict], [ErrNotConfigured] and
// [ErrSignature] are found with errors.Is. When the context of a call has ended,
// its error is the one to be found so.
//
// # Secrets
//
// No error holds the key, the query of a request, or a secret that was sent with
// it, of six characters or more. Data connections, MCP servers and what else may
// hold secrets show none when they are printed with any verb, or given to
// log/slog by themselves; encoded as JSON they are complete, since the API needs
// them.
//
// # Retries and time-outs
//
// Only GET is repeated, after [RetryPolicy]; any other request may have had its
// effect and is left to the caller. Ordinary calls are bounded by
// [WithRequestTimeout], streams, uploads and downloads by their silence
// ([WithStreamIdleTimeout]), and the blocking Send by its context alone.
package restclient
