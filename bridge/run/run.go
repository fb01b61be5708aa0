package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"sema4mcp/restclient"
)

// State is where a run stands.
type State string

// The states of a run.
const (
	Working     State = "working"     // the agent is at it
	NeedsInput  State = "needs_input" // the agent asked something and waits for the next message
	Completed   State = "completed"   // the answer is whole
	Failed      State = "failed"      // the agent gave up, or the message never reached it
	Cancelled   State = "cancelled"   // somebody asked for it to stop
	Interrupted State = "interrupted" // the connection was lost and the agent wrote no more
)

// Arrival is what is known of a run's message.
type Arrival uint8

// The zero Arrival is Unknown: the message was sent and not confirmed.
const (
	Unknown    Arrival = iota
	NotArrived         // it was not sent, or the tenant refused it
	Arrived            // it stands in the conversation
)

// Agent is who a run talks to.
type Agent struct{ ID, Name string }

// Run is one message and everything the agent does about it. It is safe for
// concurrent use.
type Run struct {
	ID     ID
	Agent  Agent
	Thread string // the conversation's name; "" where only the ID is known

	files string // the identity of those that go with the message
	began time.Time
	stop  context.CancelCauseFunc // ends the reader
	done  chan struct{}           // closed when nothing more will come
	local bool                    // its tenant ends with this process

	sentHere bool     // by this process, which has not merely looked for it
	asked    []asking // guarded by the manager's mu: what it is the answer to

	// The reader's own: where in the conversation it begins to read, how much it has
	// seen there last, and when that was new.
	from   mark
	extent int
	grown  time.Time

	mu       sync.Mutex // guards all below
	state    State
	onItsWay bool  // its message was posted: nothing here can stop the agent
	halted   bool  // it is being stopped: nothing may be sent any more
	followed bool  // its stream is not held here: all that is known is its conversation
	refusal  error // what the tenant said in place of an answer, if it did
	told     bool  // its end was told to a caller
	inferred bool  // it ended by what the conversation looked like, not by the agent's word
	ended    bool  // nothing more will come
	arrival  Arrival
	failure  string
	question string // what the agent asked
	messages []restclient.Message
	written  *restclient.Transcript // grows while a stream is read; nil otherwise
	steps    []string
	noticed  map[item]stage
	changed  chan struct{} // closed at the next change; nil where nobody waits
	turned   chan struct{} // closed at the next change of state; likewise
}

func newRun(id ID, agent Agent, thread string, stop context.CancelCauseFunc) *Run {
	return &Run{ID: id, Agent: agent, Thread: thread, began: time.Now(), stop: stop, done: make(chan struct{}), state: Working,
		noticed: make(map[item]stage)}
}

// Report is what there is to say about a run at one moment.
type Report struct {
	State    State
	Ended    bool // nothing more will come
	Arrival  Arrival
	Failure  string // why it is Failed or Interrupted
	Question string // what the agent asked, when NeedsInput
	Messages []restclient.Message
	Elapsed  time.Duration // since the run began
	Outlives bool          // the agent goes on when this process ends, as far as is known
	Unmarked bool          // it was read from the conversation, where a question looks like an answer
}

// Left tells that this process has let go of a run whose agent goes on: it ended
// here while the agent was at work.
func (r Report) Left() bool { return r.Ended && r.State == Working }

// Report returns how the run stands now.
func (r *Run) Report() Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Report{State: r.state, Ended: r.ended, Arrival: r.arrival, Failure: r.failure, Question: r.question,
		Messages: r.answer(), Elapsed: time.Since(r.began), Outlives: r.survivesLocked(),
		Unmarked: r.followed || r.ID.Way == Posted}
}

// answer wants r.mu held.
func (r *Run) answer() []restclient.Message {
	if r.written != nil {
		return r.written.Messages()
	}
	return slices.Clone(r.messages)
}

// Done is closed when nothing more will come of the run.
func (r *Run) Done() <-chan struct{} { return r.done }

// Settled tells whether there is nothing to wait for: the run has ended, or
// the agent waits for an answer. The channel is closed when that may be
// otherwise.
func (r *Run) Settled() (settled bool, turned <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.turned == nil {
		r.turned = make(chan struct{})
	}
	return r.ended || r.state == NeedsInput, r.turned
}

