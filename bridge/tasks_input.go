package bridge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/sourcegraph/jsonrpc2"

	"sema4mcp/bridge/run"
)

// taskQuestion is what the agent of a task asks the user.
type taskQuestion struct{ key, text string }

// newTaskQuestion gives the question a key that is its own among all of the
// task's, and the same in every process.
func newTaskQuestion(r *run.Run, text string) *taskQuestion {
	sum := sha256.Sum256([]byte(r.ID.String() + "\x00" + text))
	return &taskQuestion{key: "question-" + hex.EncodeToString(sum[:8]), text: text}
}

// requests are the question as the extension puts it: a form with one line.
func (q taskQuestion) requests() mcp.InputRequests {
	return mcp.InputRequests{q.key: mcp.NewElicitationInputRequest(mcp.ElicitationParams{
		Mode: mcp.ElicitationModeForm, Message: q.text,
		RequestedSchema: map[string]any{
			"type":       "object",
			"properties": map[string]any{"reply": map[string]any{"type": "string", "title": "Reply", "description": "What to answer the agent.", "minLength": 1}},
			"required":   []string{"reply"},
		},
	})}
}

// updateTask is tasks/update of the extension: the user's reply goes to the
// thread as the next message, and the task goes on with the run that begins.
// Answers to what is not asked, or no more, are ignored.
func (s scope) updateTask(ctx context.Context, params taskParams) (any, *jsonrpc2.Error) {
	found, fault := s.findTask(ctx, params.TaskID)
	if fault != nil {
		return nil, fault
	}
	if found.question == nil {
		return found.ack(), nil
	}
	given, answered := params.InputResponses[found.question.key]
	if !answered {
		return found.ack(), nil
	}
	reply, fault := taskReply(given)
	if fault != nil {
		return nil, fault
	}
	if reply == "" {
		s.tenant.tasks.change(found.run.ID, func(n *taskNote) { n.declined = true })
		return found.ack(), nil
	}
	asking := found.run
	next, err := s.reply(ctx, asked{Question: cut(found.question.text, maxQuestion), Run: asking.ID.String(), Thread: asking.Thread, Messages: asking.ID.Position + 1},
		asking.ID, asking.Agent.Name, reply)
	if err != nil {
		return nil, faultOf(err, "The reply was not sent.")
	}
	s.tenant.tasks.change(found.run.ID, func(n *taskNote) { n.next = &next.ID })
	found.run = next // whose id gets the answer even where the task is forgotten
	return found.ack(), nil
}

// taskReply is the user's reply in a result of elicitation, "" where the user gave
// none.
func taskReply(response json.RawMessage) (string, *jsonrpc2.Error) {
	var answer struct {
		Action  mcp.ElicitationResponseAction `json:"action"`
		Content struct {
			Reply string `json:"reply"`
		} `json:"content"`
	}
	malformed := json.Unmarshal(response, &answer) != nil
	switch {
	case malformed:
	case answer.Action == mcp.ElicitationResponseActionDecline, answer.Action == mcp.ElicitationResponseActionCancel:
		return "", nil
	case answer.Action == mcp.ElicitationResponseActionAccept && strings.TrimSpace(answer.Content.Reply) != "":
		return answer.Content.Reply, nil
	}
	return "", &jsonrpc2.Error{Code: jsonrpc2.CodeInvalidParams,
		Message: `tasks/update: answer the question with {"action":"accept","content":{"reply":"…"}}, or with the action decline or cancel`}
}
