package restclient

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

var agentJSON = answer(200, "application/json", `{"id":"a1","name":"Invoices"}`)

// failing answers the first requests with fail and counts all of them.
func failing(times int32, count *atomic.Int32, fail http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if count.Add(1) <= times {
			fail(w, r)
			return
		}
		agentJSON(w, r)
	}
}

func cut(w http.ResponseWriter, _ *http.Request) {
	connection, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = connection.Close()
	}
}

func cutInTheBody(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "100")
	_, _ = io.WriteString(w, `{"id":`)
}

func TestGetIsRepeated(t *testing.T) {
	for name, fail := range map[string]http.HandlerFunc{
		"429":                                answer(429, "text/plain", ""),
		"500":                                answer(500, "text/plain", ""),
		"502":                                answer(502, "text/html", "<title>Bad gateway</title>"),
		"503":                                answer(503, "text/plain", ""),
		"504":                                answer(504, "text/plain", ""),
		"a connection cut before the answer": cut,
		"a connection cut in the answer":     cutInTheBody,
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, dial dialer) {
				var count atomic.Int32
				client := dial(failing(3, &count, fail), WithRetry(RetryPolicy{Attempts: 4, BaseDelay: time.Second, MaxDelay: 3 * time.Second}))
				began := time.Now()
				agent, err := client.Agents.Get(t.Context(), "a1")
				if err != nil {
					t.Fatal(err)
				}
				equal(t, "agent", agent.Name, "Invoices")
				equal(t, "requests", count.Load(), 4)
				// Half of 1 s, 2 s and 3 s at least, the whole of them at most.
				if waited := time.Since(began); waited < 3*time.Second || waited > 6*time.Second {
					t.Errorf("waited %v in all", waited)
				}
			})
		})
	}
}

func TestNotRepeated(t *testing.T) {
	post := func(c *Client) error {
		_, err := c.Conversations.Create(context.Background(), "a1", "work")
		return err
	}
	remove := func(c *Client) error { _, err := c.Conversations.Delete(context.Background(), "a1", "t1"); return err }
	get := func(c *Client) error { _, err := c.Agents.Get(context.Background(), "a1"); return err }
	unavailable := answer(503, "text/plain", "")
	for name, c := range map[string]struct {
		fail   http.HandlerFunc
		call   func(*Client) error
		policy RetryPolicy
	}{
		"POST, 503":            {unavailable, post, DefaultRetryPolicy()},
		"POST, cut":            {cut, post, DefaultRetryPolicy()},
		"DELETE, 503":          {unavailable, remove, DefaultRetryPolicy()},
		"GET, 404":             {answer(404, "text/plain", ""), get, DefaultRetryPolicy()},
		"GET, 501":             {answer(501, "text/plain", ""), get, DefaultRetryPolicy()},
		"GET, the zero policy": {unavailable, get, RetryPolicy{}},
		"GET, one attempt":     {unavailable, get, RetryPolicy{Attempts: 1, BaseDelay: time.Hour}},
	} {
		t.Run(name, func(t *testing.T) {
			var count atomic.Int32
			client := serve(t, failing(100, &count, c.fail), WithRetry(c.policy))
			if c.call(client) == nil {
				t.Error("no error")
			}
			equal(t, "requests", count.Load(), 1)
		})
	}
}

func TestRetryAfter(t *testing.T) {
	asking := func(value func() string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", value())
			answer(429, "text/plain", "slow down")(w, r)
		}
	}
	in := func(d time.Duration) func() string {
		return func() string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
	}
	for name, c := range map[string]struct {
		value func() string
		wait  time.Duration
	}{
		"seconds": {func() string { return "20" }, 20 * time.Second},
		"a date":  {in(10 * time.Second), 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, dial dialer) {
				var count atomic.Int32
				client := dial(failing(1, &count, asking(c.value)))
				began := time.Now()
				if _, err := client.Agents.Get(t.Context(), "a1"); err != nil {
					t.Fatal(err)
				}
				equal(t, "waited", time.Since(began), c.wait)
			})
		})
	}
	t.Run("longer than allowed", func(t *testing.T) {
		var count atomic.Int32
		client := serve(t, failing(1, &count, asking(func() string { return "3600" })))
		_, err := client.Agents.Get(t.Context(), "a1")
		refused, ok := errors.AsType[*APIError](err)
		if !ok {
			t.Fatalf("got %v, want an APIError", err)
		}
		equal(t, "retry after", refused.RetryAfter, time.Hour)
		contains(t, "error", err.Error(), "slow down", "try again in 1h0m0s")
		equal(t, "requests", count.Load(), 1)
	})
}

