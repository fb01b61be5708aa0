package bridge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/bridge/run"
	"sema4mcp/restclient"
)

const replyField = "reply"

// outcome tells how a run stands, from the byte of its answer that start names.
// An agent's question goes to the user where that can be.
func (s scope) outcome(ctx context.Context, r *run.Run, start int) *mcp.CallToolResult {
	if start == 0 {
		if question := s.askFor(ctx, r, asked{}); question != nil {
			return question
		}
	}
	if ctx.Err() == nil { // else the caller has gone, and may come back for it
		defer r.Tell()
	}
	return s.runResult(ctx, r, start)
}

// askFor asks the user what the agent asks: nil where the run asks nothing, the
// question has been answered since, or the user cannot be asked.
func (s scope) askFor(ctx context.Context, r *run.Run, a asked) *mcp.CallToolResult {
	report := r.Report()
	if report.State != run.NeedsInput || !s.tenant.mayAsk(ctx) {
		return nil
	}
	messages, said, err := s.tenant.thread(ctx, r.ID, r.ID.Position)
	if err != nil || len(said) > 1 { // one of them is the run's own
		return nil
	}
	a.Question, a.Run, a.Thread, a.Messages = report.Question, r.ID.String(), r.Thread, messages
	return ask(s.tenant.seal(ctx, a), questionText(r.Agent.Name, report),
		replyField, fields{replyField: textField("Your reply", "It is sent to the agent as it is.")})
}

// questionText is what the agent asks, below the end of what it wrote before.
func questionText(agent string, report run.Report) string {
	written := strings.TrimSpace(strings.TrimSuffix(answerText(report.Messages), report.Question)) // agents write it there too
	question := fmt.Sprintf("%s asks: %s", agent, report.Question)
	if report.Question == "" {
		question = agent + " waits for a reply."
	}
	return paragraphs(ending(written, maxContext), question)
}

func replyIn(answers mcp.MultiRoundTripParams) (reply, why string) {
	form, why := filled(answers, replyField)
	return form[replyField], why
}

// thread counts the messages of a run's thread and returns those of users from
// the position on.
func (t *Tenant) thread(ctx context.Context, id run.ID, position int) (messages int, said []restclient.Message, err error) {
	for message, err := range t.client.Conversations.AllMessages(ctx, id.AgentID, id.ConversationID, &restclient.ListOptions{Limit: 200}) {
		if err != nil {
			return 0, nil, err
		}
		if messages >= position && message.Role == restclient.RoleUser {
			said = append(said, message)
		}
		messages++
	}
	return messages, said, nil
}

// resumeRun goes on with a call whose user was asked what an agent wants to know.
func (s scope) resumeRun(ctx context.Context, args arguments, answers mcp.MultiRoundTripParams) (*mcp.CallToolResult, error) {
	a, err := s.tenant.open(ctx, answers)
	if err != nil {
		return nil, err
	}
	id, agent, err := s.runOf(ctx, a.Run)
	if err != nil {
		return nil, s.unsent(err, a)
	}
	reply, why := replyIn(answers)
	if why != "" {
		return s.unanswered(ctx, a, id, agent, why), nil
	}
	r, err := s.reply(ctx, a, id, agent, reply)
	if err != nil {
		return nil, s.unsent(err, a)
	}
	return s.awaitResult(ctx, r, args, 0)
}

// reply sends the user's reply as the next message of the thread, once: where it
// stands there already, its run is joined. It goes by the thread, so it matters
// not which process sent it.
func (s scope) reply(ctx context.Context, a asked, id run.ID, agent, reply string) (*run.Run, error) {
	_, said, err := s.tenant.thread(ctx, id, a.Messages)
	if err != nil {
		return nil, err
	}
	question := sha256.Sum256([]byte(a.Question))
	q := run.Question{
		Agent: run.Agent{ID: id.AgentID, Name: agent}, ThreadID: id.ConversationID, Thread: a.Thread, Message: reply,
		IdempotencyKey: strings.Join([]string{"reply", a.Run, hex.EncodeToString(question[:])}, "\x00"),
		From:           a.Messages,
		Listening:      listens(ctx),
	}
	if len(said) > 0 {
		// A message without a date could not be told from an older one with the same words.
		if len(said) > 1 || !sameWords(said[0].Text(), reply) || said[0].CreatedAt.IsZero() {
			return nil, errAnsweredSince
		}
		q.NewerThan = said[0].CreatedAt.Time
	}
	return s.tenant.runs.Start(ctx, q)
}

// errAnsweredSince is returned for a reply to what is no longer the question.
var errAnsweredSince = errors.New("the thread has gone on since the agent asked")

// sameWords compares as a run does: a tenant may trim or reflow what it stores.
func sameWords(a, b string) bool {
	return strings.Join(strings.Fields(a), " ") == strings.Join(strings.Fields(b), " ")
}

// unsent says that the reply did not go out, and how the agent can still get it.
func (s scope) unsent(err error, a asked) error {
	const ran = "The reply was not sent to the agent."
	if conflict, ok := errors.AsType[*run.KeyConflictError](err); ok {
		return &failure{what: "The agent's question has been answered in other words already.", ran: ran, next: fmt.Sprintf("Call get_run with run_id %q for what came of that.", conflict.Run.String())}
	}
	if errors.Is(err, errAnsweredSince) {
		return &failure{what: "The thread has gone on since the agent asked: a message stands after the question.", ran: ran,
			next: "Read the thread's messages before you send anything."}
	}
	f := *failureOf(err, "")
	f.ran = ran
	f.next = strings.TrimSpace(f.next + " The agent still asks: " + a.Question + " " + s.answering(a))
	return &f
}

// answering says how the question is answered by a call of a tool.
func (s scope) answering(a asked) string {
	if a.WorkItem != "" {
		return fmt.Sprintf("Answer by calling act_on_work_item with work_item_id %q, action %s and the answer as message.", a.WorkItem, a.Action)
	}
	return answerWith(s.replyTool, a.Thread)
}

// unanswered is the result of a call whose user was asked in vain.
func (s scope) unanswered(ctx context.Context, a asked, id run.ID, agent, why string) *mcp.CallToolResult {
	note := why + " Nothing was sent to the agent."
	if r, err := s.tenant.runs.Find(ctx, id, agent); err == nil && r.Report().State == run.NeedsInput {
		return noted(s.runResult(ctx, r, 0), note)
	}
	result := mcp.NewToolResultText(paragraphs(note, "The agent asks: "+a.Question, s.answering(a)))
	result.Meta = runMetaOf(id, run.NeedsInput)
	return result
}
