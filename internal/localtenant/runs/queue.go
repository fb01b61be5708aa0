package runs

import (
	"maps"
	"slices"
)

// join puts a run at the end of its conversation's queue. The caller holds r.mu.
func (r *Runner) join(run *Run) {
	queue := append(r.queues[run.conversationID], run)
	r.queues[run.conversationID] = queue
	if len(queue) == 1 {
		close(run.turn)
	}
}

// leave takes a run out of its queue; if it had the turn, the next one gets it.
func (r *Runner) leave(run *Run) {
	r.mu.Lock()
	defer r.mu.Unlock()
	queue := r.queues[run.conversationID]
	place := slices.Index(queue, run)
	queue = slices.Delete(queue, place, place+1)
	switch {
	case len(queue) == 0:
		delete(r.queues, run.conversationID)
		return
	case place == 0:
		close(queue[0].turn)
	}
	r.queues[run.conversationID] = queue
}

func (r *Runner) runsOf(conversationID string) []*Run {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.queues[conversationID])
}

func (r *Runner) runsOfAgent(agentID string) []*Run {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []*Run
	for queue := range maps.Values(r.queues) {
		for _, run := range queue {
			if run.agent.ID == agentID {
				all = append(all, run)
			}
		}
	}
	return all
}
