package restclient

import (
	"encoding/json"
)

// The kinds of [Content] this package knows.
const (
	KindText          = "text"
	KindFormattedText = "formatted-text"
	KindThought       = "thought"
	KindToolCall      = "tool_call"
	KindQuickActions  = "quick_actions"
	KindVegaChart     = "vega_chart"
	KindAttachment    = "attachment"
)

// Content is one item of a [Message]. Kind says which of the fields below
// Complete are set.
type Content struct {
	Kind     string
	ID       string
	Complete *bool

	Text      string     // KindText, KindFormattedText
	Citations []Citation // of Text

	Thought       string         // KindThought
	ThoughtExtras *ThoughtExtras // of Thought

	ToolCall     *ToolCall     // KindToolCall
	QuickActions *QuickActions // KindQuickActions
	Chart        *Chart        // KindVegaChart
	Attachment   *Attachment   // KindAttachment

	Raw json.RawMessage // any other kind: the whole item
}

// Citation says where a part of a text comes from.
type Citation struct {
	DocumentURI    string `json:"document_uri"`
	StartCharIndex int    `json:"start_char_index"`
	EndCharIndex   int    `json:"end_char_index"`
	CitedText      string `json:"cited_text"`
}

// ThoughtExtras say when an agent thought, and for how long.
type ThoughtExtras struct {
	StartedAt       Time     `json:"started_at,omitzero"`
	DurationSeconds *float64 `json:"duration_seconds,omitempty"`
}

// ToolCall is a tool at work. Status is one of pending, streaming, running,
// finished and failed, and goes on changing while a run lasts.
type ToolCall struct {
	Name              string          `json:"name"`
	ID                string          `json:"tool_call_id"`
	ArgumentsRaw      string          `json:"arguments_raw"` // JSON, not always complete
	SubType           string          `json:"sub_type,omitempty"`
	Status            string          `json:"status,omitempty"`
	Result            *string         `json:"result,omitempty"`
	Error             *string         `json:"error,omitempty"`
	DiscoveredAt      Time            `json:"discovered_at,omitzero"`
	PendingAt         Time            `json:"pending_at,omitzero"`
	StartedAt         Time            `json:"started_at,omitzero"`
	EndedAt           Time            `json:"ended_at,omitzero"`
	ActionServerRunID *string         `json:"action_server_run_id,omitempty"`
	Metadata          json.RawMessage `json:"metadata,omitempty"`
}

// QuickActions are answers an agent offers its user to choose from.
type QuickActions struct {
	Actions   []QuickAction `json:"actions"`
	Completed *bool         `json:"completed,omitempty"`
}

// QuickAction is one such answer: choosing it sends Value.
type QuickAction struct {
	Label string `json:"label"`
	Value string `json:"value"`
	Icon  string `json:"icon,omitempty"`
}

// Chart is a Vega or Vega-Lite specification.
type Chart struct {
	SpecRaw   string `json:"chart_spec_raw"`     // JSON
	SubType   string `json:"sub_type,omitempty"` // "vega" or "vega-lite"
	Completed *bool  `json:"completed,omitempty"`
}

// Attachment is a file, by URI or in itself.
type Attachment struct {
	Name        string `json:"name"`
	MIMEType    string `json:"mime_type"`
	Description string `json:"description,omitempty"`
	URI         string `json:"uri,omitempty"`
	Base64Data  string `json:"base64_data,omitempty"`
}

// readContents reads the content of a message: items, or in API v1 one text.
func readContents(document any) []Content {
	if text, ok := document.(string); document == nil || ok && text == "" {
		return nil
	}
	if items, ok := document.([]any); ok {
		contents := make([]Content, len(items))
		for i, item := range items {
			contents[i] = readContent(item)
		}
		return contents
	}
	return []Content{readContent(document)}
}

func readContent(document any) Content {
	switch document := document.(type) {
	case map[string]any:
		return readContentObject(document)
	case string, *growingText:
		return Content{Kind: KindText, Text: textOf(document)}
	}
	return Content{Raw: encodeDocument(document)}
}

