package openaichat

import (
	"encoding/json"
	"fmt"
	"strings"

	"sema4mcp/internal/localtenant/minds"
)

const (
	maxCalls     = 64      // in one reply
	maxArguments = 1 << 20 // bytes, of one call
	maxText      = 4 << 20 // bytes, of one reply; as many again of thoughts
)

// reply is what the model says in one round, as its pieces come in.
type reply struct {
	text    strings.Builder
	thought strings.Builder // what has not been told yet
	calls   []*call
	finish  string // why the model stopped; "" when it has not said
	done    bool   // the stream said that it is over
	events  int
}

// call is a tool call of the model.
type call struct {
	id        string
	index     int // as the endpoint counts; -1 where it does not
	name      string
	arguments strings.Builder
}

// add takes what an event says and tells it. The error is the endpoint's own.
func (r *reply) add(c chunk, out minds.Emitter) *endpointError {
	r.events++
	if c.Error != nil {
		return c.Error
	}
	for _, choice := range c.Choices {
		if choice.Index != 0 {
			continue // only one was asked for
		}
		for _, p := range []piece{choice.Message, choice.Delta} {
			if err := r.addPiece(p, out); err != nil {
				return err
			}
		}
		if choice.FinishReason != "" {
			r.finish = choice.FinishReason
		}
	}
	return nil
}

func (r *reply) addPiece(p piece, out minds.Emitter) *endpointError {
	if p.ReasoningContent != "" {
		r.thought.WriteString(string(p.ReasoningContent))
	} else { // some endpoints send the same under both names
		r.thought.WriteString(string(p.Reasoning))
	}
	if max(r.text.Len()+len(p.Content), r.thought.Len()) > maxText {
		return &endpointError{Message: fmt.Sprintf("the model does not end; it said more than %d bytes", maxText)}
	}
	if text := string(p.Content + p.Refusal); text != "" {
		r.tellThought(out)
		r.text.WriteString(text)
		out.Text(text)
	}
	for _, piece := range p.ToolCalls {
		if err := r.addCall(piece); err != nil {
			return err
		}
	}
	return nil
}

// tellThought tells what the model thought before it went on to something else.
func (r *reply) tellThought(out minds.Emitter) {
	if thought := strings.TrimSpace(r.thought.String()); thought != "" {
		out.Think(thought)
	}
	r.thought.Reset()
}

func (r *reply) addCall(p callPiece) *endpointError {
	c := r.callOf(p)
	if c == nil {
		if len(r.calls) == maxCalls {
			return &endpointError{Message: fmt.Sprintf("the model called more than %d tools at once", maxCalls)}
		}
		c = &call{index: -1}
		if p.Index != nil {
			c.index = *p.Index
		}
		r.calls = append(r.calls, c)
	}
	if c.id == "" {
		c.id = p.ID
	}
	if p.Function.Name != c.name { // some endpoints repeat the whole name
		c.name += p.Function.Name
	}
	c.arguments.WriteString(string(p.Function.Arguments))
	if c.arguments.Len() > maxArguments || len(c.name) > maxArguments {
		return &endpointError{Message: fmt.Sprintf("the arguments of a tool call have more than %d bytes", maxArguments)}
	}
	return nil
}

// callOf finds the call that a piece belongs to; nil for a new one. Some
// endpoints number every call 0, so an id of its own makes a call new.
func (r *reply) callOf(p callPiece) *call {
	for i := len(r.calls) - 1; i >= 0; i-- {
		c := r.calls[i]
		switch {
		case p.ID != "" && c.id == p.ID:
			return c
		case p.ID != "" && c.id != "":
			continue
		case p.Index != nil && c.index == *p.Index:
			return c
		case p.Index == nil && p.ID == "" && p.Function.Name == "":
			return c
		}
	}
	return nil
}

func (r *reply) spoken() bool { return strings.TrimSpace(r.text.String()) != "" }

// complete tells whether the whole answer has come.
func (r *reply) complete() bool { return r.finish != "" || r.done }

// end tells what is left to tell and gives every call an id and a name that can
// be sent back.
func (r *reply) end(out minds.Emitter) {
	r.tellThought(out)
	for i, c := range r.calls {
		if c.id == "" {
			c.id = fmt.Sprintf("call_%d", i+1)
		}
		c.name = validName(c.name)
	}
}

// message is the reply as a message of the conversation.
func (r *reply) message() message {
	m := message{Role: "assistant"}
	if r.text.Len() > 0 {
		text := r.text.String()
		m.Content = &text
	}
	for _, c := range r.calls {
		arguments, _ := c.object()
		m.ToolCalls = append(m.ToolCalls, functionToolCall(c.id, c.name, arguments))
	}
	return m
}

// object is the arguments as a JSON object; ok is false, and the object empty,
// when they are none.
func (c *call) object() (arguments string, ok bool) { return object(c.arguments.String()) }

// object is the JSON object that a text is.
func object(text string) (arguments string, ok bool) {
	text = strings.TrimSpace(text)
	if text == "" || text == "null" {
		return "{}", true
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &fields) != nil {
		return "{}", false
	}
	return text, true
}

// conclude says what the user must know of how the answer ended. A model that has
// spoken before its last tool call may end without a word.
func (r *reply) conclude(spoken bool, out minds.Emitter) error {
	switch {
	case r.finish == "length":
		out.Text("\n\n[The answer is cut off here: the model reached its limit of tokens.]")
	case r.finish == "content_filter":
		out.Text("\n\n[The answer is cut off here: the endpoint's content filter stopped it.]")
	case !spoken:
		return failure("unexpected_error", "The model answered with nothing. Send the message again, or take another model with %s.", EnvModel)
	}
	return nil
}
