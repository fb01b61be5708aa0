package openaichat_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"sema4mcp/internal/localtenant/minds/openaichat"
	"sema4mcp/internal/testllm"
)

func TestResultsOfTools(t *testing.T) {
	attached := []openaichat.Server{{Name: "s", URL: served(t, toolServer(), nil)}}
	for _, test := range []struct{ tool, arguments, want string }{
		{"refuse", `{}`, "fail refuse: not today"},
		{"break", `{}`, "fail break: The MCP server “s” gave no result: internal error: it broke."},
		{"mixed", `{}`, "finish mixed: one\n\n[image]\n\n[audio]\n\n[file x.txt: file://x]\n\ninside\n\n[content that is no text]"},
		{"structured", `{}`, `finish structured: {"n":1}`},
		{"nothing", `{}`, "finish nothing: (no content)"},
		{"endless", `{}`, "finish endless: " + strings.Repeat("é", 100_000) + "\n[The rest is left out.]"},
		{"repeat", `{"text":`, `fail repeat: The arguments are not a JSON object: {"text":`},
		{"raw", `{}`, "finish raw: ok"},
		{"spaced_out_tool", `{}`, "finish spaced_out_tool: ok"},
		{"no_such", `{}`, `fail no_such: There is no tool called "no_such". The tools are: break, directory, endless,`},
	} {
		out, _ := calling(t, attached, "a", test.tool, test.arguments)
		if !strings.Contains(out.String(), test.want) {
			t.Errorf("%s: got %.300s", test.tool, out)
		}
	}
}

func TestNamesOfTools(t *testing.T) {
	named := func(names ...string) *server.MCPServer {
		s := server.NewMCPServer("s", "1", server.WithPaginationLimit(3))
		for _, name := range names {
			s.AddTool(mcp.NewTool(name, mcp.WithDescription(strings.Repeat("d", 2000))), func(context.Context, callRequest) (*callResult, error) {
				return mcp.NewToolResultText("I am " + name), nil
			})
		}
		return s
	}
	long := strings.Repeat("x", 80)
	model := testllm.Start(t, testllm.CallsTools("a", "crm_search", "{}", "b", "wiki_search", "{}", "c", strings.Repeat("x", 62)+"_2", "{}"), testllm.Says("done"))
	out := answer(t, configured(model,
		openaichat.Server{Name: "crm", URL: served(t, named("search", "list", "größe", long+"1", long+"2"), nil)},
		openaichat.Server{Name: "wiki", URL: served(t, named("search", "…"), nil)}), "hello")
	var names []string
	for _, tool := range model.Requests()[0].Tools {
		names = append(names, tool.Function.Name)
		if len(tool.Function.Description) > 1026 || !strings.Contains(string(tool.Function.Parameters), `"type":"object"`) || !strings.Contains(string(tool.Function.Parameters), `"properties":{}`) {
			t.Errorf("the tool %+v", tool)
		}
	}
	slices.Sort(names)
	want := []string{"_", "crm_" + strings.Repeat("x", 60), "crm_" + strings.Repeat("x", 58) + "_2", "crm_search", "gr_e", "list", "wiki_search"}
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("names %q, want %q", names, want)
	}
	for _, result := range []string{"finish crm_search: I am search", "finish wiki_search: I am search"} {
		if !strings.Contains(out.String(), result) {
			t.Errorf("no %q in %s", result, out)
		}
	}
}

func TestMoreToolsThanAModelTakes(t *testing.T) {
	s := server.NewMCPServer("s", "1")
	for i := range 130 {
		s.AddTool(mcp.NewTool("tool"+string(rune('a'+i%26))+string(rune('a'+i/26))), nil)
	}
	model := testllm.Start(t, testllm.Says("Hi"))
	out := answer(t, configured(model, openaichat.Server{Name: "s", URL: served(t, s, nil)}), "hello")
	if got := len(model.Requests()[0].Tools); got != 128 || !strings.Contains(out.String(), "without the last 2") {
		t.Errorf("%d tools, %s", got, out)
	}
}

// Calls run beside each other, but for a server that forces them into a row.
func TestCallsBesideEachOther(t *testing.T) {
	for name, serial := range map[string]bool{"parallel": false, "serial": true} {
		t.Run(name, func(t *testing.T) {
			var running, most atomic.Int32
			both := make(chan struct{})
			s := server.NewMCPServer("s", "1")
			s.AddTool(mcp.NewTool("wait"), func(ctx context.Context, _ callRequest) (*callResult, error) {
				now := running.Add(1)
				defer running.Add(-1)
				most.Store(max(most.Load(), now))
				if now == 2 {
					close(both)
				}
				if !serial {
					select {
					case <-both:
					case <-ctx.Done():
					}
				}
				return mcp.NewToolResultText("waited"), nil
			})
			out, model := calling(t, []openaichat.Server{{Name: "s", URL: served(t, s, nil), ForceSerial: serial}}, "a", "wait", "{}", "b", "wait", "{}")
			want := int32(2)
			if serial {
				want = 1
				if !strings.Contains(out.String(), "start wait\nfinish wait: waited\nstart wait\nfinish wait: waited") {
					t.Errorf("got %s", out)
				}
			}
			if most.Load() != want || strings.Count(out.String(), "finish wait: waited") != 2 {
				t.Errorf("%d at once: %s", most.Load(), out)
			}
			messages := model.Requests()[1].Messages
			if messages[3].ToolCallID != "a" || messages[4].ToolCallID != "b" {
				t.Errorf("the model was told %+v", messages)
			}
		})
	}
}

// Stopping the agent stops its tools and programs at once.
func TestCancellingACall(t *testing.T) {
	stopped := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := server.NewMCPServer("s", "1")
	s.AddTool(mcp.NewTool("wait"), func(ctx context.Context, _ callRequest) (*callResult, error) {
		cancel()
		<-ctx.Done()
		close(stopped)
		return nil, ctx.Err()
	})
	model := testllm.Start(t, testllm.CallsTools("a", "wait", "{}"))
	config := configured(model, openaichat.Server{Name: "s", URL: served(t, s, nil)}, command(t, "tools"))
	if err := newMind(t, config).Answer(ctx, turn("hello"), &recorder{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	<-stopped
}
