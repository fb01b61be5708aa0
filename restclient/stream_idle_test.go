package restclient

import (
	"errors"
	"io"
	"net/http"
	"testing"
	"time"
)

func TestStreamThatFallsSilent(t *testing.T) {
	bubble(t, func(t *testing.T, dial dialer) {
		client := dial(hanging, WithStreamIdleTimeout(time.Minute))
		began := time.Now()
		stream, err := client.Conversations.Stream(t.Context(), "a1", "t1", "hello")
		if err != nil {
			t.Fatal(err)
		}
		var last error
		for _, err := range stream.Events() {
			last = err
		}
		lost, ok := errors.AsType[*ConnectionError](last)
		if !ok || !errors.Is(last, ErrStreamIdle) {
			t.Fatalf("got %v, want ErrStreamIdle", last)
		}
		equal(t, "not sent", lost.NotSent, false)
		equal(t, "waited", time.Since(began), time.Minute)
		contains(t, "error", last.Error(), "nothing came for 1m0s")
	})
}

func TestStreamThatNeverBegins(t *testing.T) {
	bubble(t, func(t *testing.T, dial dialer) {
		client := dial(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, WithStreamIdleTimeout(time.Minute))
		_, err := client.Conversations.Stream(t.Context(), "a1", "t1", "hello")
		if !errors.Is(err, ErrStreamIdle) {
			t.Errorf("got %v, want ErrStreamIdle", err)
		}
	})
}

func TestKeepAlivesAndASlowReaderAreNoSilence(t *testing.T) {
	bubble(t, func(t *testing.T, dial dialer) {
		client := dial(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			for range 10 {
				_ = sleep(r.Context(), 50*time.Second)
				_, _ = io.WriteString(w, ": still here\n\n")
				w.(http.Flusher).Flush()
			}
			_, _ = io.WriteString(w, "data: {\"event_type\":\"agent_ready\"}\n\n")
			w.(http.Flusher).Flush()
			_ = sleep(r.Context(), 50*time.Second)
			_, _ = io.WriteString(w, "data: {\"event_type\":\"agent_finished\"}\n\n")
		}, WithStreamIdleTimeout(time.Minute), WithRequestTimeout(time.Second))
		stream, err := client.Conversations.Stream(t.Context(), "a1", "t1", "hello")
		if err != nil {
			t.Fatal(err)
		}
		events := 0
		for event, err := range stream.Events() {
			if err != nil {
				t.Fatal(err)
			}
			events++
			if event == Event(AgentReady{}) {
				time.Sleep(time.Hour)
			}
		}
		equal(t, "events", events, 2)
	})
}

func TestStreamWithoutIdleTimeout(t *testing.T) {
	bubble(t, func(t *testing.T, dial dialer) {
		client := dial(func(w http.ResponseWriter, r *http.Request) {
			_ = sleep(r.Context(), 24*time.Hour)
			answer(200, "text/event-stream", "data: {\"event_type\":\"agent_finished\"}\n\n")(w, r)
		}, WithStreamIdleTimeout(0))
		stream, err := client.Conversations.Stream(t.Context(), "a1", "t1", "hello")
		if err != nil {
			t.Fatal(err)
		}
		for event, err := range stream.Events() {
			equal(t, "event", event, Event(AgentFinished{}))
			equal(t, "error", err, nil)
		}
	})
}

func TestRefusalThatIsNeverFinished(t *testing.T) {
	bubble(t, func(t *testing.T, dial dialer) {
		client := dial(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<html>")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, WithStreamIdleTimeout(time.Minute))
		_, err := client.Conversations.Stream(t.Context(), "a1", "t1", "hello")
		if !errors.Is(err, ErrStreamIdle) {
			t.Errorf("got %v, want ErrStreamIdle", err)
		}
	})
}

func TestStreamWithAnEventTooLarge(t *testing.T) {
	client := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: ")
		line := make([]byte, 1<<20)
		for i := range line {
			line[i] = 'x'
		}
		for range maxEventBytes/len(line) + 1 {
			_, _ = w.Write(line)
		}
	})
	stream, err := client.Conversations.Stream(t.Context(), "a1", "t1", "hello")
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range stream.Events() {
		if !errors.Is(err, ErrEventTooLarge) {
			t.Errorf("got %v, want ErrEventTooLarge", err)
		}
	}
}