func TestRetryAfterValues(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "-5": 0, "7": 7 * time.Second, "soon": 0, "99999999999999": 0,
		"Mon, 02 Jan 2006 15:04:05 GMT": 0,
	} {
		equal(t, value, retryAfter(http.Header{"Retry-After": {value}}), want)
	}
}

func TestDelays(t *testing.T) {
	policy := RetryPolicy{Attempts: 100, BaseDelay: time.Second}
	for failures, longest := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 99: time.Hour} {
		for range 50 {
			if d := policy.delay(failures, nil); d < longest/2 || d > longest {
				t.Fatalf("after %d failures: %v is not between %v and %v", failures, d, longest/2, longest)
			}
		}
	}
	equal(t, "no delay", RetryPolicy{Attempts: 3}.delay(2, nil), time.Duration(0))
}

func TestRetryEndsWithItsContext(t *testing.T) {
	bubble(t, func(t *testing.T, dial dialer) {
		var count atomic.Int32
		client := dial(failing(100, &count, answer(503, "text/plain", "")), WithRetry(RetryPolicy{Attempts: 9, BaseDelay: time.Hour}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		_, err := client.Agents.Get(ctx, "a1")
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's error", err)
		}
		equal(t, "waited", time.Since(began), time.Minute)
		equal(t, "requests", count.Load(), 1)
	})
}

func TestCertificateErrorsAreNotRepeated(t *testing.T) {
	var count atomic.Int32
	client := serve(t, nil, WithTransport(roundTrip(func(*http.Request) (*http.Response, error) {
		count.Add(1)
		return nil, &tls.CertificateVerificationError{Err: errors.New("unknown authority")}
	})))
	_, err := client.Agents.Get(t.Context(), "a1")
	contains(t, "error", err.Error(), "unknown authority", "certificate of the server")
	equal(t, "requests", count.Load(), 1)
}

func TestConnectionsThatWereNeverMade(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	unresolved := WithTransport(roundTrip(func(*http.Request) (*http.Response, error) {
		return nil, &net.DNSError{Err: "no such host", Name: "tenant.example", IsNotFound: true}
	}))
	proxied := WithTransport(roundTrip(func(*http.Request) (*http.Response, error) {
		return nil, &net.OpError{Op: "proxyconnect", Net: "tcp", Err: errors.New("refused")}
	}))
	broken := WithTransport(roundTrip(func(*http.Request) (*http.Response, error) {
		return nil, &net.OpError{Op: "write", Net: "tcp", Err: errors.New("broken pipe with " + testKey)}
	}))
	for name, c := range map[string]struct {
		opts    []Option
		notSent bool
		want    string
	}{
		"refused":        {nil, true, "check that the server runs"},
		"no such host":   {[]Option{unresolved}, true, "check the host name"},
		"no proxy":       {[]Option{proxied}, true, "check that the server runs"},
		"a broken write": {[]Option{broken}, false, "broken pipe with " + redacted},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := New("http://"+address, testKey, c.opts...)
			if err != nil {
				t.Fatal(err)
			}
			_, err = client.Conversations.Send(t.Context(), "a1", "t1", "hello")
			lost, ok := errors.AsType[*ConnectionError](err)
			if !ok {
				t.Fatalf("got %v, want a ConnectionError", err)
			}
			equal(t, "not sent", lost.NotSent, c.notSent)
			contains(t, "error", err.Error(), "POST /agents/a1/conversations/t1/messages: ", c.want)
			if _, ok := errors.AsType[net.Error](err); !ok {
				t.Error("the cause is not to be found")
			}
		})
	}
}

func TestConnectionCutBeforeTheAnswer(t *testing.T) {
	client := serve(t, cut)
	_, err := client.Conversations.Create(t.Context(), "a1", "work")
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, want an unexpected EOF", err)
	}
	contains(t, "error", err.Error(), "closed the connection without an answer")
}

func TestHTTPSToAServerWithoutIt(t *testing.T) {
	plain := serve(t, agentJSON)
	client, err := New("https"+plain.BaseURL()[len("http"):], testKey)
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Agents.Get(t.Context(), "a1")
	lost, ok := errors.AsType[*ConnectionError](err)
	if !ok {
		t.Fatalf("got %v, want a ConnectionError", err)
	}
	equal(t, "not sent", lost.NotSent, true)
	contains(t, "error", err.Error(), "check the scheme")
}
