package bridge

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/bridge/run"
)

// listenedRun is a run whose answer somebody wants to hear of.
type listenedRun struct {
	*run.Run
	uri  string
	told progress // when they last heard
}

// runsOf are those of the resources that the server can tell of: the answers of
// runs. What becomes of a thread, its files and data frames is not known here, as
// others write there, too.
func (s scope) runsOf(ctx context.Context, uris []string) (runs []listenedRun, agreed []string) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.tenant.config.CallBudget, errOverBudget)
	defer cancel()
	for _, uri := range uris[:min(len(uris), maxListened)] {
		parsed, err := parseResourceURI(uri)
		if err != nil || parsed.runID == "" || slices.Contains(agreed, uri) {
			continue
		}
		id, agent, err := s.runOf(ctx, parsed.runID)
		if err != nil {
			continue
		}
		if r, err := s.tenant.runs.Find(ctx, id, agent); err == nil {
			runs, agreed = append(runs, listenedRun{r, uri, progressOf(r)}), append(agreed, uri)
		}
	}
	return runs, agreed
}

// progress is the same for as long as a run's answer is.
type progress struct {
	state run.State
	ended bool
	size  int // in bytes
}

func progressOf(r *run.Run) progress {
	report := r.Report()
	_, size := r.Tail(0)
	return progress{report.State, report.Ended, size}
}

// tellRun tells of each change of a run's answer until it is whole, but no more
// often than clients are asked to look.
func (s subscription) tellRun(ctx context.Context, r listenedRun) {
	for {
		_, changed := r.Steps(math.MaxInt)
		now := progressOf(r.Run)
		if now != r.told {
			if s.notify(ctx, mcp.MethodNotificationResourceUpdated, map[string]any{"uri": r.uri}) != nil {
				return
			}
			r.told = now
		}
		if now.ended {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
		pause := time.NewTimer(pollEvery)
		select {
		case <-pause.C:
		case <-r.Done():
		case <-ctx.Done():
		}
		pause.Stop()
	}
}
