package bridge

import (
	"context"

	"sema4mcp/bridge/run"
)

type observerKey struct{}

// Observing has the tools that are called with this ctx show the run they wait
// for: how it stands and all that the agent has written, at each change and once
// more before the call returns. It is for a caller in this process who wants more
// than a host can take; see is called one at a time. Calls without a progress token are not
// observed.
func Observing(ctx context.Context, see func(report run.Report, answer string)) context.Context {
	return context.WithValue(ctx, observerKey{}, see)
}

// observe shows the run to who observes the call, if anybody does.
func observe(ctx context.Context, r *run.Run) {
	if see, ok := ctx.Value(observerKey{}).(func(run.Report, string)); ok {
		report := r.Report()
		see(report, answerOf(report.Messages).String())
	}
}
