package openaichat_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

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

func TestEveryTransport(t *testing.T) {
	tools := toolServer()
	for name, attached := range map[string]openaichat.Server{
		"streamable-http": {Name: "s", Transport: "streamable-http", URL: served(t, tools, nil)},
		"sse":             {Name: "s", Transport: "sse", URL: servedBySSE(t, tools)},
		"stdio":           command(t, "tools"),
		"auto, HTTP":      {Name: "s", Transport: "auto", URL: served(t, tools, nil)},
		"auto, SSE":       {Name: "s", Transport: "auto", URL: servedBySSE(t, tools)},
		"auto, command":   {Name: "s", Command: command(t, "tools").Command, Env: map[string]string{beServer: "tools"}},
	} {
		t.Run(name, func(t *testing.T) {
			out, model := calling(t, []openaichat.Server{attached}, "a", "repeat", `{"text":"hello"}`)
			want := "call repeat {\"text\":\"hello\"}\nstart repeat\nfinish repeat: hello!\ntext done"
			if out.String() != want {
				t.Errorf("got\n%s\nwant\n%s", out, want)
			}
			messages := model.Requests()[1].Messages
			if last := messages[len(messages)-1]; last.Role != "tool" || last.ToolCallID != "a" || last.Content != "hello!" {
				t.Errorf("the model was told %+v", last)
			}
		})
	}
}

func TestResultsOfTools(t *testing.T) {
	attached := []openaichat.Server{{Name: "s", URL: served(t, toolServer(), nil)}}
	for _, test := range []struct{ tool, arguments, want string }{
		{"refuse", `{}`, "fail refuse: not today"},
		{"break", `{}`, "fail break: The MCP server “s” gave no result: internal error: it broke."},
		{"mixed", `{}`, "finish mixed: one\n\n[image]\n\n[audio]\n\n[file x.txt: file://x]\n\ninside\n\n[file]"},
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

// Programs get what they need to run and what the server is set up with, and none
// of the keys around them.
func TestProgramsAndTheirSurroundings(t *testing.T) {
	t.Setenv("SEMA4_API_KEY", "planted-in-the-environment")
	attached := command(t, "tools")
	attached.Cwd = t.TempDir()
	attached.Env["CRM_TOKEN"], attached.Env["REGION"] = "planted-token", "emea"
	out, _ := calling(t, []openaichat.Server{attached}, "a", "environment", "{}", "b", "directory", "{}")
	got := out.String()
	for _, there := range []string{"PATH=", "REGION=emea", "CRM_TOKEN=***", "finish directory: " + attached.Cwd} {
		if !strings.Contains(got, there) {
			t.Errorf("%q is not in %s", there, got)
		}
	}
	if strings.Contains(got, "planted") {
		t.Errorf("a secret is shown: %s", got)
	}
}

func TestHeadersOfTheServer(t *testing.T) {
	var seen atomic.Pointer[http.Header]
	attached := openaichat.Server{Name: "s", URL: served(t, toolServer(), func(r *http.Request) {
		header := r.Header.Clone()
		seen.Store(&header)
	}), Headers: map[string]string{"Authorization": "Bearer planted", "X-Team": "blue"}}
	calling(t, []openaichat.Server{attached}, "a", "repeat", `{"text":"x"}`)
	header := *seen.Load()
	if header.Get("Authorization") != "Bearer planted" || header.Get("X-Team") != "blue" {
		t.Errorf("the headers are %v", header)
	}
	data, err := base64.StdEncoding.DecodeString(header.Get("X-Tool-Invocation-Context"))
	if err != nil {
		t.Fatal(err)
	}
	var invocation map[string]string
	if err := json.Unmarshal(data, &invocation); err != nil {
		t.Fatal(err)
	}
	if len(invocation) != 4 || invocation["agent_id"] != "agent-1" || invocation["thread_id"] != "thread-1" || invocation["run_id"] != "run-1" || invocation["tenant_id"] != "local" {
		t.Errorf("the context is %v", invocation)
	}
}

// A redirect to another host gets neither keys nor requests.
func TestARedirectElsewhere(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("a request went elsewhere: %v", r.Header)
	}))
	t.Cleanup(elsewhere.Close)
	there := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	t.Cleanup(there.Close)
	model := testllm.Start(t, testllm.Says("Hi"))
	out := answer(t, configured(model, openaichat.Server{Name: "s", URL: there.URL, Headers: map[string]string{"X-Api-Key": "planted"}}), "hello")
	if !strings.Contains(out.String(), "“s” cannot be used") {
		t.Errorf("got %s", out)
	}
}