// Steps returns what the agent has been seen doing from the n-th step on, and a
// channel that is closed at the run's next change. Every observer that goes on
// from where it stood sees every step exactly once.
func (r *Run) Steps(n int) (steps []string, changed <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.changed == nil {
		r.changed = make(chan struct{})
		if r.ended { // there is no next change to wait for
			close(r.changed)
		}
	}
	return slices.Clone(r.steps[min(n, len(r.steps)):]), r.changed
}

// Live tells whether something may still come of the run.
func (r *Run) Live() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.ended
}

// working tells whether the agent is at it, and not waiting for an answer.
func (r *Run) working() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.ended && r.state == Working
}

// doubtful tells whether a second look might see more than the first.
func (r *Run) doubtful() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended && r.inferred
}

// Tell notes that a caller has been told how the run ended: from then on the same
// words are a new question. Until then they may be those of a caller who has lost
// the answer.
func (r *Run) Tell() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = r.ended
}

// owed tells that the run has ended, and nobody has been told how.
func (r *Run) owed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended && !r.told && r.state != Cancelled // whoever cancels a run knows its end
}

// answered tells that the agent has finished, as far as is known.
func (r *Run) answered() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended && (r.state == Completed || r.state == NeedsInput)
}

// survives tells that the agent goes on when this process ends.
func (r *Run) survives() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.survivesLocked()
}

// survivesLocked wants r.mu held.
func (r *Run) survivesLocked() bool { return !r.local && r.arrival == Arrived && r.ID.Way != Streamed }

func (r *Run) notArrived() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.arrival == NotArrived
}

func (r *Run) arrived() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.arrival == Arrived
}

// neverSent tells that the message provably did not arrive.
func (r *Run) neverSent() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended && r.arrival == NotArrived
}

// Elapsed is the time since the run began.
func (r *Run) Elapsed() time.Duration { return time.Since(r.began) }

// Tail returns the last characters, n at most, of what has been written so far,
// and how many there are altogether.
func (r *Run) Tail(n int) (tail string, length int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	messages := r.answer()
	if len(messages) == 0 {
		return "", 0
	}
	for _, message := range messages {
		length += len(message.Text())
	}
	text := []rune(messages[len(messages)-1].Text())
	return string(text[max(0, len(text)-n):]), length
}

// update changes the run under its lock and wakes whoever observes it. A run
// that has ended stays as it is.
func (r *Run) update(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return
	}
	state := r.state
	change()
	if r.state != state || r.ended {
		wake(&r.turned)
	}
	wake(&r.changed)
}

func wake(observers *chan struct{}) {
	if *observers != nil {
		close(*observers)
		*observers = nil
	}
}

// end settles the run for good. One that completes with a question waits for the
// next message in the thread.
func (r *Run) end(state State, failure string) {
	r.update(func() {
		if state == Completed && r.question != "" {
			state = NeedsInput
		}
		r.state, r.failure, r.ended = state, failure, true
		r.messages, r.written = r.answer(), nil
		close(r.done)
	})
}

// fail ends a run whose agent has failed.
func (r *Run) fail(reason error) {
	r.update(func() { r.arrival = Arrived })
	r.end(Failed, fmt.Sprintf("The agent ran and failed: %v", reason))
}

// stopped ends a run whose reader was told to go.
func (r *Run) stopped(ctx context.Context) {
	switch {
	case errors.Is(context.Cause(ctx), errStopped):
		r.end(Cancelled, "")
	case r.notArrived():
		r.end(Interrupted, "The bridge was shut down before the message was sent: the agent did not run.")
	case r.survives():
		r.end(Working, "")
	case r.ID.Way == Streamed && !r.isFollowed():
		r.end(Interrupted, "The bridge was shut down while the agent was at work, which stops it.")
	case r.local:
		r.end(Interrupted, "The bridge was shut down while the agent was at work, and its tenant with it.")
	default:
		r.infer(Interrupted, "The bridge was shut down before it was known what became of the message: get_run looks again.")
	}
}

func (r *Run) isFollowed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.followed
}
