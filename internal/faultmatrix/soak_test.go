package faultmatrix_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// soakFaults are what a run of the soak may meet, one of them at a time. Stops says
// that the tenant notices, and stops an agent whose stream it is.
var soakFaults = []struct {
	rules func(*row) []*rule
	stops bool
}{
	{rules: at(atHeaders, reset)},
	{rules: at(insideRequest, reset)},
	{rules: on(send, 1, "cut=body")},
	{rules: on(send, 1, "cut=headers"), stops: true},
	{rules: on(send, 1, "status=500")},
	{rules: on(send, 1, "status=500;store")},
	{rules: on(send, 1, "status=503,retry-after=1s")},
	{rules: on(send, 2, "status=503")},
	{rules: on(send, 1, "status=429")},
	{rules: on(send, 1, "status=429;store")},
	{rules: on(send, 1, "html=502")},
	{rules: on(send, 1, "html=502;store")},
	{rules: on(send, 1, "html=504;store")},
	{rules: on(send, 1, "latency=200ms")},
	{rules: behind(atAnswer, cut)},
	{rules: behind(atAnswer, cutHeaders)},
	{rules: behind(atAnswer, page)},
	{rules: after(cut, typed("agent_ready"))},
	{rules: after(cut, delta("add", "/content/0"))},
	{rules: after(cut, typed("message_end"))},
	{rules: after(reset, status("finished"))},
	{rules: after(finish, delta("add", "/content/1"))},
	{rules: inside(typed("agent_finished"))},
	{rules: on(send, 1, "cut=event:1"), stops: true},
	{rules: on(send, 1, "cut=event:13"), stops: true},
	{rules: on(send, 1, "cut=mid-event:12"), stops: true},
	{rules: on(send, 1, "garbage=event:12")},
	{rules: on(send, 1, "unknown-op=event:5")},
	{rules: on(read, 2, "status=500")},
	{rules: on(read, 2, "cut=headers")},
	{rules: on(list, 1, "status=503")},
	{rules: on(create, 1, "status=500;store")},
	{rules: on(create, 1, "cut=headers")},
	{rules: then(storedAndCut, rule{times: 2, fault: "status=503"})},
	{rules: then(on(send, 1, "cut=body"), rule{times: 1, fault: "html=502"})},
}

const (
	soakWorkers = 48
	// soakThread is how many messages of a worker go into one thread.
	soakThread = 15
	// faultless is the share of runs that nothing happens to.
	faultless = 0.6
)

// tally counts what came of the runs.
type tally struct {
	runs, faults, kills, exceptions, duplicates, lost atomic.Int64
}

func (s *tally) String() string {
	return fmt.Sprintf("%d runs, %d with a fault, %d processes killed: %d messages twice or never, %d answers lost, %d agents stopped with their stream (the exception)",
		s.runs.Load(), s.faults.Load(), s.kills.Load(), s.duplicates.Load(), s.lost.Load(), s.exceptions.Load())
}

// worker asks one agent question after question.
type worker struct {
	t      *testing.T
	site   *site
	front  front
	agent  agentSpec
	number int
	chance *rand.Rand
	counts *tally
}

func TestSoak(t *testing.T) {
	s := newSite(t)
	workers := make([]*worker, soakWorkers)
	counts := new(tally)
	for i := range workers {
		agent, err := s.rest.newAgent(fmt.Sprintf("Soak %d", i), instant)
		if err != nil {
			t.Fatal(err)
		}
		workers[i] = &worker{t: t, site: s, agent: agent, number: i, chance: rand.New(rand.NewPCG(*soakSeed, uint64(i))), counts: counts}
	}
	lasting := []front{newFront(t, "http", s.proxy.baseURL()), newFront(t, "stdio", s.proxy.baseURL())}
	mortal := []front{newFront(t, "http", s.proxy.baseURL()), newFront(t, "stdio", s.proxy.baseURL())}
	server, bridge := lasting[0].(*httpFront), lasting[1].(*stdioFront)
	workers[0].front = server
	workers[0].one(t.Context(), "warm-up", "warm-up")
	before := server.gauges(t, s.proxy)

	ctx, cancel := context.WithTimeout(t.Context(), *soakTime)
	defer cancel()
	var working, killing sync.WaitGroup
	began := time.Now()
	for i, w := range workers {
		w.front = lasting[i%2]
		if i%4 == 3 || i%8 == 6 { // a few of each
			w.front = mortal[i%2]
		}
		working.Go(func() { w.work(ctx) })
	}
	for i, f := range mortal {
		killing.Go(func() { killNowAndThen(ctx, f, rand.New(rand.NewPCG(*soakSeed, uint64(soakWorkers+i))), counts) })
	}
	killing.Wait()
	working.Wait()
	took := time.Since(began)
	t.Logf("%v; %.0f runs/s, seed %d", counts, float64(counts.runs.Load())/took.Seconds(), *soakSeed)
	if counts.runs.Load() == 0 || counts.faults.Load() == 0 {
		t.Error("the soak shows nothing")
	}

	after := server.settledGauges(t, s.proxy, before)
	if after.goroutines > before.goroutines+slack || after.liveRuns != 0 {
		t.Errorf("the server had %+v before and has %+v after the soak", before, after)
	}
	if open := s.proxy.open.Load(); open != 0 {
		t.Errorf("%d requests are still on their way to the tenant", open)
	}
	left := bridge.goroutines()
	if len(left) == 0 || len(left) > bridgeAtRest {
		t.Errorf("the bridge is left with %d goroutines:\n%s", len(left), strings.Join(left, "\n"))
	}
	t.Logf("the server had %+v before and has %+v after; the bridge is left with %d goroutines", before, after, len(left))
}

