package contracttest_test

import (
	"net/http"
	"slices"
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
