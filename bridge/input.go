package bridge

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// kind is how an argument is written: JSON Schema's word for it.
type kind string

const (
	plain   kind = "string"
	integer kind = "integer"
	array   kind = "array" // of strings, or of objects where the input has fields
	// document is a JSON object. Its schema says string: some models' APIs take
	// no object whose members are not named.
	document kind = "document"
)

// input is one argument that a tool takes.
type input struct {
	name        string
	kind        kind // the zero kind is plain
	description string
	required    bool
	format      string   // JSON Schema's, optional
	options     []string // the words that a string, or an array's strings, may be
	fields      []input  // strings: the members of an array's objects
	example     string   // an array as it is written, for who writes it otherwise; "" makes one up
}

// sample is an array as it is to be written, in JSON.
func (in input) sample() string {
	if in.example != "" || len(in.fields) == 0 {
		return cmp.Or(in.example, fmt.Sprintf("[%q]", append(slices.Clip(in.options), "…")[0]))
	}
	members := make([]string, len(in.fields))
	for i, field := range in.fields {
		members[i] = fmt.Sprintf(`%q: "…"`, field.name)
	}
	return "[{" + strings.Join(members, ", ") + "}]"
}

// property is an input in words that every host's draft of JSON Schema knows.
type property struct {
	Type        kind      `json:"type"`
	Description string    `json:"description,omitempty"`
	Format      string    `json:"format,omitempty"`
	Enum        []string  `json:"enum,omitempty"`
	Minimum     *int      `json:"minimum,omitempty"`
	Items       *property `json:"items,omitempty"`
	*members
}

type members struct {
	Properties           map[string]property `json:"properties"`
	Required             []string            `json:"required,omitempty"`
	AdditionalProperties bool                `json:"additionalProperties"`
}

// schema is the tool's input schema: a flat object.
func schema(inputs []input) json.RawMessage {
	encoded, _ := json.Marshal(property{Type: "object", members: membersOf(inputs)}) // strings, a bool and a zero always encode
	return encoded
}

func membersOf(inputs []input) *members {
	m := &members{Properties: make(map[string]property)}
	for _, in := range inputs {
		m.Properties[in.name] = in.property()
		if in.required {
			m.Required = append(m.Required, in.name)
		}
	}
	return m
}

func (in input) property() property {
	p := property{Type: in.kind, Description: in.description, Format: in.format}
	switch in.kind {
	case integer:
		p.Minimum = new(int)
	case array:
		p.Items = &property{Type: plain, Enum: in.options}
		if len(in.fields) > 0 {
			p.Items = &property{Type: "object", members: membersOf(in.fields)}
		}
	default:
		p.Type, p.Enum = plain, in.options
	}
	return p
}
