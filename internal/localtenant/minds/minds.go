// Package minds says what an agent's mind is: a [Mind] reads a [Turn] and
// answers through an [Emitter]. Its subpackages are the minds there are.
package minds

import (
	"context"
	"io"
	"time"

	"sema4mcp/internal/localtenant/thread"
)

// Mind answers messages. One Mind serves many turns at a time.
//
// Answer returns when it has said all. It stops soon after ctx is done and
// returns the context's error then. A [Failure] reaches the user as it is; any
// other error is logged and the user is told that the agent failed.
type Mind interface {
	Answer(ctx context.Context, turn Turn, out Emitter) error
}

// Turn is what a mind is asked.
type Turn struct {
	Agent   Agent
	Message string
	// History reads the conversation before this message, oldest first.
	History func(ctx context.Context) ([]thread.Message, error)
	// Files lists the files of the conversation, oldest first.
	Files func(ctx context.Context) ([]File, error)
	// OpenFile opens a file of the conversation by its name, for the caller to close.
	// The error wraps [fs.ErrNotExist] when there is none. Any goroutine may call it.
	OpenFile func(ctx context.Context, name string) (io.ReadCloser, error)

	ConversationID, RunID string // for those a mind works with
}

// File is a file of a conversation.
type File struct {
	Name     string
	MIMEType string
	Size     int64 // bytes
}

// Agent is what a mind needs to know of the agent it thinks for.
type Agent struct {
	ID      string
	Name    string
	Runbook string // Markdown
}

// Emitter takes what a mind says, tells it to the reader of the run, and keeps it
// in the conversation. It is for the goroutine that runs Answer alone. Its methods
// report no errors: when one fails, the run's context ends, and what is emitted
// after that is dropped.
type Emitter interface {
	// Think adds a whole thought.
	Think(thought string)
	// Text continues the text that stands last in the message, or begins one.
	Text(piece string)
	// Call adds a pending tool call; arguments is a JSON object.
	// The call ends before NextMessage.
	Call(name, arguments string) Call
	// CallMCP adds a pending call of a tool that an MCP server has.
	CallMCP(name, arguments string) Call
	// Chart adds a Vega-Lite chart.
	Chart(spec string)
	Attach(file thread.Attachment)
	// Keep leaves a data frame in the conversation, over one of the same name.
	Keep(frame thread.DataFrame)
	// Ask puts a question into the message and requests the user's input, which
	// comes as the conversation's next message.
	Ask(question string, timeout time.Duration)
	// NextMessage completes the message; what follows goes into a new one.
	NextMessage()
	// Cut breaks the reader's connection inside an event. Nobody reads along with
	// a synchronous run, so it does nothing there.
	Cut()
}

// Call is a tool call on its way: Start, then Finish or Fail.
type Call interface {
	Start()
	Finish(result string)
	Fail(message string)
}

// Failure is an error a mind wants its user to read.
type Failure struct {
	Code    string // of the vendor's error families, such as bad_request
	Message string
}

func (f *Failure) Error() string { return f.Message }

// Pause waits, or returns the context's error when that ends first.
func Pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
