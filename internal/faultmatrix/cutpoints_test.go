package faultmatrix_test

import (
	"context"
	"sync"
	"syscall"
	"time"
)

// Rules of one kind each, for the lists below.

func on(what kind, times int, fault string) func(*row) []*rule {
	return func(*row) []*rule { return []*rule{{on: what, times: times, fault: fault}} }
}

func at(where point, do deed) func(*row) []*rule {
	return func(*row) []*rule { return []*rule{{on: send, times: 1, at: where, do: do}} }
}

// behind does something to the product while the tenant notices nothing.
func behind(where point, do deed) func(*row) []*rule {
	return func(*row) []*rule { return []*rule{{on: send, times: 1, at: where, do: do, unnoticed: true}} }
}

// after cuts the stream, unnoticed by the tenant, after an event.
func after(do deed, this func(event) bool) func(*row) []*rule {
	return func(*row) []*rule {
		return []*rule{{on: send, times: 1, at: atEvent, event: this, do: do, unnoticed: true}}
	}
}

// then has the reads fail, too, that look for what became of the message.
func then(first func(*row) []*rule, reads rule) func(*row) []*rule {
	return func(r *row) []*rule {
		reads := reads
		reads.on, reads.skip = read, 0
		return append(first(r), &reads)
	}
}

// hooked calls something at a point and leaves the connection as it is.
func hooked(where point, what func(*row)) func(*row) []*rule {
	return func(r *row) []*rule {
		return []*rule{{on: send, times: 1, at: where, hook: func() { what(r) }}}
	}
}

func kill(r *row) { <-r.host.front.signal(syscall.SIGKILL) }

func terminate(r *row) { r.host.front.signal(syscall.SIGTERM) }

func leave(r *row) { r.host.leave() }

// Kinds of events.

func typed(name string) func(event) bool { return func(e event) bool { return e.Type == name } }

func delta(op, path string) func(event) bool {
	return func(e event) bool { return e.Delta.Op == op && e.Delta.Path == path }
}

func status(value string) func(event) bool {
	return func(e event) bool {
		return e.Delta.Path == "/content/2/status" && string(e.Delta.Value) == `"`+value+`"`
	}
}

var (
	streamed = []string{stream}
	posted   = []string{post}
	both     = []string{stream, post}
)

var cutPoints = join(
	[]cutPoint{{name: "nothing goes wrong"}},
	requestPoints, refusalPoints, answerPoints, eventPoints, lookPoints, threadPoints, callerPoints, processPoints, tenantPoints,
)

func join(lists ...[]cutPoint) []cutPoint {
	var all []cutPoint
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}

var requestPoints = []cutPoint{
	{name: "connection refused, later accepted", ownSite: true, play: func(ctx context.Context, r *row) []outcome {
		r.site.proxy.hangUp()
		r.beside(func() {
			time.Sleep(down)
			if err := r.site.proxy.listen(); err != nil {
				panic(err)
			}
		})
		return []outcome{r.host.ask(ctx)}
	}},
	{name: "tenant down, later up", ownSite: true, play: func(ctx context.Context, r *row) []outcome {
		<-r.site.tenant.signal(syscall.SIGKILL)
		r.beside(func() {
			time.Sleep(down)
			if err := r.site.tenant.start(); err != nil {
				panic(err)
			}
		})
		return []outcome{r.host.ask(ctx)}
	}},
	{name: "reset after the request's headers", rules: at(atHeaders, reset)},
	{name: "reset inside the request's body", rules: at(insideRequest, reset)},
	{name: "cut after the body, not stored", rules: on(send, 1, "cut=body"), resends: 1},
	{name: "cut after the body, not stored, three times", rules: on(send, 3, "cut=body"), resends: 3},
	{name: "slow tenant: 700ms before each answer", rules: func(*row) []*rule {
		return []*rule{{on: send, fault: "latency=700ms"}, {on: read, fault: "latency=700ms"}, {on: list, fault: "latency=700ms"}, {on: create, fault: "latency=700ms"}}
	}},
}

