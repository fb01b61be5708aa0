package bridge

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"sema4mcp/bridge/run"
	"sema4mcp/restclient"
)

func TestFailuresSayWhatHappenedAndWhatToDo(t *testing.T) {
	t.Parallel()
	refused := func(status int, wait time.Duration) error {
		return fmt.Errorf("listing: %w", &restclient.APIError{StatusCode: status, Message: "the tenant's words", Method: "GET", Path: "/agents/a1", RetryAfter: wait})
	}
	for name, test := range map[string]struct {
		err  error
		says []string
	}{
		"401":         {refused(401, 0), []string{"the tenant's words", notRun, "SEMA4_API_KEY"}},
		"401, theirs": {&restclient.APIError{StatusCode: 401, OperatorsKey: true}, []string{notRun, "operator has to see to it"}},
		"403, theirs": {&restclient.APIError{StatusCode: 403, OperatorsKey: true}, []string{notRun, "operator has to see to it"}},
		"403":         {refused(403, 0), []string{notRun, "key of the workspace"}},
		"404":         {refused(404, 0), []string{notRun, "there is no such agent (it says: the tenant's words)", "deleted"}},
		"412":         {refused(412, 0), []string{notRun, "Change the request"}},
		"429":         {refused(429, 0), []string{notRun, "in a minute"}},
		"429 timed":   {refused(429, 7*time.Second), []string{notRun, "in 7s"}},
		"500":         {refused(500, 0), []string{notRun, "in a moment"}},
		"unreachable": {&restclient.ConnectionError{Method: "GET", Path: "/agents", NotSent: true, Err: errors.New("refused")}, []string{"cannot be reached", notRun, "base URL"}},
		"bad id":      {&run.IDError{Reason: "this is no id"}, []string{"this is no id"}},
		"conflict":    {&run.KeyConflictError{}, []string{"idempotency_key", "Nothing was sent"}},
		"elsewhere":   {run.ErrNotHeld, []string{"another process", "may still be at work", "get_run"}},
		"closing":     {run.ErrClosing, []string{"shutting down", notRun, "again"}},
		"cancelled":   {fmt.Errorf("GET /agents: %w", context.Canceled), []string{"cancelled before", notRun, "again"}},
		"other":       {errors.New("surprise"), []string{"surprise.", notRun, "log"}},
		"known":       {&failure{what: "What.", ran: "Ran.", next: "Next."}, []string{"What. Ran. Next."}},
	} {
		result := failureOf(test.err, notRun).result()
		text := fmt.Sprint(result.Content)
		for _, part := range test.says {
			if !strings.Contains(text, part) || !result.IsError {
				t.Errorf("%s: got %s, want it to say %q", name, text, part)
			}
		}
	}
}

func TestFailuresSayWhatTheirToolLeavesUntouched(t *testing.T) {
	t.Parallel()
	refused := &restclient.APIError{StatusCode: 403}
	for untouched, says := range map[string]string{runUntouched: runUntouched, "": ""} {
		if text := failureOf(refused, untouched).Error(); !strings.Contains(text, says) || strings.Contains(text, notRun) {
			t.Errorf("got %q: of a run that may have ended long ago nobody can say that the agent did not run", text)
		}
	}
}