func TestServersThatCannotBeUsed(t *testing.T) {
	raw := func(code int, body string) string {
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			_, _ = w.Write([]byte(body))
		}))
		t.Cleanup(web.Close)
		return web.URL + "/?token=planted-7"
	}
	missing := openaichat.Server{Transport: "stdio", Command: "/no/such/program"}
	for name, test := range map[string]struct {
		server openaichat.Server
		says   string
	}{
		"nobody listens":       {openaichat.Server{URL: "http://127.0.0.1:1/mcp?token=planted-7"}, "connection refused"},
		"401":                  {openaichat.Server{URL: raw(401, "")}, "refuses the key, or wants one (status 401)"},
		"401 by SSE":           {openaichat.Server{Transport: "sse", URL: raw(401, "")}, "refuses the key, or wants one (status 401)"},
		"404":                  {openaichat.Server{URL: raw(404, "")}, "there is no MCP server of this transport at its URL"},
		"500":                  {openaichat.Server{URL: raw(500, "planted-7 broke"), Headers: map[string]string{"X-Key": "planted-7"}}, "status 500: *** broke"},
		"no MCP":               {openaichat.Server{URL: raw(200, "<html>")}, "unexpected content type"},
		"no MCP by SSE":        {openaichat.Server{Transport: "sse", URL: raw(503, "")}, "unexpected status code: 503"},
		"no URL":               {openaichat.Server{Transport: "streamable-http"}, "it has no URL"},
		"no command":           {openaichat.Server{}, "it has neither a URL nor a command"},
		"no such program":      {missing, "no such file or directory"},
		"program that ends":    {command(t, "end"), "its command ended, or the connection was cut"},
		"an unknown transport": {openaichat.Server{Transport: "pigeon", URL: "http://127.0.0.1:1"}, `no transport is called "pigeon"`},
	} {
		t.Run(name, func(t *testing.T) {
			test.server.Name = "broken"
			model := testllm.Start(t, testllm.CallsTools("a", "repeat", `{"text":"x"}`), testllm.Says("done"))
			out := answer(t, configured(model, test.server, openaichat.Server{Name: "good", URL: served(t, toolServer(), nil)}), "hello")
			if !strings.Contains(out.String(), "think The MCP server “broken” cannot be used: ") || !strings.Contains(out.String(), test.says) {
				t.Errorf("got %s", out)
			}
			if !strings.Contains(out.String(), "finish repeat: x!") {
				t.Errorf("the other server was not used: %s", out)
			}
			system := model.Requests()[0].Messages[0].Content
			if !strings.Contains(system, "cannot be used now: broken. ") || strings.Contains(out.String()+system, "planted") {
				t.Errorf("the model was told %q, the user %s", system, out)
			}
		})
	}
}

// A server may have prompts or resources alone: that is no reason to complain.
func TestAServerWithoutTools(t *testing.T) {
	model := testllm.Start(t, testllm.Says("Hi"))
	out := answer(t, configured(model, openaichat.Server{Name: "s", URL: served(t, server.NewMCPServer("s", "1"), nil)}), "hello")
	if out.String() != "text Hi" {
		t.Errorf("got %s", out)
	}
}

func TestAServerThatCannotListItsTools(t *testing.T) {
	handler := server.NewStreamableHTTPServer(toolServer())
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || bytes.Contains(body, []byte("tools/list")) {
			http.Error(w, "not today", http.StatusInternalServerError)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		handler.ServeHTTP(w, r)
	}))
	defer web.Close()
	model := testllm.Start(t, testllm.Says("Hi"))
	out := answer(t, configured(model, openaichat.Server{Name: "broken", URL: web.URL}), "hello")
	if !strings.Contains(out.String(), "“broken” cannot be used: transport error: request failed with status 500: not today.") {
		t.Errorf("got %s", out)
	}
}

