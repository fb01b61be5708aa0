package scripted

import (
	"context"
	"fmt"
	"time"

	"sema4mcp/internal/localtenant/minds"
	"sema4mcp/internal/localtenant/thread"
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
	for i, step := range steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		if pace, ok := step.(paceStep); ok {
			if err := p.setPace(pace, steps[i+1:]); err != nil {
				return err
			}
			continue
		}
		if err := p.do(ctx, step); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (p *performance) do(ctx context.Context, step Step) error {
	switch step := step.(type) {
	case sayStep:
		return p.say(ctx, p.text(step.text))
	case thinkStep:
		p.out.Think(p.text(step.text))
	case callStep:
		p.call(step)
	case attachStep:
		p.out.Attach(thread.Attachment{Name: step.name, MIMEType: step.mimeType, Data: []byte(p.text(step.content))})
	case askStep:
		p.out.Ask(p.text(step.text), askTimeout)
	case waitStep:
		return p.wait(ctx, step)
	case repeatStep:
		return p.repeat(ctx, step)
	case nextStep:
		p.out.NextMessage()
	case cutStep:
		p.out.Cut()
	case failStep:
		return &minds.Failure{Code: "unexpected_error", Message: p.text(step.text)}
	default:
		return fmt.Errorf("step %T cannot be done", step)
	}
	return nil
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

func (p *performance) call(step callStep) {
	call := p.out.Call(step.name, step.arguments.expand(p.values, insideJSON))
	call.Start()
	if step.fails {
		call.Fail(p.text(step.result))
		return
	}
	call.Finish(p.text(step.result))
}

func (p *performance) wait(ctx context.Context, step waitStep) error {
	length, err := parseDuration(p.text(step.length))
	if err != nil {
		return asFailure("wait", err)
	}
	return minds.Pause(ctx, length)
}

func (p *performance) repeat(ctx context.Context, step repeatStep) error {
	outer := p.values.n
	defer func() { p.values.n = outer }()
	for n := range step.times {
		p.values.n = n + 1
		if err := p.perform(ctx, step.steps); err != nil {
			return err
		}
	}
	return nil
}

// asFailure tells the user what only a value put into a template has made wrong.
func asFailure(verb string, err error) error {
	return &minds.Failure{Code: "bad_request", Message: "The runbook cannot be followed: " + verb + ": " + err.Error()}
}
