package openaichat_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sema4mcp/internal/localtenant/minds/openaichat"
	"sema4mcp/internal/localtenant/thread"
	"sema4mcp/internal/testllm"
)

const (
	asJSON = "application/json"
	hi     = `data: {"choices":[{"delta":{"content":"Hi"}}]}` + "\n\n"
)

// Each fault of an endpoint says what to do about it.
func TestFaultsOfTheEndpoint(t *testing.T) {
	reset := func(w http.ResponseWriter, _ *http.Request) {
		testllm.Delta(w, map[string]any{"content": "Hi"})
		panic(http.ErrAbortHandler)
	}
	for name, test := range map[string]struct {
		answer testllm.Answer
		says   []string
	}{
		"401":            {testllm.Raw(http.StatusUnauthorized, asJSON, `{"error":{"message":"Incorrect API key provided: `+key+`","code":"invalid_api_key"}}`), []string{"refuses the key (status 401: Incorrect API key provided: ***)", "Check SEMA4_LOCAL_LLM_KEY"}},
		"403":            {testllm.Raw(http.StatusForbidden, "text/html", `<html>no</html>`), []string{"refuses the key (status 403)"}},
		"404 model":      {testllm.Raw(http.StatusNotFound, asJSON, `{"error":{"message":"model not found","type":"x"}}`), []string{`does not know the model "test-model" (status 404: model not found)`, "SEMA4_LOCAL_LLM_MODEL", "SEMA4_LOCAL_LLM_URL"}},
		"400":            {testllm.Raw(http.StatusBadRequest, asJSON, `{"error":"it does not\n support tools"}`), []string{"refuses the request (status 400: it does not support tools)", "SEMA4_LOCAL_LLM_MODEL", "begin a new one"}},
		"400, another":   {testllm.Raw(http.StatusBadRequest, asJSON, `{"object":"error","message":"too long","code":400}`), []string{"(status 400: too long)"}},
		"422":            {testllm.Raw(http.StatusUnprocessableEntity, asJSON, `{"detail":[{"text":"field x"}]}`), []string{"(status 422: field x)"}},
		"400, odd":       {testllm.Raw(http.StatusBadRequest, asJSON, `{"error":{"message":{"a":1}}}`), []string{"(status 400: no reason given)"}},
		"400, much":      {testllm.Raw(http.StatusBadRequest, asJSON, `{"error":"`+strings.Repeat("é", 5000)+`"}`), []string{strings.Repeat("é", 300) + "…)"}},
		"429, no credit": {testllm.Raw(http.StatusTooManyRequests, asJSON, `{"error":{"message":"no credit","code":"insufficient_quota"}}`), []string{"takes no more requests now (status 429: no credit)", "check the account's limits"}},
		"500":            {testllm.Raw(http.StatusInternalServerError, "text/plain", `it broke`), []string{"failed (status 500: it broke)", "Send the message again"}},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://elsewhere.example/v1", http.StatusTemporaryRedirect)
		}, []string{"refuses the request (status 307"}},
		"a page":                {testllm.Raw(http.StatusOK, "text/html", "<html>\n\nWelcome</html>"), []string{"is no chat completion", "SEMA4_LOCAL_LLM_URL"}},
		"nothing":               {testllm.Raw(http.StatusOK, asJSON, ""), []string{"is no chat completion"}},
		"other JSON":            {testllm.Raw(http.StatusOK, asJSON, `{"ok":true}`), []string{"is no chat completion"}},
		"an empty page":         {testllm.Stream(""), []string{"is no chat completion"}},
		"other events":          {testllm.Stream("data: hello\n\n"), []string{"is no chat completion"}},
		"a huge event":          {testllm.Stream("data: " + strings.Repeat("x", 9<<20)), []string{"is no chat completion"}},
		"error in JSON":         {testllm.Raw(http.StatusOK, asJSON, `{"error":{"message":"overloaded"}}`), []string{"broke off", "reports: overloaded"}},
		"error in the stream":   {testllm.Stream(hi + `data: {"error":{"message":"overloaded ` + key + `"}}` + "\n\n"), []string{"broke off", "reports: overloaded ***"}},
		"garbage in the stream": {testllm.Stream(hi + "data: {]\n\n"), []string{"broke off", "ended before it was whole", "Send the message again"}},
		"ended early":           {testllm.Stream(hi), []string{"broke off", "ended before it was whole"}},
		"ended in an event":     {testllm.Stream(hi + `data: {"choices":[{"del`), []string{"broke off", "ended before it was whole"}},
		"cut":                   {reset, []string{"broke off", "was cut"}},
		"cut in JSON": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", asJSON)
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"choices":[`)
		}, []string{"broke off", "was cut"}},
		"endless words":     {testllm.Stream(strings.Repeat(`data: {"choices":[{"delta":{"content":"`+strings.Repeat("x", 1<<20)+`"}}]}`+"\n\n", 5)), []string{"broke off", "does not end"}},
		"endless thoughts":  {testllm.Stream(strings.Repeat(`data: {"choices":[{"delta":{"reasoning":"`+strings.Repeat("x", 1<<20)+`"}}]}`+"\n\n", 5)), []string{"broke off", "does not end"}},
		"no words":          {testllm.Says(" "), []string{"answered with nothing", "SEMA4_LOCAL_LLM_MODEL"}},
		"too many calls":    {testllm.Stream(`data: {"choices":[{"delta":{"tool_calls":[` + strings.Repeat(`{"id":"","function":{"name":"x"}},`, 64) + `{"function":{"name":"x"}}]}}]}` + "\n\n"), []string{"called more than 64 tools at once"}},
		"endless arguments": {testllm.Stream(`data: {"choices":[{"delta":{"tool_calls":[{"id":"a","function":{"name":"x","arguments":"` + strings.Repeat("x", 1<<20+1) + `"}}]}}]}` + "\n\n"), []string{"more than 1048576 bytes"}},
	} {
		t.Run(name, func(t *testing.T) {
			model := testllm.Start(t, test.answer)
			got := fails(t, configured(model), &recorder{})
			for _, says := range test.says {
				if !strings.Contains(got, says) {
					t.Errorf("%q does not say %q", got, says)
				}
			}
		})
	}
}

// A redirect on the same host is followed with all that was sent.
func TestARedirectOnTheSameHost(t *testing.T) {
	model := testllm.Start(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/v2/chat/completions", http.StatusTemporaryRedirect)
	}, testllm.Says("Hi"))
	answer(t, configured(model), "hello")
	if again := model.Requests()[1]; again.Path != "/v2/chat/completions" || again.Header.Get("Authorization") != "Bearer "+key || len(again.Messages) != 2 {
		t.Errorf("the request: %+v", again)
	}
}

func TestNoModelIsSet(t *testing.T) {
	if got := fails(t, openaichat.Config{}, &recorder{}); !strings.Contains(got, "Set SEMA4_LOCAL_LLM_URL") {
		t.Errorf("it says %q", got)
	}
}

func TestNoKeyIsSet(t *testing.T) {
	model := testllm.Start(t, testllm.Raw(http.StatusUnauthorized, asJSON, `{}`))
	if got := fails(t, openaichat.Config{URL: model.URL}, &recorder{}); !strings.Contains(got, "wants a key (status 401). Set SEMA4_LOCAL_LLM_KEY") {
		t.Errorf("it says %q", got)
	}
}

func TestNoModelNameIsSet(t *testing.T) {
	model := testllm.Start(t, testllm.Raw(http.StatusNotFound, asJSON, `{}`))
	if got := fails(t, openaichat.Config{URL: model.URL}, &recorder{}); !strings.Contains(got, "does not know which model to use (status 404)") {
		t.Errorf("it says %q", got)
	}
}

func TestNobodyListens(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	got := fails(t, openaichat.Config{URL: "http://user:planted-pass@" + host + "/v1?code=planted-code", Key: key}, &recorder{})
	if !strings.Contains(got, "http://"+host+" cannot be reached: ") || !strings.Contains(got, "SEMA4_LOCAL_LLM_URL") {
		t.Errorf("it says %q", got)
	}
}

func TestAHistoryThatCannotBeRead(t *testing.T) {
	model := testllm.Start(t)
	lost := errors.New("lost")
	asked := turn("hello")
	asked.History = func(context.Context) ([]thread.Message, error) { return nil, lost }
	if err := newMind(t, configured(model)).Answer(t.Context(), asked, &recorder{}); !errors.Is(err, lost) {
		t.Errorf("error %v", err)
	}
	config := configured(model)
	config.Servers = func(context.Context, string) ([]openaichat.Server, error) { return nil, lost }
	if err := newMind(t, config).Answer(t.Context(), turn("hello"), &recorder{}); !errors.Is(err, lost) {
		t.Errorf("error %v", err)
	}
}

// fakeNetwork answers in order, without a network: it is for tests about time.
type fakeNetwork struct {
	answers []func(*http.Request) (*http.Response, error)
	asked   []time.Time
}

func (f *fakeNetwork) RoundTrip(r *http.Request) (*http.Response, error) {
	f.asked = append(f.asked, time.Now())
	next := f.answers[0]
	f.answers = f.answers[1:]
	return next(r)
}

func status(code int, header http.Header, body io.Reader) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: code, Header: header, Body: io.NopCloser(body)}, nil
	}
}

func TestEndpointsThatAskToWait(t *testing.T) {
	good := hi + "data: [DONE]\n\n"
	in5s := func() string { return time.Now().Add(5 * time.Second).UTC().Format(http.TimeFormat) }
	for name, test := range map[string]struct {
		refusals []func() (int, string) // status and Retry-After
		waits    []time.Duration
		fails    string
	}{
		"seconds":  {[]func() (int, string){said(429, "7")}, []time.Duration{7 * time.Second}, ""},
		"twice":    {[]func() (int, string){said(503, ""), said(429, "")}, []time.Duration{2 * time.Second, 4 * time.Second}, ""},
		"a date":   {[]func() (int, string){func() (int, string) { return 429, in5s() }}, []time.Duration{5 * time.Second}, ""},
		"nonsense": {[]func() (int, string){said(429, "soon")}, []time.Duration{2 * time.Second}, ""},
		"too long": {[]func() (int, string){said(429, "3600")}, nil, "takes no more requests now (status 429"},
		"for ever": {[]func() (int, string){said(429, "1"), said(429, "1"), said(429, "1")}, []time.Duration{time.Second, time.Second}, "takes no more requests now (status 429"},
		"down":     {[]func() (int, string){said(503, "1"), said(503, "1"), said(503, "1")}, []time.Duration{time.Second, time.Second}, "failed (status 503"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network := &fakeNetwork{}
				for _, refusal := range test.refusals {
					network.answers = append(network.answers, func(r *http.Request) (*http.Response, error) {
						code, after := refusal()
						return status(code, http.Header{"Retry-After": {after}}, strings.NewReader("busy"))(r)
					})
				}
				network.answers = append(network.answers, status(http.StatusOK, nil, strings.NewReader(good)))
				config := openaichat.Config{URL: "http://model.example/v1", Key: key, Transport: network}
				var out recorder
				if test.fails != "" {
					if got := fails(t, config, &out); !strings.Contains(got, test.fails) {
						t.Errorf("it says %q", got)
					}
				} else if err := newMind(t, config).Answer(t.Context(), turn("hello"), &out); err != nil || out.text.String() != "Hi" {
					t.Errorf("%v, %s", err, &out)
				}
				var waits []time.Duration
				for i := 1; i < len(network.asked); i++ {
					waits = append(waits, network.asked[i].Sub(network.asked[i-1]))
				}
				if fmt.Sprint(waits) != fmt.Sprint(test.waits) {
					t.Errorf("it waited %v, want %v", waits, test.waits)
				}
				if thoughts := strings.Count(out.String(), "asks to wait"); thoughts != len(test.waits) {
					t.Errorf("%d waits were told of in %s", thoughts, &out)
				}
			})
		})
	}
}

func said(code int, after string) func() (int, string) {
	return func() (int, string) { return code, after }
}

func TestAnEndpointThatFallsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body, words := io.Pipe()
		network := &fakeNetwork{answers: []func(*http.Request) (*http.Response, error){func(r *http.Request) (*http.Response, error) {
			context.AfterFunc(r.Context(), func() { _ = words.CloseWithError(r.Context().Err()) })
			return &http.Response{StatusCode: http.StatusOK, Body: body}, nil
		}}}
		go func() { // comments keep it alive
			for range 5 {
				_, _ = io.WriteString(words, ": alive\n\n")
				time.Sleep(9 * time.Minute)
			}
			_, _ = io.WriteString(words, hi)
		}()
		begun := time.Now()
		var out recorder
		got := fails(t, openaichat.Config{URL: "http://model.example/v1", Transport: network}, &out)
		if !strings.Contains(got, "sent nothing for 10m0s") || out.text.String() != "Hi" || time.Since(begun) != 55*time.Minute {
			t.Errorf("after %v it says %q and has told %s", time.Since(begun), got, &out)
		}
	})
}

// Whoever stops the agent stops it wherever it stands.
func TestCancelling(t *testing.T) {
	waiting := func(then context.CancelFunc) testllm.Answer {
		return func(w http.ResponseWriter, r *http.Request) {
			testllm.Delta(w, map[string]any{"content": "Hi"})
			then()
			<-r.Context().Done()
		}
	}
	before := func(then context.CancelFunc) testllm.Answer {
		return func(_ http.ResponseWriter, r *http.Request) {
			then()
			<-r.Context().Done()
		}
	}
	for name, answer := range map[string]func(context.CancelFunc) testllm.Answer{"in the stream": waiting, "before the answer": before} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			model := testllm.Start(t, answer(cancel))
			if err := newMind(t, configured(model)).Answer(ctx, turn("hello"), &recorder{}); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestCancellingWhileItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := &fakeNetwork{answers: []func(*http.Request) (*http.Response, error){
			status(http.StatusTooManyRequests, http.Header{"Retry-After": {"50"}}, strings.NewReader("busy")),
		}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun := time.Now()
		err := newMind(t, openaichat.Config{URL: "http://model.example/v1", Transport: network}).Answer(ctx, turn("hello"), &recorder{})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != time.Second {
			t.Errorf("error %v after %v", err, time.Since(begun))
		}
	})
}

// What was said before a call counts: the model need not repeat it.
func TestAModelThatEndsWithoutAWord(t *testing.T) {
	model := testllm.Start(t, func(w http.ResponseWriter, r *http.Request) {
		testllm.Delta(w, map[string]any{"content": "I note it."})
		testllm.CallsTools("a", "note", "{}")(w, r)
	}, testllm.Says(""))
	out := answer(t, configured(model), "hello")
	if got := out.text.String(); got != "I note it." {
		t.Errorf("it said %q", got)
	}
	if said := model.Requests()[1].Messages[2]; said.Content != "I note it." || len(said.ToolCalls) != 1 {
		t.Errorf("the model was told %+v", said)
	}
}

func TestAModelThatCallsForEver(t *testing.T) {
	var answers []testllm.Answer
	for range 16 {
		answers = append(answers, testllm.CallsTools("a", "more", "{}"))
	}
	var out recorder
	got := fails(t, configured(testllm.Start(t, answers...)), &out)
	if !strings.Contains(got, "called tools 16 times over") || strings.Count(out.String(), "fail more: There is no tool called \"more\"; there are none at all.") != 16 {
		t.Errorf("it says %q after\n%s", got, &out)
	}
}
