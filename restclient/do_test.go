package restclient

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"
)

func TestPathSegmentsAreEscapedOneByOne(t *testing.T) {
	var seen string
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen = r.RequestURI
		answer(200, "application/json", `{"id":"x","name":"x"}`)(w, r)
	})
	for id, want := range map[string]string{
		"7b0e5c7e-0a54":   "7b0e5c7e-0a54",
		"a/b":             "a%2Fb",
		"../a":            "..%2Fa",
		"%2f":             "%252f",
		"a b?c#d":         "a%20b%3Fc%23d",
		"🧾":               "%F0%9F%A7%BE",
		"\xff\r\nHost: x": "%FF%0D%0AHost:%20x",
	} {
		if _, err := client.Agents.Get(t.Context(), id); err != nil {
			t.Errorf("%q: %v", id, err)
		}
		equal(t, id, seen, "/tenants/acme/api/v2/agents/"+want)
	}
}

func TestBadIdsAreRefusedBeforeAnyRequest(t *testing.T) {
	asked := false
	client := serve(t, func(http.ResponseWriter, *http.Request) { asked = true })
	ctx := t.Context()
	for _, id := range []string{"", ".", ".."} {
		for name, call := range map[string]func() error{
			"get":         func() error { _, err := client.Agents.Get(ctx, id); return err },
			"list":        func() error { _, err := client.Conversations.List(ctx, id, nil); return err },
			"create":      func() error { _, err := client.Conversations.Create(ctx, id, "work"); return err },
			"delete":      func() error { _, err := client.Conversations.Delete(ctx, "a1", id); return err },
			"messages":    func() error { _, err := client.Conversations.Messages(ctx, "a1", id, nil); return err },
			"send":        func() error { _, err := client.Conversations.Send(ctx, "a1", id, "hello"); return err },
			"stream":      func() error { _, err := client.Conversations.Stream(ctx, id, "t1", "hello"); return err },
			"all":         func() error { return firstError(client.Conversations.All(ctx, id, nil)) },
			"allMessages": func() error { return firstError(client.Conversations.AllMessages(ctx, "a1", id, nil)) },
		} {
			if err := call(); err == nil {
				t.Errorf("%s %q: no error", name, id)
			} else {
				contains(t, name, err.Error(), `the id after "`)
			}
		}
	}
	equal(t, "asked", asked, false)
}

func firstError[T any](items func(func(T, error) bool)) (first error) {
	items(func(_ T, err error) bool { first = err; return false })
	return first
}

func TestPostRefusesWhatIsNotJSON(t *testing.T) {
	err := post(make(chan int), "agents").invalid
	if err == nil {
		t.Fatal("no error")
	}
	contains(t, "error", err.Error(), "POST /agents", "unsupported type")
}

func TestRequestWithoutContext(t *testing.T) {
	client := serve(t, answer(200, "application/json", "{}"))
	var none context.Context
	_, err := client.open(none, get("agents"))
	if err == nil {
		t.Fatal("no error")
	}
	contains(t, "error", err.Error(), "GET /agents: ", "nil Context")
}

func TestAnswersThatCannotBeUsed(t *testing.T) {
	for name, c := range map[string]struct {
		contentType, body string
		want              []string
	}{
		"a login page": {"text/html", "<html><title>Sign in</title></html>", []string{"200, text/html", `"Sign in"`, "check that the base URL"}},
		"no body":      {"application/json", "", []string{"unexpected end of JSON"}},
		"cut JSON":     {"application/json", `{"id":"a1"`, []string{"unexpected end of JSON"}},
		"no id":        {"application/json", `{"ok":true}`, []string{"it has no id"}},
	} {
		t.Run(name, func(t *testing.T) {
			client := serve(t, answer(200, c.contentType, c.body))
			_, err := client.Agents.Get(t.Context(), "a1")
			unusable, ok := errors.AsType[*ResponseError](err)
			if !ok {
				t.Fatalf("got %v, want a ResponseError", err)
			}
			equal(t, "path", unusable.Path, "/agents/a1")
			contains(t, "error", err.Error(), c.want...)
			_, err = client.Conversations.Create(t.Context(), "a1", "work")
			if _, ok := errors.AsType[*ResponseError](err); !ok {
				t.Fatalf("create: got %v, want a ResponseError", err)
			}
		})
	}
}

func TestAnswerWithoutMediaType(t *testing.T) {
	client := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = nil
		_, _ = io.WriteString(w, "hello "+testKey)
	})
	_, err := client.Agents.Get(t.Context(), "a1")
	contains(t, "error", err.Error(), "no media type", "hello "+redacted)
}

func TestAnswerThatIsTooLarge(t *testing.T) {
	const body = `{"id":"a1"}`
	client := serve(t, answer(200, "application/json", body))
	client.maxResponseBytes = int64(len(body))
	if _, err := client.Agents.Get(t.Context(), "a1"); err != nil {
		t.Fatal(err)
	}
	client.maxResponseBytes--
	_, err := client.Agents.Get(t.Context(), "a1")
	if _, ok := errors.AsType[*ResponseError](err); !ok {
		t.Fatalf("got %v, want a ResponseError", err)
	}
	contains(t, "error", err.Error(), "it is too large: more than 10 bytes")
}

func TestRequestTimeout(t *testing.T) {
	bubble(t, func(t *testing.T, dial dialer) {
		client := dial(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			WithRequestTimeout(time.Minute), WithRetry(RetryPolicy{}))
		began := time.Now()
		_, err := client.Agents.Get(t.Context(), "a1")
		lost, ok := errors.AsType[*ConnectionError](err)
		if !ok || !errors.Is(err, ErrRequestTimeout) {
			t.Fatalf("got %v, want a request time-out", err)
		}
		equal(t, "not sent", lost.NotSent, false)
		equal(t, "waited", time.Since(began), time.Minute)
		contains(t, "error", err.Error(), "GET /agents/a1: no complete answer came within 1m0s", "slow or out of reach")
	})
}

func TestSendHasNoTimeoutButItsContext(t *testing.T) {
	bubble(t, func(t *testing.T, dial dialer) {
		client := dial(func(w http.ResponseWriter, r *http.Request) {
			_ = sleep(r.Context(), 3*time.Hour)
			_, _ = io.WriteString(w, `[{"role":"agent","content":"done"}]`)
		})
		messages, err := client.Conversations.Send(t.Context(), "a1", "t1", "work")
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "answer", messages[0].Text(), "done")

		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		_, err = client.Conversations.Send(ctx, "a1", "t1", "work")
		if _, lost := errors.AsType[*ConnectionError](err); lost || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's error alone", err)
		}
	})
}

func TestContextWinsOverWhatTheConnectionSays(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	client := serve(t, answer(200, "application/json", "{}"), WithTransport(roundTrip(func(*http.Request) (*http.Response, error) {
		cancel()
		return nil, errors.New("use of closed network connection")
	})))
	_, err := client.Agents.Get(ctx, "a1")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
	equal(t, "error", err.Error(), "GET /agents/a1: context canceled")
}

func TestAnAnswerWinsOverTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	refused := &APIError{StatusCode: 404}
	equal(t, "error", preferContext(ctx, request{}, refused), error(refused))
}
