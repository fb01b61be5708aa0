package openaichat_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"sema4mcp/internal/localtenant/minds/openaichat"
	"sema4mcp/internal/testllm"
)

type (
	callRequest = mcp.CallToolRequest
	callResult  = mcp.CallToolResult
)

// toolServer is an MCP server with a tool for each thing tools do.
func toolServer() *server.MCPServer {
	s := server.NewMCPServer("tools", "1")
	add := func(name string, handle func(ctx context.Context, r callRequest) (*callResult, error)) {
		s.AddTool(mcp.NewTool(name, mcp.WithDescription("does "+name), mcp.WithString("text", mcp.Required())), handle)
	}
	give := func(content ...mcp.Content) func(context.Context, callRequest) (*callResult, error) {
		return func(context.Context, callRequest) (*callResult, error) { return &callResult{Content: content}, nil }
	}
	add("repeat", func(_ context.Context, r callRequest) (*callResult, error) {
		return mcp.NewToolResultText(r.GetString("text", "") + "!"), nil
	})
	add("refuse", func(context.Context, callRequest) (*callResult, error) {
		return mcp.NewToolResultError("not today"), nil
	})
	add("break", func(context.Context, callRequest) (*callResult, error) { return nil, errors.New("it broke") })
	add("mixed", give(mcp.NewTextContent("one"), mcp.NewImageContent("AA==", "image/png"), mcp.NewAudioContent("AA==", "audio/wav"),
		mcp.NewResourceLink("file://x", "x.txt", "", "text/plain"), mcp.NewEmbeddedResource(mcp.TextResourceContents{URI: "a", Text: "inside"}),
		mcp.NewEmbeddedResource(mcp.BlobResourceContents{URI: "b", Blob: "AA=="})))
	add("structured", func(context.Context, callRequest) (*callResult, error) {
		return &callResult{Content: []mcp.Content{}, StructuredContent: map[string]any{"n": 1}}, nil
	})
	add("nothing", give())
	add("endless", give(mcp.NewTextContent(strings.Repeat("é", 200_000))))
	add("environment", give(mcp.NewTextContent(strings.Join(os.Environ(), "\n"))))
	add("directory", func(context.Context, callRequest) (*callResult, error) {
		here, err := os.Getwd()
		return mcp.NewToolResultText(here), err
	})
	s.AddTool(mcp.NewToolWithRawSchema("raw", "", json.RawMessage(`{}`)), give(mcp.NewTextContent("ok")))
	add("spaced out/tool", give(mcp.NewTextContent("ok")))
	return s
}

// served puts a server behind streamable HTTP and gives its address; requests
// are shown to look first.
func served(t *testing.T, s *server.MCPServer, look func(*http.Request)) string {
	t.Helper()
	handler := server.NewStreamableHTTPServer(s)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if look != nil {
			look(r)
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(web.Close)
	return web.URL + "/mcp"
}

func servedBySSE(t *testing.T, s *server.MCPServer) string {
	t.Helper()
	handler := server.NewSSEServer(s)
	web := httptest.NewServer(handler)
	t.Cleanup(web.Close)
	return web.URL + "/sse"
}

func command(t *testing.T, as string) openaichat.Server {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return openaichat.Server{Name: "program", Transport: "stdio", Command: program, Env: map[string]string{beServer: as}}
}

// calling lets the model make these calls, then answer; what happened is given.
func calling(t *testing.T, servers []openaichat.Server, triples ...string) (*recorder, *testllm.Model) {
	t.Helper()
	model := testllm.Start(t, testllm.CallsTools(triples...), testllm.Says("done"))
	return answer(t, configured(model, servers...), "go"), model
}
