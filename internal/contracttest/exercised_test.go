package contracttest_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"sema4mcp/internal/contracttest"
)

// What counts is an exchange that fitted from end to end and succeeded.
func TestExercised(t *testing.T) {
	contracttest.Forget()
	const operation = "getWorkerStatus"
	request := "GET /work-items/status"
	exchange := func(s sample) {
		client, base := places["transport"](t, contracttest.New(&recorder{}), http.HandlerFunc(s.serve))
		s.request = request
		s.send(t, client, base)
	}
	missing := func() bool { return slices.Contains(contracttest.Unexercised(), operation) }
	for name, s := range map[string]sample{
		"an error":        {status: 503, reply: envelope},
		"a wrong answer":  {reply: "{}"},
		"a wrong request": {header: "Authorization:", reply: `{"status":null}`},
		"a fault":         {header: "X-Local-Fault: latency=1s", reply: `{"status":null}`},
	} {
		if exchange(s); !missing() {
			t.Fatalf("%s counts", name)
		}
	}
	exchange(sample{reply: `{"status":null}`})
	if missing() {
		t.Error("a success does not count")
	}
	if got := contracttest.Exercised()[operation]; !slices.Equal(got, []int{200, 503}) {
		t.Errorf("statuses %v", got)
	}
	if rest := contracttest.Unexercised(); !slices.IsSorted(rest) || !slices.Contains(rest, "importAgentOver") || slices.Contains(rest, "") {
		t.Errorf("unexercised: %q", rest)
	}
}

// What the local tenant does not have counts as exercised when it says so.
func TestExercisedByRefusal(t *testing.T) {
	contracttest.Forget()
	const operation = "checkDocumentIntelligence"
	for _, test := range []struct {
		status  int
		missing bool
	}{{503, true}, {412, false}} {
		s := sample{request: "GET /document-intelligence/ok", status: test.status, reply: envelope}
		to := &recorder{}
		client, base := places["transport"](t, contracttest.New(to), http.HandlerFunc(s.serve))
		s.send(t, client, base)
		to.expect(t)
		if missing := slices.Contains(contracttest.Unexercised(), operation); missing != test.missing {
			t.Errorf("after a %d: missing %t", test.status, missing)
		}
	}
}

// A stream has succeeded when it has finished, whether its reader waits for the end
// of the connection or not.
func TestExercisedByStream(t *testing.T) {
	for name, test := range map[string]struct {
		stream string
		counts bool
	}{
		"finished": {ready + finished, true},
		"failed":   {ready + failed, false},
		"cut":      {ready, false},
		"wrong":    {ready + delta("{}") + finished, false},
	} {
		t.Run(name, func(t *testing.T) {
			contracttest.Forget()
			client, base := places["transport"](t, contracttest.New(&recorder{}), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				piecemeal(test.stream).ServeHTTP(w, r)
				_ = http.NewResponseController(w).Flush()
				<-r.Context().Done() // the reader closes first
			}))
			response := post(t, client, base+"/api/v2"+strings.TrimPrefix(streamRequest, "POST "), `{"content":"x"}`)
			if _, err := io.ReadFull(response.Body, make([]byte, len(test.stream))); err != nil {
				t.Error(err)
			}
			response.Body.Close()
			if counts := !slices.Contains(contracttest.Unexercised(), "streamMessage"); counts != test.counts {
				t.Errorf("counts: %t", counts)
			}
		})
	}
}
