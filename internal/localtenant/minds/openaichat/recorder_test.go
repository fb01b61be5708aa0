package openaichat_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"sema4mcp/internal/localtenant/minds"
	"sema4mcp/internal/localtenant/minds/openaichat"
	"sema4mcp/internal/localtenant/thread"
	"sema4mcp/internal/testllm"
)

// recorder is an emitter that keeps what it is told, one line each.
type recorder struct {
	lines []string
	text  strings.Builder
}

func (r *recorder) note(format string, arguments ...any) {
	r.lines = append(r.lines, fmt.Sprintf(format, arguments...))
}

func (r *recorder) Think(thought string)      { r.note("think %s", thought) }
func (r *recorder) Text(piece string)         { r.text.WriteString(piece); r.note("text %s", piece) }
func (r *recorder) Chart(string)              { r.note("chart") }
func (r *recorder) Attach(thread.Attachment)  { r.note("attach") }
func (r *recorder) Keep(thread.DataFrame)     { r.note("keep") }
func (r *recorder) Ask(string, time.Duration) { r.note("ask") }
func (r *recorder) NextMessage()              { r.note("next") }
func (r *recorder) Cut()                      { r.note("cut") }
func (r *recorder) Call(name, arguments string) minds.Call {
	r.note("own call %s %s", name, arguments)
	return &recordedCall{r, name}
}
func (r *recorder) CallMCP(name, arguments string) minds.Call {
	r.note("call %s %s", name, arguments)
	return &recordedCall{r, name}
}

func (r *recorder) String() string { return strings.Join(r.lines, "\n") }

type recordedCall struct {
	*recorder
	name string
}

func (c *recordedCall) Start()               { c.note("start %s", c.name) }
func (c *recordedCall) Finish(result string) { c.note("finish %s: %s", c.name, result) }
func (c *recordedCall) Fail(message string)  { c.note("fail %s: %s", c.name, message) }

// turn is a message to an agent without a history.
func turn(message string, history ...thread.Message) minds.Turn {
	return minds.Turn{
		Agent: minds.Agent{ID: "agent-1", Name: "Helper", Runbook: "Be brief."}, Message: message,
		ConversationID: "thread-1", RunID: "run-1",
		History: func(ctx context.Context) ([]thread.Message, error) { return history, ctx.Err() },
		Files:   func(ctx context.Context) ([]minds.File, error) { return nil, nil },
	}
}

func newMind(t *testing.T, config openaichat.Config) *openaichat.Mind {
	t.Helper()
	mind, err := openaichat.NewMind(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(mind.Close)
	return mind
}

const key = "sk-planted-key-7"

// configured is a configuration for a model.
func configured(model *testllm.Model, servers ...openaichat.Server) openaichat.Config {
	return openaichat.Config{URL: model.URL, Key: key, Model: "test-model", TenantID: "local", AllowCommands: true,
		Servers: func(context.Context, string) ([]openaichat.Server, error) { return servers, nil }}
}

// answer lets a mind answer a message that it has to have an answer to.
func answer(t *testing.T, config openaichat.Config, message string, history ...thread.Message) *recorder {
	t.Helper()
	var out recorder
	if err := newMind(t, config).Answer(t.Context(), turn(message, history...), &out); err != nil {
		t.Fatalf("%v after\n%s", err, &out)
	}
	return &out
}

// fails lets a mind answer a message, which must end in a failure; it gives its
// text, in which there is no key.
func fails(t *testing.T, config openaichat.Config, out *recorder) string {
	t.Helper()
	err := newMind(t, config).Answer(t.Context(), turn("hello"), out)
	var failed *minds.Failure
	if !errors.As(err, &failed) {
		t.Fatalf("the error is %v, no failure", err)
	}
	if shown := failed.Message + out.String(); strings.Contains(shown, "planted") {
		t.Errorf("the key is shown: %s", shown)
	}
	if failed.Code == "" {
		t.Errorf("no code: %s", failed.Message)
	}
	return failed.Message
}

// stored is a message of the agent with these items.
func stored(t *testing.T, items ...map[string]any) thread.Message {
	t.Helper()
	content, err := json.Marshal(items)
	if err != nil {
		t.Fatal(err)
	}
	return thread.Message{Role: thread.RoleAgent, Content: content}
}
