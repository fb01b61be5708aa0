package bridge

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/restclient"
)

// asked is what a user was asked during a call, as the caller carries it, sealed,
// to the call's next round. It holds for that call alone and for a while.
type asked struct {
	Call    []byte    `json:"call"` // the digest of the tool's name and the arguments
	Expires time.Time `json:"expires"`

	Question string `json:"question,omitempty"` // of the agent; cut where it is long
	Run      string `json:"run,omitempty"`      // that asked it
	Thread   string `json:"thread,omitempty"`   // its name, where it is known
	Messages int    `json:"messages,omitempty"` // that stood in the thread when it was asked

	WorkItem string                    `json:"work_item,omitempty"`
	Status   restclient.WorkItemStatus `json:"status,omitempty"` // of the work item
	Since    time.Time                 `json:"since,omitzero"`   // when it came to that
	Action   string                    `json:"action,omitempty"` // to be taken once the agent's question is answered
}

// askedFor is how long an answer is waited for; after that it is told how to
// answer without being asked.
const askedFor = 10 * time.Minute

// maxQuestion bounds what a state holds of a question, in bytes.
const maxQuestion = 2000

// round is one run through a tool's handler: a call, or the return of one whose
// user was asked.
type round struct {
	tool      string
	arguments json.RawMessage
	mayAsk    bool // the caller can put a question to its user
}

// rounds plays one round after another of a call, with the answers to what the
// last one asked.
type rounds func(ctx context.Context, answers mcp.MultiRoundTripParams, budget time.Duration, mayAsk bool) *mcp.CallToolResult

type roundKey struct{}

func (r round) in(ctx context.Context) context.Context { return context.WithValue(ctx, roundKey{}, r) }

func roundOf(ctx context.Context) round {
	r, _ := ctx.Value(roundKey{}).(round)
	return r
}

// withoutAsking is for a round whose user has just been asked in vain.
func withoutAsking(ctx context.Context) context.Context {
	r := roundOf(ctx)
	r.mayAsk = false
	return r.in(ctx)
}

// mayAsk tells whether the user can be asked, and the answer be acted upon.
func (t *Tenant) mayAsk(ctx context.Context) bool { return roundOf(ctx).mayAsk && !t.config.ReadOnly }

// digest is the same for arguments that mean the same, in whatever order a
// client writes them when it calls again.
func (r round) digest() []byte {
	var arguments any
	decoder := json.NewDecoder(bytes.NewReader(r.arguments))
	decoder.UseNumber()
	_ = decoder.Decode(&arguments) // they have been read before; none at all are null
	canonical, _ := json.Marshal([]any{r.tool, arguments})
	sum := sha256.Sum256(canonical)
	return sum[:]
}

// seal binds what is asked to the call that ctx is of.
func (t *Tenant) seal(ctx context.Context, a asked) string {
	a.Call, a.Expires, a.Question = roundOf(ctx).digest(), time.Now().Add(askedFor), cut(a.Question, maxQuestion)
	encoded, _ := json.Marshal(a) // strings, numbers and times always encode
	return t.config.Sealer.seal(encoded)
}

const nothingSent = "Nothing was sent to the agent or changed."

// open returns what the user was asked. Whatever else than the state of this very
// call is refused, and so is one that is too old.
func (t *Tenant) open(ctx context.Context, answers mcp.MultiRoundTripParams) (asked, error) {
	const next = "Do not send the first message again: read the thread's messages, or call get_run with the run_id, or get_work_item, and answer as the result says."
	if t.config.ReadOnly {
		return asked{}, &failure{what: "This server only reads: it passes no answers on.", ran: nothingSent, next: "Answer where agents can be asked."}
	}
	if answers.RequestState == "" {
		return asked{}, &failure{what: "There are answers to questions, but no requestState that says which.", ran: nothingSent,
			next: "Send the requestState of the result that asked back unchanged. " + next}
	}
	content, ok := t.config.Sealer.open(answers.RequestState)
	var a asked
	if !ok || json.Unmarshal(content, &a) != nil {
		return asked{}, &failure{what: "The requestState cannot be opened: it was altered, or made for another API key or by another version.", ran: nothingSent, next: next}
	}
	if !bytes.Equal(a.Call, roundOf(ctx).digest()) {
		return asked{}, &failure{what: "The requestState belongs to another call: it holds for the tool and the arguments it was made for.", ran: nothingSent,
			next: "Call that tool again, with the same arguments. " + next}
	}
	if time.Now().After(a.Expires) {
		return asked{}, &failure{what: fmt.Sprintf("The question was asked more than %s ago, and its requestState is no longer good.", askedFor), ran: nothingSent, next: a.again()}
	}
	return a, nil
}

// again is how to come back to a question.
func (a asked) again() string {
	if a.WorkItem != "" {
		return fmt.Sprintf("To be asked again, call get_work_item with work_item_id %q.", a.WorkItem)
	}
	return fmt.Sprintf("The agent asked: %s To be asked again, call get_run with run_id %q.", a.Question, a.Run)
}
