package faultmatrix_test

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// The two ways of sending, as callers ask for them: with a progress token or
// without.
const (
	stream = "stream"
	post   = "post"
)

// cutPoint is one thing that goes wrong, and what a row of it is like.
type cutPoint struct {
	name    string
	kind    string   // of front; "": both
	ways    []string // none: both
	runbook string   // "": quick
	rules   func(*row) []*rule
	play    func(context.Context, *row) []outcome // nil: a host asks

	ownFront bool     // the process is killed, or has flags of its own
	flags    []string // of that front
	ownSite  bool     // the tenant is killed; has a front of its own, too

	besideShared bool // the front that rows share is asked, too

	restarts bool // the product ends and is started again

	// stops are the ways in which the agent may have been stopped for good: the
	// answer is then what there is of it, and the run reads interrupted.
	stops []string
	// resends is how often the message may be seen again by the tenant, as it provably
	// did not store it before.
	resends int
}

// What the agents of rows do. All say the same, with more or less time between.
const (
	quick  = "- think: about it\n- say: \"The first part. \"\n- call: look_up {\"id\":7} => found\n- say: \"The second part, \"\n- wait: 200ms\n- say: \"and the end of {{message}}.\"\n"
	slow   = "- think: about it\n- say: \"The first part. \"\n- call: look_up {\"id\":7} => found\n- say: \"The second part, \"\n- wait: 2500ms\n- say: \"and the end of {{message}}.\"\n"
	silent = "- think: about it\n- say: \"The first part. \"\n- call: look_up {\"id\":7} => found\n- say: \"The second part, \"\n- wait: 5s\n- say: \"and the end of {{message}}.\"\n"
	broken = "- think: about it\n- say: \"The first part. \"\n- call: look_up {\"id\":7} => found\n- say: \"The second part, \"\n- cut\n- say: \"and the end of {{message}}.\"\n"
)

func wholeAnswer(question string) string {
	return "The first part.\n\nThe second part, and the end of " + question + "."
}

// row is a cut point by one front, in one era and way.
type row struct {
	point cutPoint
	kind  string
	era   string
	way   string

	site  *site
	host  *host
	agent agentSpec
	other front // a process beside the host's own

	happened sync.WaitGroup // what goes on beside the host
}

func (r *row) name() string { return strings.Join([]string{r.point.name, r.kind, r.era, r.way}, ", ") }

// result is a row's line of the table.
type result struct {
	row        *row
	sends      []string
	standing   standing
	outcomes   []outcome
	late       int // of them, known only when asked once more
	complaints []string
}

// rowWithin bounds a row.
const rowWithin = 40 * time.Second

