package contracttest_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"sema4mcp/internal/contracttest"
)

const (
	lifecycle = `"timestamp":"2026-07-02T09:15:30Z","run_id":"` + id + `","thread_id":"` + id + `","agent_id":"` + id + `"`
	ready     = "event: agent_ready\ndata: {\"event_type\":\"agent_ready\"," + lifecycle + "}\n\n"
	finished  = "event: agent_event\ndata: {\"event_type\":\"agent_finished\"," + lifecycle + "}\n\n"
	failed    = "event: agent_event\ndata: {\"event_type\":\"agent_error\"," + lifecycle +
		`,"error":{"error_id":"` + id + `","code":"unexpected","message":"No."}}` + "\n\n"
	comment = ": keep-alive\n\n"
)

func event(fields string) string {
	return "event: agent_event\ndata: {\"timestamp\":\"2026-07-02T09:15:30.5+00:00\"," + fields + "}\n\n"
}

func delta(operation string) string {
	return event(`"event_type":"message_content","sequence_number":1,"message_id":"` + id + `","delta":` + operation)
}

const streamRequest = "POST " + conversations + "/" + id + "/stream"

func TestStreams(t *testing.T) {
	for name, test := range map[string]struct {
		stream string
		says   []string
	}{
		"right":        {stream: ready + comment + delta(`{"op":"concat_string","path":"/content/0/text","value":"x"}`) + finished},
		"CRLF":         {stream: strings.ReplaceAll(ready+finished, "\n", "\r\n")},
		"run error":    {stream: ready + failed},
		"never begun":  {stream: comment + failed},
		"two lines":    {stream: ready + strings.Replace(finished, `,"thread_id"`, ",\ndata:\"thread_id\"", 1)},
		"other events": {stream: ready + event(`"event_type":"request_user_input","message":"?","timeout":3.5`) + finished},

		"missing field": {stream: ready + event(`"event_type":"message_end"`) + finished, says: []string{"(streamMessage)", "stream: event 2", "is missing"}},
		"wrong type":    {stream: ready + delta(`{"op":"add","path":7}`) + finished, says: []string{"event 2", "/delta/path", "string"}},
		"unknown op":    {stream: ready + delta(`{"op":"`+secret+`","path":"/x"}`) + finished, says: []string{"/delta/op", "allowed values"}},
		"unknown event": {stream: ready + event(`"event_type":"context_compacted"`) + finished, says: []string{`event 2: unknown event_type "context_compacted"`}},
		"no event type": {stream: ready + event(`"x":1`) + finished, says: []string{`unknown event_type ""`}},
		"not JSON":      {stream: ready + "event: agent_event\ndata: {" + secret + "\n\n" + finished, says: []string{"event 2: data is not a JSON object"}},
		"wrong name":    {stream: strings.Replace(ready, "event: agent_ready", "event: ready", 1) + finished, says: []string{"event 1", `under the name "ready"`}},
		"no name":       {stream: ready + strings.TrimPrefix(finished, "event: agent_event\n"), says: []string{"event 2", `under the name ""`}},
		"unknown line":  {stream: ready + "retry: 3\n" + finished, says: []string{"event 2 has a line that is neither event nor data"}},
		"ready twice":   {stream: ready + ready + finished, says: []string{"event 2: agent_ready in the wrong place"}},
		"not ready":     {stream: finished, says: []string{"event 1: agent_finished in the wrong place"}},
		"after the end": {stream: ready + finished + failed, says: []string{"event 3: agent_error after agent_finished"}},
		"no end":        {stream: ready, says: []string{"ended without agent_finished"}},
		"empty":         {stream: "", says: []string{"ended without agent_finished"}},
		"half an event": {stream: ready + finished + "event: agent_event\n", says: []string{"ended inside event 3"}},
		"half a line":   {stream: ready + finished + "da", says: []string{"ended inside event 3"}},
	} {
		t.Run(name, func(t *testing.T) {
			for place, put := range places {
				to := &recorder{}
				client, base := put(t, contracttest.New(to), piecemeal(test.stream))
				sample{request: streamRequest, body: `{"content":"x"}`, reply: test.stream}.send(t, client, base)
				if text := to.text(); len(test.says) == 0 && text != "" || strings.Count(text, "\n") > 0 {
					t.Errorf("%s: reports\n%s", place, text)
				} else {
					for _, part := range test.says {
						if !strings.Contains(text, part) || strings.Contains(text, secret) {
							t.Errorf("%s: the report %q does not say %q, or tells a secret", place, text, part)
						}
					}
				}
			}
		})
	}
}

