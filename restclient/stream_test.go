package restclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

// follow reads a recorded stream to its end.
func follow(t *testing.T, recorded string) ([]Event, *Transcript, error) {
	t.Helper()
	client := serve(t, answer(http.StatusOK, "text/event-stream; charset=utf-8", recorded))
	stream, err := client.Conversations.Stream(t.Context(), "a1", "t1", "Open invoices?")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	var events []Event
	transcript := &Transcript{}
	for event, err := range stream.Events() {
		if err != nil {
			return events, transcript, err
		}
		events = append(events, event)
		if err := transcript.Apply(event); err != nil {
			t.Errorf("apply %#v: %v", event, err)
		}
	}
	return events, transcript, nil
}

func TestStreamOfAnAnswer(t *testing.T) {
	events, transcript, err := follow(t, streams(t)["answer"])
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "events", len(events), 8)
	equal(t, "first", events[0], Event(AgentReady{"r1", "t1", "a1"}))
	equal(t, "last", events[7], Event(AgentFinished{"r1", "t1", "a1"}))
	equal(t, "sound", transcript.Sound(), true)
	messages := transcript.Messages()
	equal(t, "messages", len(messages), 1)
	encoded, err := json.Marshal(messages[0])
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "message", string(encoded), `{"message_id":"m2","role":"agent",`+
		`"content":[{"content_id":"c2","kind":"text","text":"Three are open."}],"complete":true}`)
}

func TestStreamWithToolCallThatEndsLate(t *testing.T) {
	_, transcript, err := follow(t, streams(t)["tool_call"])
	if err != nil {
		t.Fatal(err)
	}
	messages := transcript.Messages()
	equal(t, "messages", len(messages), 2)
	equal(t, "thought", messages[0].Content[0].Thought, "I need the open invoices.")
	call := messages[0].Content[1].ToolCall
	equal(t, "arguments", call.ArgumentsRaw, `{"state":"open"}`)
	equal(t, "status", call.Status, "finished")
	equal(t, "result", *call.Result, "[1042, 1043, 1044]")
	equal(t, "text", messages[1].Text(), "1042, 1043 and 1044 – open since März.")
	equal(t, "chart", *messages[1].Content[1].Chart, Chart{SpecRaw: `{"mark":"bar"}`, SubType: "vega-lite", Completed: messages[1].Content[1].Chart.Completed})
}

func TestStreamOfAFailedRun(t *testing.T) {
	events, transcript, err := follow(t, streams(t)["run_error"])
	if err != nil {
		t.Fatal(err)
	}
	failed, ok := events[len(events)-1].(AgentError)
	if !ok {
		t.Fatalf("last event: %#v", events[len(events)-1])
	}
	equal(t, "run", failed.RunID, "r3")
	equal(t, "error", failed.Err.Error(), "the run failed (unexpected): The model is overloaded. [5f0c]")
	equal(t, "data", string(failed.Err.Data), `{"attempts":3}`)
	equal(t, "text so far", transcript.Messages()[0].Text(), "Let me")
}

func TestStreamCutShort(t *testing.T) {
	_, transcript, err := follow(t, streams(t)["cut"])
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatalf("got %v, want an unexpected EOF", err)
	}
	lost, ok := errors.AsType[*ConnectionError](err)
	equal(t, "is a connection error", ok, true)
	equal(t, "not sent", lost.NotSent, false)
	equal(t, "text so far", transcript.Messages()[0].Text(), "Half an")
}

func TestStreamOfRequests(t *testing.T) {
	events, _, err := follow(t, streams(t)["requests"])
	if err != nil {
		t.Fatal(err)
	}
	timeout := 300.0
	want := []Event{
		AgentReady{"r5", "t1", "a1"},
		MessageMetadata{"m7", "t1", "a1", 1, json.RawMessage(`{"model":"m"}`)},
		RequestUserInput{"Which year?", &timeout},
		RequestToolExecution{"open_page", "tc9", `{"page":2}`},
		UnknownEvent{Type: "context_compacted", Raw: json.RawMessage(`{"event_type":"context_compacted","tokens":1200}`)},
		AgentFinished{"r5", "t1", "a1"},
	}
	if !reflect.DeepEqual(events, want) {
		t.Errorf("got %#v\nwant %#v", events, want)
	}
}