// Servers and tools that take for ever are given up.
func TestServersThatTakeForEver(t *testing.T) {
	forEver := func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	s := server.NewMCPServer("s", "1")
	s.AddTool(mcp.NewTool("wait"), func(ctx context.Context, _ callRequest) (*callResult, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	handler := server.NewStreamableHTTPServer(s)
	for name, test := range map[string]struct {
		mcp   roundTripper
		says  string
		takes time.Duration
	}{
		"the server": {forEver, "“s” cannot be used: it did not answer in time", 30 * time.Second},
		"the tool": {func(r *http.Request) (*http.Response, error) {
			answered := httptest.NewRecorder()
			handler.ServeHTTP(answered, r)
			return answered.Result(), r.Context().Err()
		}, "fail wait: The MCP server “s” gave no result: it did not answer in time.", 10 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				call := `data: {"choices":[{"delta":{"tool_calls":[{"id":"a","function":{"name":"wait"}}]}}]}` + "\n\ndata: [DONE]\n\n"
				model := &fakeNetwork{answers: []func(*http.Request) (*http.Response, error){
					status(http.StatusOK, nil, strings.NewReader(call)), status(http.StatusOK, nil, strings.NewReader(hi+"data: [DONE]\n\n")),
				}}
				config := openaichat.Config{URL: "http://model.example/v1", Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
					if r.URL.Host == "model.example" {
						return model.RoundTrip(r)
					}
					return test.mcp(r)
				}), Servers: func(context.Context, string) ([]openaichat.Server, error) {
					return []openaichat.Server{{Name: "s", URL: "http://tools.example/mcp"}}, nil
				}}
				begun := time.Now()
				var out recorder
				if err := newMind(t, config).Answer(t.Context(), turn("hello"), &out); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(begun); took != test.takes || !strings.Contains(out.String(), test.says) {
					t.Errorf("after %v got %s", took, &out)
				}
			})
		})
	}
}

// A session of the older protocol is ended with its headers; not when the agent
// was stopped, which must not wait for servers.
func TestSessionsAreEnded(t *testing.T) {
	for name, stopped := range map[string]bool{"well": false, "stopped": true} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			s := server.NewMCPServer("s", "1")
			s.AddTool(mcp.NewTool("x"), func(context.Context, callRequest) (*callResult, error) {
				if stopped {
					cancel()
				}
				return mcp.NewToolResultText("ok"), nil
			})
			handler := server.NewStreamableHTTPServer(s, server.WithStateful(true), server.WithStreamableHTTPProtocolVersions("2025-11-25"))
			var ended atomic.Int32
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodDelete && r.Header.Get("Authorization") == "Bearer planted" {
					ended.Add(1)
				}
				handler.ServeHTTP(w, r)
			}))
			defer web.Close()
			answers := []testllm.Answer{testllm.CallsTools("a", "x", "{}")}
			if !stopped {
				answers = append(answers, testllm.Says("done"))
			}
			config := configured(testllm.Start(t, answers...), openaichat.Server{Name: "s", URL: web.URL, Headers: map[string]string{"Authorization": "Bearer planted"}})
			err := newMind(t, config).Answer(ctx, turn("hello"), &recorder{})
			if errors.Is(err, context.Canceled) != stopped || (ended.Load() == 0) != stopped {
				t.Errorf("error %v, %d sessions ended", err, ended.Load())
			}
		})
	}
}

func TestProgramsMustBeAllowed(t *testing.T) {
	model := testllm.Start(t, testllm.Says("Hi"))
	config := configured(model, command(t, "tools"))
	config.AllowCommands = false
	out := answer(t, config, "hello")
	if !strings.Contains(out.String(), "set SEMA4_LOCAL_MCP_COMMANDS=1") || len(model.Requests()[0].Tools) != 0 {
		t.Errorf("got %s", out)
	}
}

// A server that goes away in the middle ends its calls, not the turn.
func TestAServerThatGoesAway(t *testing.T) {
	var web *httptest.Server
	s := server.NewMCPServer("s", "1")
	s.AddTool(mcp.NewTool("leave"), func(context.Context, callRequest) (*callResult, error) {
		web.CloseClientConnections()
		return mcp.NewToolResultText("too late"), nil
	})
	for kind, handler := range map[string]http.Handler{"sse": server.NewSSEServer(s), "streamable-http": server.NewStreamableHTTPServer(s)} {
		web = httptest.NewServer(handler)
		out, _ := calling(t, []openaichat.Server{{Name: "s", Transport: kind, URL: web.URL + "/sse"}}, "a", "leave", "{}")
		web.Close()
		if !strings.Contains(out.String(), "fail leave: The MCP server “s” gave no result: ") || !strings.HasSuffix(out.String(), "text done") {
			t.Errorf("%s: got %s", kind, out)
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

func TestCancellingWhileConnecting(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	web := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	defer web.Close()
	config := configured(testllm.Start(t), openaichat.Server{Name: "s", Transport: "sse", URL: web.URL})
	if err := newMind(t, config).Answer(ctx, turn("hello"), &recorder{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