// killNowAndThen kills a product for as long as the soak lasts; the hosts start it
// again. It gets the time to find out that an agent was stopped, see patience.
func killNowAndThen(ctx context.Context, f front, chance *rand.Rand, counts *tally) {
	for pause := time.Second; ; pause = 10 * time.Second {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause + time.Duration(chance.IntN(2000))*time.Millisecond):
		}
		<-f.signal(syscall.SIGKILL)
		counts.kills.Add(1)
	}
}

func (w *worker) work(ctx context.Context) {
	for n := 0; ctx.Err() == nil; n++ {
		w.one(context.WithoutCancel(ctx), fmt.Sprintf("thread-%d-%d", w.number, n/soakThread), fmt.Sprintf("question %d of %d", n, w.number))
	}
}

// one asks a question through a fault, and looks what came of it.
func (w *worker) one(ctx context.Context, thread, question string) {
	ctx, cancel := context.WithTimeout(ctx, rowWithin)
	defer cancel()
	h := &host{front: w.front, era: []string{legacy, modern}[w.chance.IntN(2)], agent: w.agent, thread: thread, question: question, key: question,
		listening: w.chance.IntN(2) == 0}
	fault, stops := -1, false
	w.site.proxy.obey(w.agent.id)
	if w.chance.Float64() > faultless {
		fault = w.chance.IntN(len(soakFaults))
		w.site.proxy.obey(w.agent.id, soakFaults[fault].rules(nil)...)
		stops = soakFaults[fault].stops && h.listening
		w.counts.faults.Add(1)
	}
	got := h.ask(ctx)
	w.counts.runs.Add(1)
	s, err := w.site.rest.look(w.agent.id, thread, question)
	if err != nil {
		w.t.Error(err)
		return
	}
	told := func() string { return fmt.Sprintf("%s, fault %d, %+v\n    %s", question, fault, got, h.told()) }
	if s.times != 1 || s.threads != 1 {
		w.counts.duplicates.Add(1)
		w.t.Errorf("the message stands %d times in %d conversations: %s", s.times, s.threads, told())
	}
	switch {
	case got.err == nil && got.state == "completed" && got.text == wholeAnswer(question):
	case !s.answered && got.state == "interrupted" && strings.Contains(got.text, s.answer) && (stops || got.cut && h.listening):
		w.counts.exceptions.Add(1)
	default:
		w.counts.lost.Add(1)
		w.t.Errorf("the answer is not whole (complete in the conversation: %v): %s", s.answered, told())
	}
}

// gauges are what a server says of itself.
type gauges struct{ goroutines, liveRuns int }

// slack is for what a runtime and an HTTP server begin and end by themselves.
const slack = 4

// gauges are read with no connection open but the one that reads them.
func (f *httpFront) gauges(t *testing.T, p *proxy) gauges {
	t.Helper()
	f.client.CloseIdleConnections()
	p.closeIdle()
	response, err := restClient.Get(f.url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatal(response.Status, err)
	}
	return gauges{gauge(t, body, "go_goroutines"), gauge(t, body, "sema4_mcp_runs_live")}
}

func gauge(t *testing.T, metrics []byte, name string) int {
	t.Helper()
	found := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindSubmatch(metrics)
	if found == nil {
		t.Fatalf("no metric is called %s", name)
	}
	value, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return int(value)
}

// settledGauges waits for what is ending to have ended.
func (f *httpFront) settledGauges(t *testing.T, p *proxy, want gauges) gauges {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(again) {
		got := f.gauges(t, p)
		if got.goroutines <= want.goroutines+slack && got.liveRuns == 0 || time.Now().After(deadline) {
			return got
		}
	}
}

// bridgeAtRest is how many goroutines a bridge has that nobody asks anything: main,
// the reading of its input, signals and the runtime's own, and two for each connection
// that is kept open. A leak would leave hundreds.
const bridgeAtRest = 40

var goroutine = regexp.MustCompile(`(?m)^goroutine \d+ .*$\n.*$`)

// goroutines ends the bridge by SIGQUIT, at which the runtime lists them.
func (f *stdioFront) goroutines() []string {
	<-f.signal(syscall.SIGQUIT)
	return goroutine.FindAllString(f.log(), -1)
}
