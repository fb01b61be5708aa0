// Package echo is the mind that answers at once with the message, for measuring.
package echo

import (
	"context"

	"sema4mcp/internal/localtenant/minds"
)

// Architecture is the architecture_name of agents with this mind.
const Architecture = "echo"

// Mind is a [minds.Mind].
type Mind struct{}

// Answer says the message back.
func (Mind) Answer(ctx context.Context, turn minds.Turn, out minds.Emitter) error {
	out.Text(turn.Message)
	return ctx.Err()
}
