package restclient

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"testing"
)

// lists are all methods that walk a list.
func lists(ctx context.Context, c *Client) map[string]func(func(string, error) bool) {
	return map[string]func(func(string, error) bool){
		"Agents":             names(c.Agents.All(ctx, nil), agentID),
		"models of an agent": names(c.Agents.AllSemanticDataModels(ctx, "a1", nil), func(m SemanticDataModel) string { return m.ID }),
		"MCP servers of one": names(c.Agents.AllMCPServers(ctx, "a1", nil), func(m MCPServer) string { return m.ID }),
		"Schedules":          names(c.Schedules.All(ctx, "a1", nil), func(m Schedule) string { return m.ID }),
		"Files":              names(c.Conversations.AllFiles(ctx, "a1", "t1", nil), func(f File) string { return rawText(f.Extra["id"]) }),
		"DataFrames":         names(c.Conversations.AllDataFrames(ctx, "a1", "t1", nil), func(d DataFrame) string { return rawText(d.Extra["id"]) }),
		"WorkItems":          names(c.WorkItems.All(ctx, nil), func(w WorkItem) string { return rawText(w.Extra["id"]) }),
		"DataConnections":    names(c.DataConnections.All(ctx, nil), func(d DataConnection) string { return d.ID }),
		"semantic views": names(c.DataConnections.AllSemanticViews(ctx, "d1", nil), func(raw json.RawMessage) string {
			document, _ := parseDocument(raw)
			return objectOf(document).text("id")
		}),
		"SemanticDataModels": names(c.SemanticDataModels.All(ctx, nil), func(m SemanticDataModel) string { return m.ID }),
		"MCPServers":         names(c.MCPServers.All(ctx, nil), func(m MCPServer) string { return m.ID }),
	}
}

func names[T any](all func(func(T, error) bool), name func(T) string) func(func(string, error) bool) {
	return func(yield func(string, error) bool) {
		all(func(item T, err error) bool { return yield(name(item), err) })
	}
}

// threePages answers every list in both ways of the API, the second page empty.
func threePages(w http.ResponseWriter, r *http.Request) {
	query, _ := url.ParseQuery(r.URL.RawQuery)
	switch query.Get("next") + query.Get("offset") {
	case "":
		_, _ = io.WriteString(w, `{"data":[{"id":"1"},{"id":"2"}],"next":"2","has_more":true}`)
	case "2":
		_, _ = io.WriteString(w, `{"records":[],"next_offset":4}`)
	case "4":
		_, _ = io.WriteString(w, `{"data":[{"id":"3"}],"next":null,"has_more":false}`)
	}
}

func TestEveryListIsWalked(t *testing.T) {
	client := serve(t, threePages)
	same := func(text string) string { return text }
	for name, all := range lists(t.Context(), client) {
		for range 2 { // an iterator starts again
			got, err := walk(all, same)
			equal(t, name, got, "1 2 3")
			equal(t, name+": error", err, nil)
		}
		first := ""
		all(func(item string, _ error) bool { first += item; return false })
		equal(t, name+": left early", first, "1")
	}
}

func TestEveryListFailsOnPageTwo(t *testing.T) {
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("next")+r.URL.Query().Get("offset") != "" {
			w.WriteHeader(http.StatusForbidden)
		}
		threePages(w, r)
	})
	for name, all := range lists(t.Context(), client) {
		got, err := walk(all, func(text string) string { return text })
		equal(t, name, got, "1 2")
		if refused, ok := errors.AsType[*APIError](err); !ok || refused.StatusCode != http.StatusForbidden {
			t.Errorf("%s: got %v, want a 403", name, err)
		}
	}
}