var refusalPoints = []cutPoint{
	{name: "500, not stored", rules: on(send, 1, "status=500"), resends: 1},
	{name: "500, stored", rules: on(send, 1, "status=500;store")},
	{name: "503, not stored", rules: on(send, 1, "status=503"), resends: 1},
	{name: "503, not stored, retry-after 1s", rules: on(send, 1, "status=503,retry-after=1s"), resends: 1},
	{name: "503, not stored, six times", rules: on(send, 6, "status=503"), resends: 6},
	{name: "503, stored", rules: on(send, 1, "status=503;store")},
	{name: "429, not stored", rules: on(send, 1, "status=429"), resends: 1},
	{name: "429, not stored, retry-after 1s", rules: on(send, 1, "status=429,retry-after=1s"), resends: 1},
	{name: "429, stored", rules: on(send, 1, "status=429;store")},
	{name: "gateway's 502, not stored", rules: on(send, 1, "html=502"), resends: 1},
	{name: "gateway's 502, stored", rules: on(send, 1, "html=502;store")},
	{name: "gateway's 504, stored", rules: on(send, 1, "html=504;store")},
	{name: "gateway's 429, not stored", rules: on(send, 1, "html=429"), resends: 1},
	{name: "500, stored, the agent is silent for long", rules: on(send, 1, "status=500;store"), runbook: slow},
	{name: "503, stored, the agent is silent for long", rules: on(send, 1, "status=503;store"), runbook: slow},
	{name: "gateway's 502, stored, the agent is silent for long", rules: on(send, 1, "html=502;store"), runbook: slow},
	{name: "408, stored", rules: on(send, 1, "html=408;store")},
}

var answerPoints = []cutPoint{
	{name: "cut before the answer's headers", rules: on(send, 1, "cut=headers"), stops: streamed},
	{name: "cut before the answer's headers, the tenant goes on", rules: behind(atAnswer, cut), ways: posted},
	{name: "cut inside the answer's headers", rules: behind(atAnswer, cutHeaders)},
	{name: "cut inside the answer's body", rules: behind(atAnswer, cutBody), ways: posted},
	{name: "cut while the agent works", rules: at(atWork, cut), runbook: slow, stops: streamed},
	{name: "cut while the agent works, the tenant goes on", rules: behind(atWork, cut), runbook: slow},
	{name: "cut while the agent is silent for long, the tenant goes on", rules: behind(atWork, cut), runbook: silent},
	{name: "gateway times out while the agent works", rules: behind(atWork, timeOut), runbook: slow, ways: posted},
	{name: "a gateway's page with status 200 in place of the answer", rules: behind(atAnswer, page)},
	{name: "no answer ever comes", rules: behind(atWork, silence)},
}

var eventPoints = ofEvents([]cutPoint{
	{name: "cut after agent_ready", rules: after(cut, typed("agent_ready"))},
	{name: "cut after message_begin", rules: after(cut, typed("message_begin"))},
	{name: "cut after the message's empty content", rules: after(cut, delta("add", "/content"))},
	{name: "cut after a thought", rules: after(cut, delta("add", "/content/0"))},
	{name: "cut after the text's beginning", rules: after(cut, delta("add", "/content/1"))},
	{name: "cut after a tool call's beginning", rules: after(cut, delta("add", "/content/2"))},
	{name: "cut after a tool call's start", rules: after(cut, status("running"))},
	{name: "cut after a tool call's end", rules: after(cut, status("finished"))},
	{name: "cut after more text", rules: after(cut, delta("concat_string", "/content/3/text"))},
	{name: "cut after the message is complete", rules: after(cut, delta("replace", "/complete"))},
	{name: "cut after message_end", rules: after(cut, typed("message_end"))},
	{name: "cut after agent_finished", rules: after(cut, typed("agent_finished"))},
	{name: "reset after the text's beginning", rules: after(reset, delta("add", "/content/1"))},
	{name: "clean end after the text's beginning", rules: after(finish, delta("add", "/content/1"))},
	{name: "clean end after message_end", rules: after(finish, typed("message_end"))},
	{name: "cut inside an event of text", rules: inside(delta("concat_string", "/content/3/text"))},
	{name: "cut inside agent_finished", rules: inside(typed("agent_finished"))},
	{name: "cut by the tenant before any event", rules: on(send, 1, "cut=event:0"), stops: streamed},
	{name: "cut by the tenant after agent_ready", rules: on(send, 1, "cut=event:1"), stops: streamed},
	{name: "cut by the tenant after some text", rules: on(send, 1, "cut=event:14"), stops: streamed},
	{name: "cut by the tenant after message_end", rules: on(send, 1, "cut=event:27"), stops: streamed},
	{name: "cut by the tenant inside an event", rules: on(send, 1, "cut=mid-event:14"), stops: streamed},
	{name: "cut by the agent inside an event", runbook: broken, stops: streamed},
	{name: "garbage in place of agent_ready", rules: on(send, 1, "garbage=event:1")},
	{name: "garbage in place of a text's beginning", rules: on(send, 1, "garbage=event:13")},
	{name: "garbage in place of more text", rules: on(send, 1, "garbage=event:23")},
	{name: "garbage in place of agent_finished", rules: on(send, 1, "garbage=event:28")},
	{name: "unknown operation in a message", rules: on(send, 1, "unknown-op=event:3")},
	{name: "unknown operation on the text", rules: on(send, 1, "unknown-op=event:23")},
	{name: "stall past the idle limit", rules: on(send, 1, "stall=event:13;8s"), stops: streamed},
	{name: "stall past the idle limit, the tenant goes on", rules: after(silence, delta("add", "/content/1"))},
	{name: "stall past the idle limit before any event", rules: on(send, 1, "stall=event:0;8s"), stops: streamed},
	{name: "stall within the idle limit", rules: stall(700 * time.Millisecond)},
})

