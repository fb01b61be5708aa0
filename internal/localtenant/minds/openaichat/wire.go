package openaichat

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// The shapes of OpenAI's API reference, "Create chat completion". Endpoints that
// call themselves compatible leave fields out and put in others: only what is
// needed is read, and a field of the wrong type counts as missing.

type request struct {
	Model    string     `json:"model,omitempty"`
	Messages []message  `json:"messages"`
	Tools    []toolSpec `json:"tools,omitempty"`
	Stream   bool       `json:"stream"`
}

type message struct {
	Role       string     `json:"role"` // system, user, assistant or tool
	Content    *string    `json:"content"`
	ToolCalls  []toolCall `json:"tool_calls,omitempty"`   // of an assistant
	ToolCallID string     `json:"tool_call_id,omitempty"` // of a tool
}

type toolCall struct {
	ID       string       `json:"id"`
	Type     string       `json:"type"` // function
	Function functionCall `json:"function"`
}

type functionCall struct {
	Name      string `json:"name"`
	Arguments string `json:"arguments"` // a JSON object
}

type toolSpec struct {
	Type     string       `json:"type"` // function
	Function functionSpec `json:"function"`
}

type functionSpec struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Parameters  any    `json:"parameters"` // a JSON schema
}

// chunk is one event of a stream, or the whole answer of an endpoint that does
// not stream.
type chunk struct {
	Choices []choice       `json:"choices"` // none beside the usage
	Error   *endpointError `json:"error"`
}

type choice struct {
	Index        int    `json:"index"`
	Delta        piece  `json:"delta"`
	Message      piece  `json:"message"` // in place of Delta where nothing is streamed
	FinishReason string `json:"finish_reason"`
}

type piece struct {
	Content          looseText   `json:"content"`
	Refusal          looseText   `json:"refusal"`
	ReasoningContent looseText   `json:"reasoning_content"` // DeepSeek, llama.cpp, older vLLM
	Reasoning        looseText   `json:"reasoning"`         // OpenRouter, Ollama, newer vLLM
	ToolCalls        []callPiece `json:"tool_calls"`
}

// callPiece is a piece of a tool call. The first one of a call has its id and
// name; where Index is missing, pieces without an id belong to the call before.
type callPiece struct {
	Index    *int   `json:"index"`
	ID       string `json:"id"`
	Function struct {
		Name      string         `json:"name"`
		Arguments looseArguments `json:"arguments"`
	} `json:"function"`
}

// decodeChunk fails on what is not JSON; fields of wrong types it skips.
func decodeChunk(data []byte) (chunk, error) {
	var c chunk
	err := json.Unmarshal(data, &c)
	var mistyped *json.UnmarshalTypeError
	if errors.As(err, &mistyped) {
		err = nil // the rest of the fields is decoded all the same
	}
	return c, err
}

// looseText is a string, a number, or the texts of an array of content parts.
// Anything else is "".
type looseText string

// UnmarshalJSON never fails.
func (t *looseText) UnmarshalJSON(data []byte) error {
	var (
		text  string
		parts []struct {
			Text string `json:"text"`
		}
		number json.Number
	)
	switch {
	case json.Unmarshal(data, &text) == nil:
		*t = looseText(text)
	case json.Unmarshal(data, &number) == nil:
		*t = looseText(number)
	case json.Unmarshal(data, &parts) == nil:
		var all strings.Builder
		for _, part := range parts {
			all.WriteString(part.Text)
		}
		*t = looseText(all.String())
	}
	return nil
}

// looseArguments are the text of a JSON object, or the object itself.
type looseArguments string

// UnmarshalJSON never fails.
func (a *looseArguments) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) != nil {
		text = string(bytes.TrimSpace(data))
	}
	*a = looseArguments(text)
	return nil
}
