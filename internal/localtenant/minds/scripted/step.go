package scripted

import (
	"context"

	"sema4mcp/internal/localtenant/minds"
	"sema4mcp/internal/localtenant/thread"
)

// Step is one thing a runbook wants done.
type Step interface {
	do(ctx context.Context, p *performance) error
}

type (
	sayStep    struct{ text template }
	thinkStep  struct{ text template }
	askStep    struct{ text template }
	failStep   struct{ text template }
	waitStep   struct{ length template }
	cutStep    struct{}
	nextStep   struct{}
	attachStep struct {
		name, mimeType string
		content        template
	}
	callStep struct {
		name              string
		arguments, result template
		fails             bool
	}
	repeatStep struct {
		times int
		steps []Step
	}
	paceStep struct {
		length    template
		following []Step // of the same list
	}
)

func (s sayStep) do(ctx context.Context, p *performance) error {
	return p.say(ctx, p.text(s.text))
}

func (s thinkStep) do(_ context.Context, p *performance) error {
	p.out.Think(p.text(s.text))
	return nil
}

func (s askStep) do(_ context.Context, p *performance) error {
	p.out.Ask(p.text(s.text), askTimeout)
	return nil
}

func (s failStep) do(_ context.Context, p *performance) error {
	return &minds.Failure{Code: "unexpected_error", Message: p.text(s.text)}
}

func (s waitStep) do(ctx context.Context, p *performance) error {
	length, err := parseDuration(p.text(s.length))
	if err != nil {
		return asFailure("wait", err)
	}
	return minds.Pause(ctx, length)
}

func (cutStep) do(_ context.Context, p *performance) error {
	p.out.Cut()
	return nil
}

func (nextStep) do(_ context.Context, p *performance) error {
	p.out.NextMessage()
	return nil
}

func (s attachStep) do(_ context.Context, p *performance) error {
	p.out.Attach(thread.Attachment{Name: s.name, MIMEType: s.mimeType, Data: []byte(p.text(s.content))})
	return nil
}

func (s callStep) do(_ context.Context, p *performance) error {
	call := p.out.Call(s.name, s.arguments.expand(p.values, insideJSON))
	call.Start()
	if s.fails {
		call.Fail(p.text(s.result))
	} else {
		call.Finish(p.text(s.result))
	}
	return nil
}

func (s repeatStep) do(ctx context.Context, p *performance) error {
	outer := p.values.n
	defer func() { p.values.n = outer }()
	for n := range s.times {
		p.values.n = n + 1
		if err := p.perform(ctx, s.steps); err != nil {
			return err
		}
	}
	return nil
}

func (s paceStep) do(_ context.Context, p *performance) error {
	length, err := parseDuration(p.text(s.length))
	if err != nil {
		return asFailure("pace", err)
	}
	p.setPace(length, s.following)
	return nil
}