func TestMatrix(t *testing.T) {
	began := time.Now()
	all := rows()
	shared := newSite(t)
	quieter := make([]*site, 4)
	for i := range quieter {
		quieter[i] = newSite(t)
	}
	for i, r := range all {
		r.house(t, i, shared, quieter[i%len(quieter)])
	}
	products := shared.share(t)
	var mu sync.Mutex
	var results []result
	t.Run("rows", func(t *testing.T) {
		for _, r := range all {
			t.Run(r.name(), func(t *testing.T) {
				t.Parallel()
				r.settle(t, products)
				got := r.run(t)
				for _, complaint := range got.complaints {
					t.Error(complaint)
				}
				if t.Failed() {
					t.Logf("the host's calls:\n    %s\nthe product:\n%s", r.host.told(), tail(r.host.front.log()))
				}
				mu.Lock()
				defer mu.Unlock()
				results = append(results, got)
			})
		}
	})
	slices.SortStableFunc(results, func(a, b result) int { return cmp.Compare(place(a.row), place(b.row)) })
	whole := table(results)
	t.Log(whole)
	if file := os.Getenv("FAULT_MATRIX"); file != "" { // for those who test without -v
		if err := os.WriteFile(file, []byte(whole+"\n"), 0o600); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d rows in %s", len(results), time.Since(began).Round(time.Second))
}

func tail(log string) string {
	lines := strings.Split(strings.TrimSpace(log), "\n")
	return strings.Join(lines[max(0, len(lines)-10):], "\n")
}

func rows() []*row {
	var all []*row
	for _, point := range cutPoints {
		for _, kind := range []string{"http", "stdio"} {
			if point.kind != "" && point.kind != kind {
				continue
			}
			for _, era := range []string{legacy, modern} {
				ways := point.ways
				if ways == nil {
					ways = []string{stream, post}
				}
				for _, way := range ways {
					all = append(all, &row{point: point, kind: kind, era: era, way: way})
				}
			}
		}
	}
	return all
}

func place(r *row) int {
	return slices.IndexFunc(cutPoints, func(p cutPoint) bool { return p.name == r.point.name })*8 +
		slices.Index([]string{"http" + legacy + stream, "http" + legacy + post, "http" + modern + stream, "http" + modern + post,
			"stdio" + legacy + stream, "stdio" + legacy + post, "stdio" + modern + stream, "stdio" + modern + post}, r.kind+r.era+r.way)
}

// house gives the row its agent, in a tenant that rows share. It comes before the
// products, which do not see at once what agents there are anew. A product that is
// started for one row has fewer agents to list.
func (r *row) house(t *testing.T, number int, shared, quieter *site) {
	r.agent = agentSpec{name: fmt.Sprintf("Row %d", number), runbook: cmp.Or(r.point.runbook, quick)}
	if !r.point.ownSite {
		r.site = shared
		if r.point.ownFront && !r.point.besideShared {
			r.site = quieter
		}
		r.hire(t)
	}
}

func (r *row) hire(t *testing.T) {
	var err error
	if r.agent, err = r.site.rest.newAgent(r.agent.name, r.agent.runbook); err != nil {
		t.Fatal(err)
	}
}

// settle gives the row its host, and a site of its own where it needs one.
func (r *row) settle(t *testing.T, products fronts) {
	if r.point.ownSite {
		r.site = newSite(t)
		r.hire(t)
	}
	product := products[r.kind+" "+r.era]
	if r.point.ownFront || r.point.ownSite {
		product = newFront(t, r.kind, r.site.proxy.baseURL(), r.point.flags...)
		if r.era == legacy {
			if err := initialize(t.Context(), product); err != nil {
				t.Fatal(err)
			}
		}
	}
	r.host, r.other = r.newHost(product), products[r.kind+" "+r.era]
}

// newHost is a host with the row's question; all of a row have the same.
func (r *row) newHost(product front) *host {
	h := &host{front: product, era: r.era, agent: r.agent, thread: "row-k3x9qa", question: "question " + r.agent.name, listening: r.way == stream}
	// Most hosts know no keys. Only one that has to ask again when the question may
	// have been answered cannot do without: of a process that has never heard of it,
	// or of one that has told the answer, if to nobody who still listened.
	if r.era == modern || r.point.restarts || r.point.ownSite || r.point.ownFront ||
		strings.Contains(r.point.name, "with its key") || strings.Contains(r.point.name, "goes away before the answer") {
		h.key = "key-1"
	}
	return h
}

func (r *row) run(t *testing.T) result {
	ctx, cancel := context.WithTimeout(t.Context(), rowWithin)
	defer cancel()
	if r.point.rules != nil {
		r.site.proxy.obey(r.agent.id, r.point.rules(r)...)
	}
	play := r.point.play
	if play == nil {
		play = func(ctx context.Context, r *row) []outcome { return []outcome{r.host.ask(ctx)} }
	}
	got := result{row: r, outcomes: play(ctx, r)}
	r.happened.Wait()
	r.site.proxy.obey(r.agent.id)
	got.sends = r.site.proxy.sends(r.agent.id)
	if r.point.restarts && r.host.front.starts() == 1 {
		got.complaints = append(got.complaints, "the product was never started again: the row shows nothing")
	}
	var err error
	if got.standing, err = r.finalStanding(ctx); err != nil {
		t.Fatal(err)
	}
	got.lookAgain(ctx)
	got.judge()
	return got
}

// finalStanding waits for an agent that is still writing.
func (r *row) finalStanding(ctx context.Context) (standing, error) {
	for deadline := time.Now().Add(4 * time.Second); ; time.Sleep(again) {
		s, err := r.site.rest.look(r.agent.id, r.host.thread, r.host.question)
		settled := s.answered && s.times >= len(r.site.proxy.sends(r.agent.id)) || slices.Contains(r.point.stops, r.way) && s.times <= 1
		if err != nil || settled || time.Now().After(deadline) || ctx.Err() != nil {
			return s, err
		}
	}
}

// lookAgain asks once more for the run of a lost stream that was thought to be
// interrupted, when the agent turns out to have gone on: it was silent for longer
// than it is waited for, and its answer is there for whoever asks again.
func (g *result) lookAgain(ctx context.Context) {
	for i, o := range g.outcomes {
		if o.state == "interrupted" && g.standing.answered && g.row.way == stream && g.row.point.runbook == silent {
			g.outcomes[i] = g.row.host.follow(ctx, o.runID)
			g.late++
		}
	}
}

// judge holds the row to the promise.
func (g *result) judge() {
	complain := func(format string, arguments ...any) {
		g.complaints = append(g.complaints, fmt.Sprintf(format, arguments...))
	}
	r, s := g.row, g.standing
	if s.threads != 1 {
		complain("there are %d conversations of that name", s.threads)
	}
	if s.times != 1 {
		complain("the message stands %d times (the tenant saw %v)", s.times, g.sends)
	}
	if n := len(g.sends); n > 1+r.point.resends {
		complain("the message was sent %d times, %v", n, g.sends)
	}
	stopped := !s.answered && slices.Contains(r.point.stops, r.way)
	for _, o := range g.outcomes {
		switch {
		case o.err != nil:
			complain("the host gave up: %v", o.err)
		case stopped && o.state == "interrupted":
			if !strings.Contains(o.text, s.answer) {
				complain("the partial answer %q is not in %q", s.answer, o.text)
			}
		case stopped:
			complain("the agent was stopped, and the run is %s: %q", o.state, o.text)
		case o.state != "completed" || o.text != wholeAnswer(r.host.question):
			complain("the answer is not whole, the run is %s: %q (it stands in the conversation: %v)", o.state, o.text, s.answered)
		}
	}
}

func (g *result) delivered() int {
	n := 0
	for _, o := range g.outcomes {
		if o.err == nil && o.state == "completed" && o.text == wholeAnswer(g.row.host.question) {
			n++
		}
	}
	return n
}

func (g *result) states() string {
	var states []string
	for _, o := range g.outcomes {
		state := cmp.Or(o.state, "none")
		if o.err != nil {
			state += " (given up)"
		}
		states = append(states, state)
	}
	text := strings.Join(slices.Compact(states), "+")
	if g.late > 0 {
		text = "interrupted, then " + text
	}
	return text
}

func table(results []result) string {
	var out strings.Builder
	out.WriteString("\ncut point | front | era | way | sends seen | message stands | answers delivered | final state\n")
	for _, g := range results {
		mark := ""
		if len(g.complaints) > 0 {
			mark = " | FAILED: " + strings.Join(g.complaints, "; ")
		}
		fmt.Fprintf(&out, "%s | %s | %s | %s | %d%s | %d | %d of %d | %s%s\n", g.row.point.name, g.row.kind, g.row.era, g.row.way,
			len(g.sends), otherWay(g), g.standing.times, g.delivered(), len(g.outcomes), g.states(), mark)
	}
	return out.String()
}

// otherWay names how a message was sent, where that is not what the caller asked for.
func otherWay(g result) string {
	sent := map[string]string{stream: "stream", post: "messages"}[g.row.way]
	for _, way := range g.sends {
		if way != sent {
			return " by " + way
		}
	}
	return ""
}
