package agentpackage

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"
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
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(buffer.Bytes(), &document); err != nil { // JSON is YAML
		return nil, err
	}
	if err := unfold(&document); err != nil {
		return nil, err
	}
	return yaml.Marshal(&document)
}

// unfold takes JSON's style from a node: flow becomes blocks, and texts are quoted
// only where some reader of YAML, an older one too, would take them for something else.
func unfold(node *yaml.Node) error {
	node.Style = 0
	if node.Kind == yaml.ScalarNode && node.ShortTag() == "!!str" {
		return node.Encode(node.Value)
	}
	for _, child := range node.Content {
		if err := unfold(child); err != nil {
			return err
		}
	}
	return nil
}
