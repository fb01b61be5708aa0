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

func TestProgramsMustBeAllowed(t *testing.T) {
	model := testllm.Start(t, testllm.Says("Hi"))
	config := configured(model, command(t, "tools"))
	config.AllowCommands = false
	out := answer(t, config, "hello")
	if !strings.Contains(out.String(), "set SEMA4_LOCAL_MCP_COMMANDS=1") || len(model.Requests()[0].Tools) != 0 {
		t.Errorf("got %s", out)
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
	if !strings.Contains(out.String(), "“broken” cannot be used: request failed with status 500: not today.") {
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
			if err := r.Context().Err(); err != nil {
				return nil, err
			}
			return answered.Result(), nil
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
