package agentpackage

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v4"
)

// fromYAML turns a YAML document into JSON. Numbers stay as they are written, and
// dates are texts, which is what they are in JSON.
func fromYAML(data []byte) (json.RawMessage, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document yaml.Node
	if err := decoder.Decode(&document); err != nil {
		return nil, unreadableYAML(err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("has more than one YAML document")
	}
	value, err := plain(document.Content[0])
	if err != nil {
		return nil, err
	}
	return json.Marshal(value)
}

func unreadableYAML(err error) error {
	if errors.Is(err, io.EOF) {
		return errors.New("is empty")
	}
	return fmt.Errorf("is not YAML: %w", err)
}

// plain is what encoding/json can write of a node. Aliases are refused: a few of
// them, of one another, unfold to more than any memory holds.
func plain(node *yaml.Node) (any, error) {
	switch node.Kind {
	case yaml.MappingNode:
		return plainMapping(node)
	case yaml.SequenceNode:
		list := make([]any, len(node.Content))
		for i, item := range node.Content {
			var err error
			if list[i], err = plain(item); err != nil {
				return nil, err
			}
		}
		return list, nil
	case yaml.ScalarNode:
		return plainScalar(node)
	default:
		return nil, fmt.Errorf("line %d: YAML aliases are not taken here; write the value out", node.Line)
	}
}

func plainMapping(node *yaml.Node) (any, error) {
	members := make(map[string]any, len(node.Content)/2)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		if key.Kind != yaml.ScalarNode || key.ShortTag() == "!!merge" {
			return nil, fmt.Errorf("line %d: a key must be a text", key.Line)
		}
		if _, twice := members[key.Value]; twice {
			return nil, fmt.Errorf("line %d: the key %q is there twice", key.Line, key.Value)
		}
		value, err := plain(node.Content[i+1])
		if err != nil {
			return nil, err
		}
		members[key.Value] = value
	}
	return members, nil
}

func plainScalar(node *yaml.Node) (any, error) {
	switch node.ShortTag() {
	case "!!null":
		return nil, nil
	case "!!bool", "!!int", "!!float":
		if json.Valid([]byte(node.Value)) {
			return json.RawMessage(node.Value), nil
		}
		var value any
		if err := node.Decode(&value); err != nil {
			return nil, fmt.Errorf("line %d: %w", node.Line, err)
		}
		if _, err := json.Marshal(value); err != nil { // .inf and .nan
			return nil, fmt.Errorf("line %d: %s is no number JSON has", node.Line, node.Value)
		}
		return value, nil
	default:
		return node.Value, nil
	}
}

// toYAML writes a JSON value as YAML in block style, its members in their order.
func toYAML(value any) ([]byte, error) {
	data, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	node, err := nodeOf(decoder)
	if err != nil {
		return nil, err
	}
	return yaml.Marshal(node)
}

// nodeOf reads the next value. Its texts are quoted where some reader of YAML, an
// older one too, would take them for something else.
func nodeOf(decoder *json.Decoder) (*yaml.Node, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case json.Number:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: token.String()}, nil
	case json.Delim:
		return collectionOf(decoder, token)
	default:
		node := &yaml.Node{}
		return node, node.Encode(token)
	}
}

func collectionOf(decoder *json.Decoder, begin json.Delim) (*yaml.Node, error) {
	node := &yaml.Node{Kind: yaml.SequenceNode}
	if begin == '{' {
		node.Kind = yaml.MappingNode
	}
	for decoder.More() {
		child, err := nodeOf(decoder) // in a mapping, keys and values by turns
		if err != nil {
			return nil, err
		}
		node.Content = append(node.Content, child)
	}
	_, err := decoder.Token() // the end
	return node, err
}
