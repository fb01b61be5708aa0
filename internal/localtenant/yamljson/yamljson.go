// Package yamljson turns JSON into YAML and back, by way of trees of YAML nodes,
// which keep the order of members and the digits of numbers.
package yamljson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"go.yaml.in/yaml/v4"
)

// FromJSON reads a JSON text. Of members with one name the last counts.
func FromJSON(text json.RawMessage) (*yaml.Node, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return nextNode(decoder)
}

func nextNode(decoder *json.Decoder) (*yaml.Node, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	switch token := token.(type) {
	case json.Delim:
		return nextCollection(decoder, token)
	case json.Number:
		node := &yaml.Node{Kind: yaml.ScalarNode, Value: token.String()}
		if node.ShortTag() == "!!str" { // beyond the numbers of YAML
			node.Tag = "!!float"
		}
		return node, nil
	case nil:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}, nil
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: fmt.Sprint(token)}, nil
	case string:
		return Text(token)
	}
	return nil, fmt.Errorf("read JSON: unexpected %v", token)
}

func nextCollection(decoder *json.Decoder, begin json.Delim) (*yaml.Node, error) {
	node := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	if begin == '{' {
		node = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	}
	places := map[string]int{} // of values, by key
	for decoder.More() {       // in an object, keys and values alternate
		child, err := nextNode(decoder)
		if err != nil {
			return nil, err
		}
		node.Content = append(node.Content, child)
		if count := len(node.Content); begin == '{' && count%2 == 0 {
			key := node.Content[count-2].Value
			if place, twice := places[key]; twice { // the last one counts, as for encoding/json
				node.Content[place] = child
				node.Content = node.Content[:count-2]
			} else {
				places[key] = count - 1
			}
		}
	}
	if _, err := decoder.Token(); err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	if len(node.Content) == 0 {
		node.Style = yaml.FlowStyle
	}
	return node, nil
}

// Text is a text, quoted where some reader of YAML could take it for
// something else.
func Text(text string) (*yaml.Node, error) {
	node := &yaml.Node{}
	if err := node.Encode(text); err != nil {
		return nil, fmt.Errorf("encode text: %w", err)
	}
	return node, nil
}

// FromYAML reads a YAML text with one document. JSON is YAML, too.
func FromYAML(text []byte) (*yaml.Node, error) {
	if json.Valid(text) {
		return FromJSON(text)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var document yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return nil, errors.New("is empty")
	case err != nil:
		return nil, fmt.Errorf("is not YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := decoder.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return nil, errors.New("has more than one YAML document")
	}
	return document.Content[0], nil
}

// ToYAML writes a tree as YAML, in block style.
func ToYAML(node *yaml.Node) ([]byte, error) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(node); err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	err := encoder.Close()
	return out.Bytes(), err
}

// ToJSON writes a tree as JSON. What JSON cannot say is refused, and so are
// aliases, with which a short text can stand for a huge one.
func ToJSON(node *yaml.Node) (json.RawMessage, error) {
	var out bytes.Buffer
	err := writeJSON(&out, node)
	return out.Bytes(), err
}

func writeJSON(out *bytes.Buffer, node *yaml.Node) error {
	switch node.Kind {
	case yaml.MappingNode:
		return writeObject(out, node)
	case yaml.SequenceNode:
		out.WriteByte('[')
		for i, child := range node.Content {
			if i > 0 {
				out.WriteByte(',')
			}
			if err := writeJSON(out, child); err != nil {
				return err
			}
		}
		out.WriteByte(']')
		return nil
	case yaml.ScalarNode:
		return writeScalar(out, node)
	}
	return fmt.Errorf("line %d: YAML aliases are not taken here; write the value out", node.Line)
}

func writeObject(out *bytes.Buffer, node *yaml.Node) error {
	out.WriteByte('{')
	seen := map[string]bool{}
	for i := 0; i < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.ShortTag() == "!!merge" {
			return fmt.Errorf("line %d: a key must be a text", key.Line)
		}
		if seen[key.Value] {
			return fmt.Errorf("line %d: the key %q is there twice", key.Line, key.Value)
		}
		seen[key.Value] = true
		if i > 0 {
			out.WriteByte(',')
		}
		if err := writeValue(out, key.Value); err != nil {
			return err
		}
		out.WriteByte(':')
		if err := writeJSON(out, value); err != nil {
			return err
		}
	}
	out.WriteByte('}')
	return nil
}

func writeScalar(out *bytes.Buffer, node *yaml.Node) error {
	switch node.ShortTag() {
	case "!!null":
		out.WriteString("null")
		return nil
	case "!!int", "!!float":
		if json.Valid([]byte(node.Value)) {
			out.WriteString(node.Value)
			return nil
		}
		var value any
		if err := node.Decode(&value); err != nil {
			return fmt.Errorf("line %d: %w", node.Line, err)
		}
		if f, ok := value.(float64); ok && (math.IsNaN(f) || math.IsInf(f, 0)) {
			return fmt.Errorf("line %d: %s is no number JSON has", node.Line, node.Value)
		}
		return writeValue(out, value)
	case "!!bool":
		var value bool
		if err := node.Decode(&value); err != nil {
			return fmt.Errorf("line %d: %w", node.Line, err)
		}
		return writeValue(out, value)
	}
	return writeValue(out, node.Value)
}

func writeValue(out *bytes.Buffer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err
	}
	out.Truncate(out.Len() - 1) // the line end
	return nil
}
