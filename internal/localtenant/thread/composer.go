package thread

import (
	"encoding/json"
	"strconv"
	"time"
)

// Composer builds one agent message. What it is told changes the message and
// is told on as deltas, so the two never disagree.
type Composer struct {
	message Message
	items   []any
	text    *textItem // the last item, while it is a text that may grow
	tell    func(Delta)
	newID   func() string
}

// NewComposer starts a message of the run. Each delta goes to tell; newID makes
// ids of content items.
func NewComposer(id, runID string, now time.Time, newID func() string, tell func(Delta)) *Composer {
	c := &Composer{
		message: Message{
			ID: id, Role: RoleAgent, ParentRunID: &runID, CreatedAt: Timestamp(now), UpdatedAt: Timestamp(now),
			AgentMetadata: emptyObject, ServerMetadata: emptyObject,
		},
		tell: tell, newID: newID,
	}
	for _, field := range []struct {
		path  string
		value any
	}{
		{"/message_id", id},
		{"/role", RoleAgent},
		{"/parent_run_id", runID},
		{"/created_at", c.message.CreatedAt},
		{"/agent_metadata", emptyObject},
		{"/server_metadata", emptyObject},
		{"/complete", false},
		{"/commited", false},
		{"/content", []any{}},
	} {
		tell(Delta{Op: OpAdd, Path: field.path, Value: field.value})
	}
	return c
}

// Message is the message as it stands.
func (c *Composer) Message(now time.Time) Message {
	m := c.message
	m.UpdatedAt = Timestamp(now)
	m.Content = json.RawMessage("[]")
	if len(c.items) > 0 {
		m.Content = encode(c.items)
	}
	return m
}

// Text continues the text that stands last, or begins one. An empty piece
// changes nothing: the vendor's texts are never empty.
func (c *Composer) Text(piece string) {
	switch {
	case piece == "":
	case c.text == nil:
		item := &textItem{itemHead: c.head(kindText, false), Text: piece, Citations: []struct{}{}}
		c.add(item)
		c.text = item
	default:
		c.text.Text += piece
		c.tell(Delta{Op: OpConcatString, Path: contentPath(len(c.items)-1, "text"), Value: piece})
	}
}

// Thought adds a whole thought.
func (c *Composer) Thought(thought string, now time.Time) {
	c.add(&thoughtItem{itemHead: c.head(kindThought, true), Thought: thought, Extras: thoughtExtras{StartedAt: Timestamp(now)}})
}

// Chart adds a Vega-Lite chart; spec is its JSON.
func (c *Composer) Chart(spec string) {
	c.add(&chartItem{itemHead: c.head(kindChart, true), ChartSpecRaw: spec, SubType: "vega-lite", Completed: true})
}

// Attach adds a file.
func (c *Composer) Attach(a Attachment) {
	c.add(&attachmentItem{
		itemHead: c.head(kindAttachment, true),
		Name:     a.Name, MIMEType: a.MIMEType, Description: a.Description, Base64Data: a.Data,
	})
}

// EndText makes the next text an item of its own.
func (c *Composer) EndText() {
	if c.text == nil {
		return
	}
	c.text.Complete = true
	c.text = nil
	c.replace(len(c.items)-1, "complete", true)
}

// Complete closes the message: nothing may be added after it.
func (c *Composer) Complete() {
	c.EndText()
	c.message.Complete, c.message.Committed = true, true
	c.tell(Delta{Op: OpReplace, Path: "/complete", Value: true})
	c.tell(Delta{Op: OpReplace, Path: "/commited", Value: true})
}

func (c *Composer) head(kind string, complete bool) itemHead {
	return itemHead{ContentID: c.newID(), Kind: kind, Complete: complete}
}

func (c *Composer) add(item any) {
	c.EndText()
	// Encoded at once: the item changes later, its delta must not.
	c.tell(Delta{Op: OpAdd, Path: "/content/" + strconv.Itoa(len(c.items)), Value: encode(item)})
	c.items = append(c.items, item)
}

func (c *Composer) replace(index int, field string, value any) {
	c.tell(Delta{Op: OpReplace, Path: contentPath(index, field), Value: value})
}