func ofEvents(points []cutPoint) []cutPoint {
	for i := range points {
		points[i].ways = streamed
	}
	return points
}

func inside(this func(event) bool) func(*row) []*rule {
	return func(*row) []*rule {
		return []*rule{{on: send, times: 1, at: insideEvent, event: this, do: cut, unnoticed: true}}
	}
}

func stall(length time.Duration) func(*row) []*rule {
	return func(*row) []*rule {
		return []*rule{{on: send, times: 1, at: atEvent, event: delta("add", "/content/1"), do: briefSilence, latency: length}}
	}
}

// storedAndCut loses the answer of a message that stands.
var storedAndCut = on(send, 1, "status=502;store")

// What fails besides is the reading that is to find out what became of it. The first
// read of a row is that before the message is sent, in a thread that is new there is
// none.
var lookPoints = []cutPoint{
	{name: "answer lost, then reads: 500 twice", rules: then(storedAndCut, rule{times: 2, fault: "status=500"})},
	{name: "answer lost, then reads: 503 eight times", rules: then(storedAndCut, rule{times: 8, fault: "status=503"})},
	{name: "answer lost, then reads: cut four times", rules: then(storedAndCut, rule{times: 4, fault: "cut=headers"})},
	{name: "answer lost, then reads: cut inside the body", rules: then(storedAndCut, rule{times: 3, at: atAnswer, do: cutBody})},
	{name: "answer lost, then reads: a gateway's pages", rules: then(storedAndCut, rule{times: 3, fault: "html=502"})},
	{name: "answer lost, then reads: a page with status 200", rules: then(storedAndCut, rule{times: 2, at: atAnswer, do: page})},
	{name: "answer lost, then reads: 429 with retry-after", rules: then(storedAndCut, rule{times: 1, fault: "status=429,retry-after=1s"})},
	{name: "answer lost, then reads: 700ms each", rules: then(storedAndCut, rule{fault: "latency=700ms"})},
	{name: "message lost, then reads: 500 twice", rules: then(on(send, 1, "cut=body"), rule{times: 2, fault: "status=500"}), resends: 1},
	{name: "message lost, then reads: 503 eight times", rules: then(on(send, 1, "cut=body"), rule{times: 8, fault: "status=503"}), resends: 1},
}

// What fails before the message is sent needs only one way.
var threadPoints = inOneWay([]cutPoint{
	{name: "agent: 503 twice", rules: on(agent, 2, "status=503")},
	{name: "conversations: 500 twice", rules: on(list, 2, "status=500")},
	{name: "conversations: 503 six times", rules: on(list, 6, "status=503")},
	{name: "conversations: cut twice", rules: on(list, 2, "cut=headers")},
	{name: "conversation not created, 500", rules: on(create, 1, "status=500")},
	{name: "conversation created, 500", rules: on(create, 1, "status=500;store")},
	{name: "conversation created, gateway's 502", rules: on(create, 1, "html=502;store")},
	{name: "conversation not created, cut", rules: on(create, 1, "cut=body")},
	{name: "conversation created, cut", rules: on(create, 1, "cut=headers")},
	{name: "conversation created, cut inside the answer", rules: func(*row) []*rule { return []*rule{{on: create, times: 1, at: atAnswer, do: cutBody}} }},
	{name: "conversation: reset after the request's headers", rules: func(*row) []*rule { return []*rule{{on: create, times: 1, at: atHeaders}} }},
	{name: "known thread, position: 500 twice", play: inKnownThread, rules: on(read, 2, "status=500")},
	{name: "known thread, position: 503 six times", play: inKnownThread, rules: on(read, 6, "status=503")},
})