func TestStreamOfV1(t *testing.T) {
	events, transcript, err := follow(t, streams(t)["v1"])
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "first", events[0], Event(AgentReady{}))
	equal(t, "last", events[len(events)-1], Event(AgentFinished{}))
	var told []string
	for _, m := range transcript.Messages() {
		line := m.ID + " " + m.Role + ":"
		for _, c := range m.Content {
			line += fmt.Sprintf(" %s %s", c.Kind, c.Text)
			if c.ToolCall != nil {
				line += c.ToolCall.ID + c.ToolCall.Name + c.ToolCall.ArgumentsRaw + c.ToolCall.Status
			}
		}
		told = append(told, line)
	}
	equal(t, "messages", strings.Join(told, "\n"), strings.Join([]string{
		"unnamed-1 user: text Open invoices?",
		`unnamed-2 agent: tool_call tc1query_invoices{"state":"open"}`,
		"unnamed-3 agent: tool_call tc1success",
		"9 agent: text One is open.",
	}, "\n"))
}

func TestStreamRefused(t *testing.T) {
	client := serve(t, answer(http.StatusNotFound, "application/json", `{"error":{"code":"not_found","message":"Conversation not found"}}`))
	_, err := client.Conversations.Stream(t.Context(), "a1", "t1", "hello")
	refused, ok := errors.AsType[*APIError](err)
	if !ok {
		t.Fatalf("got %v, want an APIError", err)
	}
	equal(t, "status", refused.StatusCode, 404)
	equal(t, "path", refused.Path, "/agents/a1/conversations/t1/stream")
}

func TestStreamOfTheWrongMediaType(t *testing.T) {
	client := serve(t, answer(http.StatusOK, "text/html", "<html><title>Sign in</title></html>"))
	_, err := client.Conversations.Stream(t.Context(), "a1", "t1", "hello")
	unusable, ok := errors.AsType[*ResponseError](err)
	if !ok {
		t.Fatalf("got %v, want a ResponseError", err)
	}
	equal(t, "excerpt", unusable.Excerpt, "Sign in")
	contains(t, "error", err.Error(), "text/html", "no event stream", "check that the base URL")
}

func TestStreamEventsOnlyOnce(t *testing.T) {
	client := serve(t, answer(http.StatusOK, "text/event-stream", streams(t)["answer"]))
	stream, err := client.Conversations.Stream(t.Context(), "a1", "t1", "hello")
	if err != nil {
		t.Fatal(err)
	}
	for range stream.Events() {
		break
	}
	for event, err := range stream.Events() {
		if !errors.Is(err, ErrStreamRead) {
			t.Errorf("got %v, %v, want ErrStreamRead", event, err)
		}
	}
}

// hanging serves a stream that says that it is ready, and nothing more.
func hanging(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = io.WriteString(w, "data: {\"event_type\":\"agent_ready\"}\n\n")
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

func TestStreamClosedMeanwhile(t *testing.T) {
	gone := make(chan struct{})
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		defer close(gone)
		hanging(w, r)
	})
	stream, err := client.Conversations.Stream(t.Context(), "a1", "t1", "hello")
	if err != nil {
		t.Fatal(err)
	}
	var last error
	for event, err := range stream.Events() {
		if event == Event(AgentReady{}) {
			go stream.Close()
		}
		last = err
	}
	if !errors.Is(last, ErrStreamClosed) {
		t.Errorf("got %v, want ErrStreamClosed", last)
	}
	if err := stream.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
	<-gone // the server has seen it
}

func TestStreamOfAnEndedContext(t *testing.T) {
	client := serve(t, hanging)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream, err := client.Conversations.Stream(ctx, "a1", "t1", "hello")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	var last error
	for event, err := range stream.Events() {
		if event == Event(AgentReady{}) {
			cancel()
		}
		last = err
	}
	if _, lost := errors.AsType[*ConnectionError](last); lost || !errors.Is(last, context.Canceled) {
		t.Errorf("got %v, want the context's error alone", last)
	}
}