func readContentObject(o object) Content {
	c := Content{Kind: o.text("kind"), ID: o.text("content_id"), Complete: o.boolean("complete")}
	switch c.Kind {
	case KindText, KindFormattedText:
		c.Text, c.Citations = o.text("text"), readCitations(o.list("citations"))
	case KindThought:
		c.Thought, c.ThoughtExtras = o.text("thought"), readThoughtExtras(o.object("extras"))
	case KindToolCall:
		c.ToolCall = readToolCall(o)
	case KindQuickActions:
		c.QuickActions = readQuickActions(o)
	case KindVegaChart:
		c.Chart = &Chart{SpecRaw: o.text("chart_spec_raw"), SubType: o.text("sub_type"), Completed: o.boolean("completed")}
	case KindAttachment:
		c.Attachment = &Attachment{
			Name:        o.text("name"),
			MIMEType:    o.text("mime_type"),
			Description: o.text("description"),
			URI:         o.text("uri"),
			Base64Data:  o.text("base64_data"),
		}
	default:
		c.Raw = encodeDocument(map[string]any(o))
	}
	return c
}

func readCitations(items []any) []Citation {
	var citations []Citation
	for _, item := range items {
		o := objectOf(item)
		citations = append(citations, Citation{
			DocumentURI:    o.text("document_uri"),
			StartCharIndex: o.integer("start_char_index"),
			EndCharIndex:   o.integer("end_char_index"),
			CitedText:      o.text("cited_text"),
		})
	}
	return citations
}

func readThoughtExtras(o object) *ThoughtExtras {
	if o == nil {
		return nil
	}
	return &ThoughtExtras{StartedAt: o.time("started_at"), DurationSeconds: o.number("duration_seconds")}
}

func readToolCall(o object) *ToolCall {
	return &ToolCall{
		Name:              o.text("name"),
		ID:                o.text("tool_call_id"),
		ArgumentsRaw:      o.text("arguments_raw"),
		SubType:           o.text("sub_type"),
		Status:            o.text("status"),
		Result:            o.optionalText("result"),
		Error:             o.optionalText("error"),
		DiscoveredAt:      o.time("discovered_at"),
		PendingAt:         o.time("pending_at"),
		StartedAt:         o.time("started_at"),
		EndedAt:           o.time("ended_at"),
		ActionServerRunID: o.optionalText("action_server_run_id"),
		Metadata:          o.raw("metadata"),
	}
}

func readQuickActions(o object) *QuickActions {
	actions := &QuickActions{Completed: o.boolean("completed")}
	for _, item := range o.list("actions") {
		action := objectOf(item)
		actions.Actions = append(actions.Actions, QuickAction{
			Label: action.text("label"),
			Value: action.text("value"),
			Icon:  action.text("icon"),
		})
	}
	return actions
}

// contentHead is what all kinds have in common on the wire.
type contentHead struct {
	ID       string `json:"content_id,omitempty"`
	Kind     string `json:"kind"`
	Complete *bool  `json:"complete,omitempty"`
}

// MarshalJSON writes an item as API v2 has it.
func (c Content) MarshalJSON() ([]byte, error) {
	head := contentHead{ID: c.ID, Kind: c.Kind, Complete: c.Complete}
	switch c.Kind {
	case KindText, KindFormattedText:
		return json.Marshal(struct {
			contentHead
			Text      string     `json:"text"`
			Citations []Citation `json:"citations,omitempty"`
		}{head, c.Text, c.Citations})
	case KindThought:
		return json.Marshal(struct {
			contentHead
			Thought string         `json:"thought"`
			Extras  *ThoughtExtras `json:"extras,omitempty"`
		}{head, c.Thought, c.ThoughtExtras})
	case KindToolCall:
		return json.Marshal(struct {
			contentHead
			*ToolCall
		}{head, c.ToolCall})
	case KindQuickActions:
		return json.Marshal(struct {
			contentHead
			*QuickActions
		}{head, c.QuickActions})
	case KindVegaChart:
		return json.Marshal(struct {
			contentHead
			*Chart
		}{head, c.Chart})
	case KindAttachment:
		return json.Marshal(struct {
			contentHead
			*Attachment
		}{head, c.Attachment})
	}
	if c.Raw != nil {
		return c.Raw, nil
	}
	return json.Marshal(head)
}

// UnmarshalJSON never fails on JSON: an item it does not understand is kept in
// Raw.
func (c *Content) UnmarshalJSON(data []byte) error {
	document, err := parseDocument(data)
	if err != nil {
		return err
	}
	*c = readContent(document)
	return nil
}
