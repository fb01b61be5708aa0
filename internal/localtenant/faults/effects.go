package faults

import "context"

type effectsKey struct{}

// effects are what a handler must know of the faults of its request.
type effects struct {
	answersEarly bool
	keepsRun     bool
}

func withFault(ctx context.Context, f Fault) context.Context {
	all, _ := ctx.Value(effectsKey{}).(effects)
	all.keepsRun = all.keepsRun || f.Status != 0 && f.Store
	all.answersEarly = all.answersEarly || all.keepsRun || f.Cut.Where == CutHeaders
	return context.WithValue(ctx, effectsKey{}, all)
}

// AnswersEarly says that a fault answers the request in the handler's place as
// soon as the handler has set its work going.
func AnswersEarly(ctx context.Context) bool {
	all, _ := ctx.Value(effectsKey{}).(effects)
	return all.answersEarly
}

// KeepsRun says that a fault answers early and that the work goes on without a
// reader, even work that ends with its reader otherwise.
func KeepsRun(ctx context.Context) bool {
	all, _ := ctx.Value(effectsKey{}).(effects)
	return all.keepsRun
}
