package bridge

import (
	"sync"

	"sema4mcp/bridge/run"
)

// taskNote is what has become of a run as a task and its conversation does not
// show. Another process does without it.
type taskNote struct {
	next        *run.ID // of the run that the user's reply began
	declined    bool    // the user will not answer the agent's question
	cancelled   bool    // nobody wants the question answered any more
	unstoppable error   // why it did not stop when somebody asked for that
}

// maxTaskNotes bounds the memory that they take; the oldest go first.
const maxTaskNotes = 1000

// taskNotes are the notes by the ids of runs. The zero value is ready for use,
// also by several goroutines.
type taskNotes struct {
	mu    sync.Mutex // guards all below
	notes map[string]*taskNote
	order []string
}

func (t *taskNotes) of(id run.ID) taskNote {
	t.mu.Lock()
	defer t.mu.Unlock()
	if note := t.notes[id.String()]; note != nil {
		return *note
	}
	return taskNote{}
}

func (t *taskNotes) change(id run.ID, change func(*taskNote)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	note := t.notes[id.String()]
	if note == nil {
		if t.notes == nil {
			t.notes = make(map[string]*taskNote)
		}
		if len(t.order) == maxTaskNotes {
			delete(t.notes, t.order[0])
			t.order = t.order[1:]
		}
		note = new(taskNote)
		t.notes[id.String()] = note
		t.order = append(t.order, id.String())
	}
	change(note)
}

// last is the run that the replies to one run's questions have led to.
func (t *taskNotes) last(id run.ID) run.ID {
	t.mu.Lock()
	defer t.mu.Unlock()
	for note := t.notes[id.String()]; note != nil && note.next != nil; note = t.notes[id.String()] {
		id = *note.next
	}
	return id
}
