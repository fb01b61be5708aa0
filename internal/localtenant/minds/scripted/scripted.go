// Package scripted is the mind that does what its runbook says, step by step.
//
// A runbook is Markdown; its list items are the steps, everything else is for
// people:
//
//   - say: text             a piece of the answer, exactly as it stands; pieces join
//   - think: text           a thought
//   - call: tool {"a":1} => result     a tool call; the arguments are optional
//   - call: tool {"a":1} !! error      a tool call that fails
//   - attach: name.txt text/plain content
//   - ask: question         asks the user for input
//   - wait: 500ms
//   - pace: 90s             spreads the says that follow over this time, word by word
//   - repeat 20             does the steps nested below it 20 times
//   - next message          completes the message and begins another
//   - cut                   breaks the reader's connection inside an event
//   - fail: message         ends the run with an error
//
// A text may go on in indented lines. To keep blanks at its ends, or to put in
// line breaks, write it as a JSON string in quotes. Texts may contain {{message}},
// the message; {{n}}, the count of the innermost repeat, from 1; and {{seconds}},
// the time the message names, as in "a 90-second story", or the default given as
// {{seconds|3}}.
package scripted

import (
	"context"

	"sema4mcp/internal/localtenant/minds"
)

// Architecture is the architecture_name of agents with this mind.
const Architecture = "scripted"

// Mind is a [minds.Mind].
type Mind struct{}

// Answer follows the agent's runbook. One that does not parse is a
// [minds.Failure] that names the line.
func (Mind) Answer(ctx context.Context, turn minds.Turn, out minds.Emitter) error {
	steps, err := Parse(turn.Agent.Runbook)
	if err != nil {
		return &minds.Failure{Code: "bad_request", Message: "The runbook cannot be followed: " + err.Error()}
	}
	p := &performance{out: out, values: values{message: turn.Message}}
	return p.perform(ctx, steps)
}
