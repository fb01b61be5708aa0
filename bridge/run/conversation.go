package run

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"sema4mcp/restclient"
)

// pageSize is how many messages are asked for at once.
const pageSize = 200

// mark is a page of a conversation that reading can begin with, as the messages
// before it are not of interest.
type mark struct {
	cursor string // "" for the first page
	before int    // messages on the pages before
}

// walk visits the messages from a mark on, each with its position, until visit
// returns false. It moves the mark to the page on which position needed stands, or
// will stand.
func (m *Manager) walk(ctx context.Context, agentID, conversationID string, from *mark, needed int, visit func(position int, message restclient.Message) bool) error {
	at := *from
	for followed := map[string]bool{}; ; {
		page, err := m.client.Conversations.Messages(ctx, agentID, conversationID, &restclient.ListOptions{Limit: pageSize, Cursor: at.cursor})
		if refused(err) && at.cursor != "" && at == *from { // a server may forget its cursors
			*from, at = mark{}, mark{}
			continue
		}
		if err != nil {
			return err
		}
		for i, message := range page.Items {
			if !visit(at.before+i, message) {
				return nil
			}
		}
		if page.Next == "" {
			return nil
		}
		if followed[page.Next] {
			return fmt.Errorf("messages of the conversation: %w", restclient.ErrRepeatedCursor)
		}
		followed[page.Next] = true
		at = mark{page.Next, at.before + len(page.Items)}
		if at.before <= needed {
			*from = at
		}
	}
}

// sighting is what one look at a conversation shows of a run.
type sighting struct {
	arrived    bool // the run's own message stands there
	position   int  // of that message
	sent       time.Time
	answers    []restclient.Message
	superseded bool // a later message of a user follows: nothing more will come
	extent     int  // grows with whatever anybody writes from the run's position on
}

// see takes in the next message of the conversation, in order.
func (s *sighting) see(position int, message restclient.Message, wanted [8]byte) {
	s.extent += extent(message)
	isUsers := message.Role == restclient.RoleUser
	switch {
	case !s.arrived:
		if isUsers && digest(message.Text()) == wanted {
			s.arrived, s.position, s.sent = true, position, message.CreatedAt.Time
		}
	case isUsers:
		s.superseded = true
	case !s.superseded:
		s.answers = append(s.answers, message)
	}
}

func extent(message restclient.Message) int {
	n := 1
	for _, content := range message.Content {
		n += 1 + len(content.Text) + len(content.Thought)
		if call := content.ToolCall; call != nil {
			n += len(call.ArgumentsRaw) + len(call.Status)
		}
	}
	return n
}

// whole tells that the last answer is marked as complete and no tool is at work.
// Marked is false where the server marks no message at all.
func (s *sighting) whole() (whole, marked bool) {
	if len(s.answers) == 0 {
		return false, false
	}
	for _, message := range s.answers {
		for _, content := range message.Content {
			if call := content.ToolCall; call != nil && call.Status != "finished" && call.Status != "failed" && call.Status != "" {
				return false, true
			}
		}
	}
	last := s.answers[len(s.answers)-1]
	return last.Complete == nil || *last.Complete, last.Complete != nil
}

// settled tells that the agent has answered.
func (s *sighting) settled() bool {
	whole, _ := s.whole()
	return whole
}

// age is how long ago the last answer was written, by the tenant's dates; 0 where
// it has none.
func (s *sighting) age() time.Duration {
	if len(s.answers) == 0 {
		return 0
	}
	last := s.answers[len(s.answers)-1]
	written := last.UpdatedAt.Time
	if written.IsZero() {
		written = last.CreatedAt.Time
	}
	if written.IsZero() {
		return 0
	}
	return time.Since(written)
}

// look reads what the conversation shows of a run.
func (m *Manager) look(ctx context.Context, id ID, from *mark) (sighting, error) {
	var seen sighting
	err := m.walk(ctx, id.AgentID, id.ConversationID, from, id.Position, func(position int, message restclient.Message) bool {
		if position >= id.Position {
			seen.see(position, message, id.Digest)
		}
		return !seen.superseded
	})
	if err != nil {
		return sighting{}, err
	}
	return seen, nil
}

// survey is what a conversation holds before a message is sent into it.
type survey struct {
	count int
	from  mark // the page on which the message will stand
	// twin is the last message of a user with the same words, and what followed.
	twin sighting
	// twinIsLast tells that no other message of a user came after it.
	twinIsLast bool
}

func (m *Manager) survey(ctx context.Context, agentID, conversationID, message string) (survey, error) {
	s := survey{from: m.markOf(conversationID)}
	wanted := digest(message)
	restart := s.from
	err := m.walk(ctx, agentID, conversationID, &s.from, 1<<62, func(position int, message restclient.Message) bool {
		if message.Role == restclient.RoleUser && digest(message.Text()) == wanted {
			s.twin = sighting{}
		}
		s.twin.see(position, message, wanted)
		s.count = position + 1
		return true
	})
	if err != nil {
		return survey{}, err
	}
	s.count = max(s.count, restart.before)
	s.twinIsLast = s.twin.arrived && !s.twin.superseded
	m.remember(conversationID, s.from)
	return s, nil
}

func (m *Manager) markOf(conversationID string) mark {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.marks[conversationID]
}

// maxMarks bounds the memory of where conversations end; one that is forgotten
// costs reading it from its beginning.
const maxMarks = 10_000

func (m *Manager) remember(conversationID string, last mark) {
	if last.cursor == "" {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for other := range m.marks {
		if len(m.marks) < maxMarks {
			break
		}
		delete(m.marks, other)
	}
	m.marks[conversationID] = last
}

// unreadable tells which failures to read a conversation will not pass by
// themselves.
func unreadable(err error) bool {
	return isStatus(err, http.StatusUnauthorized) || isStatus(err, http.StatusForbidden) || isStatus(err, http.StatusNotFound)
}
