package doctor

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"sema4mcp/restclient"
)

// askWithin bounds an agent that is asked.
const askWithin = 5 * time.Minute

// longSilence is what proxies on the way commonly cut.
const longSilence = time.Minute

const question = "Hello. This is a test of the connection: answer with one word."

// stream asks an agent and times what comes.
func (d *Doctor) stream(ctx context.Context) []Finding {
	switch {
	case !d.answers:
		return one(Skipped, noAnswer)
	case d.Ask == "" && !d.Settings.Local:
		return one(Skipped, "an answer costs: name an agent with --ask to have one asked")
	}
	agent, ok := d.addressee()
	if !ok {
		return problem("Name one of the agents above", "there is no agent %s to ask", d.Ask)
	}
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	times := &streamTimes{next: d.upstream.Transport}
	err := d.ask(ctx, agent.ID, times)
	if err != nil {
		return problem("Try the agent in the Sema4.ai application; if it answers there, something on the way cuts streams", "%s: %v", agent.Name, err)
	}
	first, silence := times.measured()
	found := one(OK, "%s: first byte after %v, longest silence %v", agent.Name, rounded(first), rounded(silence))
	if silence >= longSilence {
		found[0].Status, found[0].Next = Note, "Proxies may cut a connection that is silent for a minute: use --send post if answers are lost"
	}
	return found
}

// addressee is the agent that is named, or any of a local tenant that converses.
func (d *Doctor) addressee() (restclient.Agent, bool) {
	for _, agent := range d.agents {
		if agent.ID == d.Ask || strings.EqualFold(agent.Name, d.Ask) || d.Ask == "" && agent.Mode != restclient.AgentWorker {
			return agent, true
		}
	}
	return restclient.Agent{}, false
}

// ask leaves nothing behind in the tenant.
func (d *Doctor) ask(ctx context.Context, agentID string, transport http.RoundTripper) error {
	client, err := d.newClient(transport)
	if err != nil {
		return err
	}
	conversation, err := client.Conversations.Create(ctx, agentID, "connection test "+time.Now().UTC().Format(time.DateTime))
	if err != nil {
		return err
	}
	err = answered(ctx, client, conversation)
	_, deleteErr := client.Conversations.Delete(context.WithoutCancel(ctx), agentID, conversation.ID)
	return errors.Join(err, deleteErr)
}

func answered(ctx context.Context, client *restclient.Client, conversation *restclient.Conversation) error {
	stream, err := client.Conversations.Stream(ctx, conversation.AgentID, conversation.ID, question)
	if err != nil {
		return err
	}
	for event, err := range stream.Events() {
		if err != nil {
			return err
		}
		if failed, ok := event.(restclient.AgentError); ok {
			return failed.Err
		}
	}
	return nil
}

// streamTimes is a transport that times the bytes of event streams.
type streamTimes struct {
	next http.RoundTripper

	mu            sync.Mutex // guards all below
	began, last   time.Time
	first, silent time.Duration
}

func (t *streamTimes) RoundTrip(request *http.Request) (*http.Response, error) {
	began := time.Now()
	response, err := t.next.RoundTrip(request)
	if err == nil && strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream") {
		t.mu.Lock()
		t.began, t.last = began, began
		t.mu.Unlock()
		response.Body = timedBody{response.Body, t}
	}
	return response, err
}

func (t *streamTimes) came() {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if t.first == 0 {
		t.first = now.Sub(t.began)
	} else {
		t.silent = max(t.silent, now.Sub(t.last))
	}
	t.last = now
}

func (t *streamTimes) measured() (first, silent time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.first, t.silent
}

type timedBody struct {
	io.ReadCloser
	times *streamTimes
}

func (b timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.times.came()
	}
	return n, err
}
