package bridge

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"sema4mcp/bridge/run"
	"sema4mcp/restclient"
)

// leavings are what a run leaves beside its text.
type leavings struct {
	charts []drawing
	files  []leftFile
	frames []restclient.DataFrame
	unread []string // names of the tools that show what could not be listed in time
}

// leftFile is a file that the agent attached to a message, or that came into the
// thread while it worked.
type leftFile struct {
	name     string
	id       string // the vendor's, where the message tells
	mimeType string
	size     int64
	held     bool // in the message itself
	readable bool // by its name, as far as is known: it is held, or in the thread
}

// shelf keeps what ended runs were found to have left, so that it is looked for
// once however often their results are asked for.
type shelf struct {
	client *restclient.Client
	group  singleflight.Group

	mu    sync.Mutex // guards known
	known map[shelved]leavings
}

// shelved says which run, and how much of it was there.
type shelved struct {
	runID    string
	messages int
}

// maxShelved bounds the memory of what runs left; what is forgotten costs a look.
const maxShelved = 500

// lookWithin bounds what an answer waits for to be told what else there is.
const lookWithin = 2 * time.Second

// left is what a run has left when it waits for nothing but an answer, or for
// nothing at all. Once it has ended, its thread is looked through for what no
// message names, but only where the agent did more than write. What cannot be
// listed in time is named as that, and is no error.
func (s *shelf) left(ctx context.Context, id run.ID, report run.Report) leavings {
	if !report.Ended && report.State != run.NeedsInput {
		return leavings{}
	}
	shown := shownIn(report.Messages)
	if !report.Ended || !busy(report.Messages) {
		return shown
	}
	key := shelved{id.String(), len(report.Messages)}
	s.mu.Lock()
	known, ok := s.known[key]
	s.mu.Unlock()
	if ok {
		return known
	}
	found, err := shared(ctx, &s.group, key.runID, func(ctx context.Context) (leavings, error) {
		found := s.look(ctx, id, report.Messages, shown)
		if len(found.unread) == 0 {
			s.keep(key, found)
		}
		return found, nil
	})
	if err != nil { // the caller has gone
		return shown
	}
	return found
}

func (s *shelf) keep(key shelved, found leavings) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for other := range s.known {
		if len(s.known) < maxShelved {
			break
		}
		delete(s.known, other)
	}
	s.known[key] = found
}

// look lists the thread's files and data frames at the same time.
func (s *shelf) look(ctx context.Context, id run.ID, messages []restclient.Message, shown leavings) leavings {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	when := spanOf(id, messages)
	frames := make(chan bool)
	go func() {
		all := s.client.Conversations.AllDataFrames(ctx, id.AgentID, id.ConversationID, nil)
		found, err := gather(all, func(frame restclient.DataFrame) bool { return when.has(frame.CreatedAt) })
		shown.frames = found
		frames <- err == nil
	}()
	files, err := gather(s.client.Conversations.AllFiles(ctx, id.AgentID, id.ConversationID, nil), func(restclient.File) bool { return true })
	if err == nil {
		shown.files = together(shown.files, files, when)
	} else {
		shown.unread = append(shown.unread, "list_files")
	}
	if !<-frames {
		shown.unread = append(shown.unread, "list_data_frames")
	}
	return shown
}

func gather[T any](all iter.Seq2[T, error], wanted func(T) bool) ([]T, error) {
	var found []T
	for item, err := range all {
		if err != nil {
			return nil, err
		}
		if wanted(item) {
			found = append(found, item)
		}
	}
	return found, nil
}

// together is what was attached, with what the thread says of it, and after it
// what came into the thread without being attached.
func together(attached []leftFile, files []restclient.File, when span) []leftFile {
	for i := range attached {
		attached[i].readable = attached[i].held
	}
	for _, file := range files {
		i := slices.IndexFunc(attached, func(a leftFile) bool { return a.id != "" && a.id == file.ID || a.name == file.Name() })
		if i < 0 && !when.has(file.CreatedAt) {
			continue
		}
		if i < 0 {
			i = len(attached)
			attached = append(attached, leftFile{})
		}
		found := &attached[i]
		found.name, found.size, found.readable = file.Name(), file.Size, true
		found.mimeType = cmp.Or(found.mimeType, file.MIMEType)
	}
	return attached
}

// shownIn is what a run's own messages show of what it left.
func shownIn(messages []restclient.Message) leavings {
	var found leavings
	for content := range contents(messages) {
		switch content.Kind {
		case restclient.KindVegaChart:
			found.charts = append(found.charts, drawingOf(content.Chart))
		case restclient.KindAttachment:
			if a := content.Attachment; a != nil && a.Name != "" {
				held := a.Base64Data != ""
				found.files = append(found.files, leftFile{name: a.Name, id: fileIDIn(a.URI), mimeType: a.MIMEType,
					size: base64Size(a.Base64Data), held: held, readable: held || a.URI != ""})
			}
		}
	}
	return found
}

// busy tells whether the agent did what may leave something in the thread.
func busy(messages []restclient.Message) bool {
	for content := range contents(messages) {
		if content.Kind == restclient.KindToolCall || content.Kind == restclient.KindAttachment {
			return true
		}
	}
	return false
}

// contents are the items of what the agent's side wrote.
func contents(messages []restclient.Message) iter.Seq[restclient.Content] {
	return func(yield func(restclient.Content) bool) {
		for _, message := range messages {
			if message.Role == restclient.RoleUser {
				continue
			}
			for _, content := range message.Content {
				if !yield(content) {
					return
				}
			}
		}
	}
}

// span is the time in which a run left what it left, by the tenant's clock; an end
// that is not known is zero.
type span struct{ from, to time.Time }

// How far the tenant's clock may be behind ours, and how long after the last sign
// of an agent's work something may still come of it.
const (
	clockSkew = 5 * time.Second
	aftermath = 5 * time.Second
)

// spanOf goes by when the agent called tools: what lies before that was sent along
// with the message, or is of an earlier run. Where the tenant does not tell, all
// that is known is when the run began, by our clock.
func spanOf(id run.ID, messages []restclient.Message) span {
	s := span{from: id.Started.Add(-clockSkew)}
	var calls span
	for content := range contents(messages) {
		if call := content.ToolCall; call != nil {
			calls.take(call.DiscoveredAt, call.PendingAt, call.StartedAt, call.EndedAt)
		}
	}
	if calls.from.IsZero() {
		return s
	}
	s.from = calls.from
	for _, message := range messages {
		calls.take(message.CreatedAt, message.UpdatedAt)
	}
	s.to = calls.to.Add(aftermath)
	return s
}

func (s *span) take(times ...restclient.Time) {
	for _, t := range times {
		if t.IsZero() {
			continue
		}
		if s.from.IsZero() || t.Before(s.from) {
			s.from = t.Time
		}
		if t.After(s.to) {
			s.to = t.Time
		}
	}
}

// has tells whether what was created then is of the span. What has no time may be.
// One that is told in whole seconds was up to a second later.
func (s span) has(created restclient.Time) bool {
	from := s.from
	if created.Nanosecond() == 0 {
		from = from.Truncate(time.Second)
	}
	return created.IsZero() || !created.Before(from) && (s.to.IsZero() || !created.After(s.to))
}