func inOneWay(points []cutPoint) []cutPoint {
	for i := range points {
		points[i].ways = posted
	}
	return points
}

// inKnownThread has the conversation exist before the question.
func inKnownThread(ctx context.Context, r *row) []outcome {
	if err := r.site.rest.call("POST", "/agents/"+r.agent.id+"/conversations", map[string]any{"name": r.host.thread}, nil); err != nil {
		return []outcome{{err: err}}
	}
	return []outcome{r.host.ask(ctx)}
}

// beside does something while the hosts ask.
func (r *row) beside(what func()) { r.happened.Go(what) }

var callerPoints = []cutPoint{
	{name: "host goes away while the agent works", ownFront: true, rules: hooked(atWork, leave), runbook: slow, stops: streamed},
	{name: "host goes away before the answer", ownFront: true, rules: hooked(atAnswer, leave)},
	{name: "host goes away before the message is sent", ownFront: true, rules: func(r *row) []*rule {
		return []*rule{{on: create, times: 1, at: atHeaders, hook: func() { leave(r) }}}
	}},
	{name: "host cancels the call while the agent works", rules: hooked(atWork, func(r *row) { r.host.cancel(errCancelled) }), runbook: slow},
	{name: "two hosts ask the same at once", play: func(ctx context.Context, r *row) []outcome {
		return r.together(ctx, r.host, r.newHost(r.host.front))
	}},
	{name: "two hosts ask the same at once, without a key", play: func(ctx context.Context, r *row) []outcome {
		second := r.newHost(r.host.front)
		r.host.key, second.key = "", ""
		return r.together(ctx, r.host, second)
	}, runbook: slow},
	{name: "host asks again with its key after the answer", play: func(ctx context.Context, r *row) []outcome {
		return []outcome{r.host.ask(ctx), r.newHost(r.host.front).ask(ctx)}
	}},
	{name: "host asks again with its key after the answer, in a new process", ownFront: true, play: func(ctx context.Context, r *row) []outcome {
		first := r.host.ask(ctx)
		kill(r)
		if err := r.host.revive(ctx); err != nil {
			return []outcome{first, {err: err}}
		}
		return []outcome{first, r.host.ask(ctx)}
	}},
	{name: "host asks again with its key while the agent works", runbook: slow, play: func(ctx context.Context, r *row) []outcome {
		a, err := r.host.until(ctx, "working")
		if err != nil {
			return []outcome{{state: a.state(), text: a.text(), err: err}}
		}
		return []outcome{r.host.ask(ctx)}
	}},
	{name: "another process is asked for the run while it works", ownFront: true, besideShared: true, runbook: slow, play: func(ctx context.Context, r *row) []outcome {
		return r.elsewhere(ctx, func(a answer, second *host) outcome { return second.follow(ctx, a.runID()) })
	}},
	{name: "another process gets the same call while the agent works", ownFront: true, besideShared: true, runbook: slow, play: func(ctx context.Context, r *row) []outcome {
		return r.elsewhere(ctx, func(_ answer, second *host) outcome { return second.ask(ctx) })
	}},
}

// together has two hosts ask at the same time.
func (r *row) together(ctx context.Context, hosts ...*host) []outcome {
	outcomes := make([]outcome, len(hosts))
	var asking sync.WaitGroup
	for i, h := range hosts {
		asking.Go(func() { outcomes[i] = h.ask(ctx) })
	}
	asking.Wait()
	return outcomes
}

// elsewhere begins a run by the row's front and goes on with another.
func (r *row) elsewhere(ctx context.Context, goOn func(answer, *host) outcome) []outcome {
	a, err := r.host.until(ctx, "working")
	if err != nil {
		return []outcome{{state: a.state(), text: a.text(), err: err}}
	}
	second := r.newHost(r.other)
	return []outcome{goOn(a, second), r.host.follow(ctx, a.runID())}
}

