package scripted

import (
	"context"
	"time"

	"sema4mcp/internal/localtenant/minds"
)

// askTimeout is how long the user is told to have for an answer.
const askTimeout = 5 * time.Minute

// performance is one run through a runbook.
type performance struct {
	out    minds.Emitter
	values values
	pacer  *pacer // nil: say at once
}

// perform does the steps of one list. A pace holds to the end of its list.
func (p *performance) perform(ctx context.Context, steps []Step) error {
	outer := p.pacer
	defer func() { p.pacer = outer }()
	for _, step := range steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := step.do(ctx, p); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (p *performance) text(t template) string { return t.expand(p.values, plain) }

func (p *performance) say(ctx context.Context, text string) error {
	if p.pacer == nil {
		p.out.Text(text)
		return nil
	}
	for _, word := range words(text) {
		if err := p.pacer.wait(ctx); err != nil {
			return err
		}
		p.out.Text(word)
	}
	return nil
}

// asFailure tells the user what only a value put into a template has made wrong.
func asFailure(verb string, err error) error {
	return &minds.Failure{Code: "bad_request", Message: "The runbook cannot be followed: " + verb + ": " + err.Error()}
}
