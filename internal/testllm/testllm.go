// Package testllm is a language model that says what a test tells it to, behind
// an endpoint compatible with OpenAI's chat completions. Nothing but tests may
// import it.
package testllm

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// Model is a server that lives as long as a test. Each request gets the next
// answer; one for which none is left fails the test.
type Model struct {
	// URL is the base of its API.
	URL string

	t        testing.TB
	mu       sync.Mutex // guards what follows
	answers  []Answer
	requests []Request
}

// Answer answers one request.
type Answer func(w http.ResponseWriter, r *http.Request)

// Request is what was asked.
type Request struct {
	Path     string      `json:"-"`
	Header   http.Header `json:"-"`
	Model    string
	Stream   bool
	Messages []Message
	Tools    []struct {
		Function struct {
			Name, Description string
			Parameters        json.RawMessage
		}
	}
}

// Message is one of a request.
type Message struct {
	Role       string
	Content    string
	ToolCallID string `json:"tool_call_id"`
	ToolCalls  []Call `json:"tool_calls"`
}

// Call is a tool call.
type Call struct {
	ID       string `json:"id"`
	Function struct {
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	} `json:"function"`
}

// Start starts a model with its answers.
func Start(t testing.TB, answers ...Answer) *Model {
	m := &Model{t: t, answers: answers}
	server := httptest.NewServer(m)
	m.URL = server.URL + "/v1"
	t.Cleanup(server.Close)
	return m
}

// ServeHTTP is of [http.Handler].
func (m *Model) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	request := Request{Path: r.URL.RequestURI(), Header: r.Header.Clone()}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		m.t.Errorf("a request that cannot be read: %v", err)
	}
	m.mu.Lock()
	m.requests = append(m.requests, request)
	var answer Answer
	if len(m.answers) > 0 {
		answer, m.answers = m.answers[0], m.answers[1:]
	}
	m.mu.Unlock()
	if answer == nil {
		m.t.Errorf("a request too many: %+v", request)
		http.Error(w, "no answer is left", http.StatusTeapot)
		return
	}
	answer(w, r)
}

// Requests are those so far.
func (m *Model) Requests() []Request {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]Request(nil), m.requests...)
}

// Says streams a text in these pieces.
func Says(pieces ...string) Answer {
	return func(w http.ResponseWriter, _ *http.Request) {
		for _, piece := range pieces {
			Delta(w, object{"content": piece})
		}
		Finish(w, "stop")
	}
}

// CallsTools streams tool calls given as id, name, arguments, id, … : in pieces,
// each by the index of its call.
func CallsTools(triples ...string) Answer {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(triples); i += 3 {
			index, arguments := i/3, []rune(triples[i+2]) // never half a character
			half := len(arguments) / 2
			Delta(w, object{"tool_calls": []object{{"index": index, "id": triples[i], "type": "function", "function": object{"name": triples[i+1], "arguments": ""}}}})
			Delta(w, object{"tool_calls": []object{{"index": index, "function": object{"arguments": string(arguments[:half])}}}})
			Delta(w, object{"tool_calls": []object{{"index": index, "function": object{"arguments": string(arguments[half:])}}}})
		}
		Finish(w, "tool_calls")
	}
}

// Raw answers with a body as it stands, of this status and content type.
func Raw(status int, contentType, body string) Answer {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// Stream streams a body of server-sent events as it stands.
func Stream(body string) Answer { return Raw(http.StatusOK, "text/event-stream", body) }

type object = map[string]any

// Delta streams one piece of an answer at once.
func Delta(w http.ResponseWriter, delta map[string]any) {
	event(w, object{"choices": []object{{"index": 0, "delta": delta, "finish_reason": nil}}})
}

// Finish ends a stream, with an event about its cost between.
func Finish(w http.ResponseWriter, reason string) {
	event(w, object{"choices": []object{{"index": 0, "delta": object{}, "finish_reason": reason}}})
	event(w, object{"choices": []object{}, "usage": object{"total_tokens": 7}})
	_, _ = fmt.Fprint(w, "data: [DONE]\n\n")
}

func event(w http.ResponseWriter, data object) {
	encoded, err := json.Marshal(data)
	if err != nil {
		panic("testllm: " + err.Error())
	}
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = fmt.Fprintf(w, "data: %s\n\n", encoded)
	w.(http.Flusher).Flush()
}