var processPoints = []cutPoint{
	{name: "product killed before the message is sent", ownFront: true, restarts: true, rules: func(r *row) []*rule {
		return []*rule{{on: send, times: 1, at: atHeaders, hook: func() { kill(r) }}}
	}, resends: 1},
	{name: "product killed while the agent works", ownFront: true, restarts: true, rules: hooked(atWork, kill), runbook: slow, stops: streamed, resends: 1},
	{name: "product killed before the answer", ownFront: true, restarts: true, rules: hooked(atAnswer, kill)},
	{name: "product killed after it has said that the agent works", ownFront: true, restarts: true, runbook: slow, stops: streamed, resends: 1, play: killedAfter("working")},
	{name: "product killed after the answer", ownFront: true, restarts: true, play: killedAfter("completed")},
	{name: "product killed after the answer, asked for the run, then called again", ownFront: true, restarts: true, play: func(ctx context.Context, r *row) []outcome {
		outcomes := killedAfter("completed")(ctx, r)
		return append(outcomes, r.host.ask(ctx))
	}},
	{name: "product killed while the agent works, asked for the run, then called again", ownFront: true, restarts: true, runbook: slow, ways: posted, play: func(ctx context.Context, r *row) []outcome {
		outcomes := killedAfter("working")(ctx, r)
		return append(outcomes, r.host.ask(ctx))
	}},
	{name: "product killed while it looks for a lost message", ownFront: true, restarts: true, rules: func(r *row) []*rule {
		return []*rule{{on: send, times: 1, fault: "status=502;store"}, {on: read, times: 1, at: atHeaders, hook: func() { kill(r) }}}
	}, resends: 1},
	{name: "product killed after the conversation was created", ownFront: true, restarts: true, rules: func(r *row) []*rule {
		return []*rule{{on: create, times: 1, at: atAnswer, hook: func() { kill(r) }}}
	}},
	{name: "server terminated, drains long enough", kind: "http", ownFront: true, rules: hooked(atWork, terminate), runbook: slow},
	{name: "bridge terminated while the agent works", kind: "stdio", ownFront: true, rules: hooked(atWork, terminate), runbook: slow, stops: streamed},
	{name: "server terminated, drains too short", kind: "http", ownFront: true, flags: []string{"--drain", "300ms"}, rules: hooked(atWork, terminate), runbook: slow, stops: streamed},
}

// killedAfter asks until the run has that state, kills the product and goes on with
// the run by its id.
func killedAfter(state string) func(context.Context, *row) []outcome {
	return func(ctx context.Context, r *row) []outcome {
		a, err := r.host.until(ctx, state)
		if err != nil {
			return []outcome{{state: a.state(), text: a.text(), err: err}}
		}
		kill(r)
		if err := r.host.revive(ctx); err != nil {
			return []outcome{{err: err}}
		}
		return []outcome{r.host.follow(ctx, a.runID())}
	}
}

var tenantPoints = []cutPoint{
	{name: "tenant killed while the agent works", ownSite: true, rules: restarting(atWork, syscall.SIGKILL), runbook: slow, stops: both},
	{name: "tenant terminated while the agent works", ownSite: true, rules: restarting(atWork, syscall.SIGTERM), runbook: slow, stops: both},
	{name: "tenant killed before the answer", ownSite: true, rules: restarting(atAnswer, syscall.SIGKILL)},
	{name: "tenant killed after the conversation was created", ownSite: true, rules: func(r *row) []*rule {
		return []*rule{{on: create, times: 1, at: atAnswer, hook: func() { r.restartTenant(syscall.SIGKILL) }}}
	}},
	{name: "product and tenant killed while the agent works", ownSite: true, restarts: true, runbook: slow, stops: both, rules: hooked(atWork, func(r *row) {
		kill(r)
		r.restartTenant(syscall.SIGKILL)
	})},
}

func restarting(where point, signal syscall.Signal) func(*row) []*rule {
	return hooked(where, func(r *row) { r.restartTenant(signal) })
}

// restartTenant returns when the tenant has ended, and starts it again meanwhile.
func (r *row) restartTenant(signal syscall.Signal) {
	<-r.site.tenant.signal(signal)
	r.beside(func() {
		time.Sleep(down)
		if err := r.site.tenant.start(); err != nil {
			panic(err)
		}
	})
}