// piecemeal sends a stream in pieces that end anywhere.
func piecemeal(stream string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		w.WriteHeader(http.StatusOK)
		for size, rest := 1, stream; rest != ""; size = size%7 + 1 {
			n := min(size, len(rest))
			_, _ = io.WriteString(w, rest[:n])
			rest = rest[n:]
		}
	})
}

// A stream that was cut is checked as far as it came, and no further.
func TestCutStream(t *testing.T) {
	for place, put := range places {
		for cut, says := range map[string][]string{
			ready + "event: agent_event\ndata: {": nil,
			ready + delta(`{"op":"x","path":""}`): {"event 2", "/delta/op"},
		} {
			to := &recorder{}
			client, base := put(t, contracttest.New(to), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				piecemeal(cut).ServeHTTP(w, r)
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			}))
			response := post(t, client, base+"/api/v2"+strings.TrimPrefix(streamRequest, "POST "), `{"content":"x"}`)
			if got, err := io.ReadAll(response.Body); err == nil || string(got) != cut {
				t.Errorf("%s: got %q, %v", place, got, err)
			}
			response.Body.Close()
			to.expect(t, says...)
		}
	}
}

// An event beyond the bound is passed over, the one after it is checked.
func TestLongEvent(t *testing.T) {
	long := event(`"event_type":"unknown","x":"` + strings.Repeat("x", 2<<20) + `"`)
	for place, put := range places {
		t.Run(place, func(t *testing.T) {
			to := &recorder{}
			stream := ready + long + event(`"event_type":"next"`) + finished
			client, base := put(t, contracttest.New(to), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				w.Header().Set("Content-Type", "text/event-stream")
				_, _ = io.WriteString(w, stream)
			}))
			sample{request: streamRequest, body: `{"content":"x"}`, reply: stream}.send(t, client, base)
			to.expect(t, `event 3: unknown event_type "next"`)
		})
	}
}

// Events pass when they are sent, not when the stream ends, and a reader that goes
// away is felt on the other side.
func TestStreamsAreNotHeldUp(t *testing.T) {
	for place, put := range places {
		t.Run(place, func(t *testing.T) {
			to := &recorder{}
			t.Cleanup(func() { to.expect(t) }) // after the server has come to its end
			gone := make(chan struct{})
			client, base := put(t, contracttest.New(to), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				w.Header().Set("Content-Type", "text/event-stream")
				_, _ = io.WriteString(w, ready)
				if err := http.NewResponseController(w).Flush(); err != nil {
					t.Errorf("flush: %v", err)
				}
				<-r.Context().Done()
				close(gone)
			}))
			response := post(t, client, base+"/api/v2"+strings.TrimPrefix(streamRequest, "POST "), `{"content":"x"}`)
			got := make([]byte, len(ready))
			if _, err := io.ReadFull(response.Body, got); err != nil || string(got) != ready {
				t.Errorf("got %q, %v", got, err)
			}
			response.Body.Close()
			<-gone
		})
	}
}

// The streams that the client's tests are made of are those of the contract, but
// for what real servers leave out.
func TestExampleOfTheReference(t *testing.T) {
	data, err := os.ReadFile("../../testdata/streams/answer.sse")
	if err != nil {
		t.Fatal(err)
	}
	stream := string(data)
	for short := range map[string]bool{"r1": true, "t1": true, "a1": true, "m2": true} {
		stream = strings.ReplaceAll(stream, fmt.Sprintf("%q", short), fmt.Sprintf("%q", id))
	}
	to := &recorder{}
	client, base := places["handler"](t, contracttest.New(to), piecemeal(stream))
	sample{request: streamRequest, body: `{"content":"x"}`, reply: stream}.send(t, client, base)
	to.expect(t)
}
