package mcpserver_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"sema4mcp/bridge"
	"sema4mcp/mcpserver"
)

// BenchmarkMessage is one message call that is answered in 20 deltas, once
// through the whole server and once through the thinnest gateway one could
// write: no runs, no eras, no progress, nothing checked. Both talk to the same
// upstream, which answers at once from memory, so the figures are the front's
// own cost. Run it with
//
//	go test ./mcpserver -run '^$' -bench Message -benchmem
func BenchmarkMessage(b *testing.B) {
	upstream := httptest.NewServer(cannedTenant())
	b.Cleanup(upstream.Close)
	server, err := mcpserver.New(mcpserver.Config{BaseURL: upstream.URL, Bridge: bridge.Config{Logger: zerolog.Nop()}, Logger: zerolog.Nop()})
	if err != nil {
		b.Fatal(err)
	}
	whole := serverOf(b, server)
	thin := httptest.NewServer(thinGateway(upstream.URL))
	b.Cleanup(thin.Close)
	b.Run("server/json", func(b *testing.B) { message(b, whole.URL+agentPath("bench"), "application/json") })
	b.Run("server/sse", func(b *testing.B) { message(b, whole.URL+agentPath("bench"), accepting) })
	b.Run("thin", func(b *testing.B) { message(b, thin.URL, "application/json") })
}

func message(b *testing.B, url, accept string) {
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		body := callBody(i, "message_bench_agent", ask(fmt.Sprint("question ", i), "bench"))
		request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, url, strings.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer key")
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Accept", accept)
		response, err := client.Do(request)
		if err != nil {
			b.Fatal(err)
		}
		answer, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || !bytes.Contains(answer, []byte(strings.Repeat("word ", 19)+"word")) {
			b.Fatalf("got %s, %v", answer, err)
		}
	}
}

// cannedTenant knows one agent with one conversation that is always empty, and
// answers each message with the same 20 deltas.
func cannedTenant() http.Handler {
	var stream bytes.Buffer
	event := func(name, data string) { fmt.Fprintf(&stream, "event: %s\ndata: %s\n\n", name, data) }
	event("agent_ready", `{"event_type":"agent_ready","run_id":"r","thread_id":"t","agent_id":"bench"}`)
	event("agent_event", `{"event_type":"message_begin","sequence_number":0,"message_id":"m","data":{}}`)
	event("agent_event", `{"event_type":"message_content","sequence_number":1,"message_id":"m","delta":{"op":"add","path":"/content","value":[{"kind":"text","content_id":"c","text":""}]}}`)
	for i := range 20 {
		event("agent_event", fmt.Sprintf(`{"event_type":"message_content","sequence_number":%d,"message_id":"m","delta":{"op":"concat_string","path":"/content/0/text","value":"word "}}`, i+2))
	}
	event("agent_event", `{"event_type":"message_end","sequence_number":30,"message_id":"m","data":{}}`)
	event("agent_event", `{"event_type":"agent_finished","run_id":"r","thread_id":"t","agent_id":"bench"}`)
	mux := http.NewServeMux()
	page := func(path, body string) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, body)
		})
	}
	page("/agents/bench", `{"id":"bench","name":"Bench"}`)
	page("/agents/bench/conversations", `{"next":null,"has_more":false,"data":[{"id":"t","name":"bench","agent_id":"bench"}]}`)
	page("/agents/bench/conversations/t/messages", `{"next":null,"has_more":false,"data":[]}`)
	mux.HandleFunc("POST /agents/bench/conversations/t/stream", func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		w.Write(stream.Bytes())
	})
	return mux
}

// thinGateway passes one message to the stream and joins the text of its deltas.
func thinGateway(upstream string) http.Handler {
	client := &http.Client{Transport: &http.Transport{}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var call struct {
			ID     json.RawMessage
			Params struct{ Arguments struct{ Message string } }
		}
		if json.NewDecoder(r.Body).Decode(&call) != nil {
			http.Error(w, "bad request", http.StatusBadRequest)
			return
		}
		content, _ := json.Marshal(map[string]string{"content": call.Params.Arguments.Message})
		request, _ := http.NewRequestWithContext(r.Context(), http.MethodPost, upstream+"/agents/bench/conversations/t/stream", bytes.NewReader(content))
		request.Header.Set("Authorization", r.Header.Get("Authorization"))
		response, err := client.Do(request)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer response.Body.Close()
		var text strings.Builder
		for lines := bufio.NewScanner(response.Body); lines.Scan(); {
			data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
			var event struct{ Delta struct{ Value any } }
			if ok && json.Unmarshal(data, &event) == nil {
				if piece, ok := event.Delta.Value.(string); ok {
					text.WriteString(piece)
				}
			}
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{"jsonrpc": "2.0", "id": call.ID, "result": map[string]any{
			"content": []any{map[string]string{"type": "text", "text": text.String()}}}})
	})
}
