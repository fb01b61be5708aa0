package sdm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"

	"go.yaml.in/yaml/v4"
)

// Models name their data connections by id here, and by name on the way to
// another tenant.
const (
	connectionID   = "data_connection_id"
	connectionName = "data_connection_name"
)

// Export writes a model as YAML, with the names of data connections in place of
// their ids. nameOf gives the name of an id, or false for one that is to stay.
func Export(model json.RawMessage, nameOf func(id string) (string, bool)) ([]byte, error) {
	tree, err := fromJSON(model)
	if err != nil {
		return nil, err
	}
	members(tree, func(key, value *yaml.Node) {
		if name, ok := nameOf(value.Value); ok && key.Value == connectionID {
			if named, err := textNode(name); err == nil {
				key.Value, *value = connectionName, *named
			}
		}
	})
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(tree); err != nil {
		return nil, fmt.Errorf("write model: %w", err)
	}
	return out.Bytes(), encoder.Close()
}

// Import reads an exported model, a JSON object or a text of YAML. idOf gives the
// id of a data connection by its name; names are what it did not know.
func Import(exported json.RawMessage, idOf func(name string) (id string, ok bool)) (model json.RawMessage, unknown []string, err error) {
	tree, err := parse(exported)
	if err != nil {
		return nil, nil, err
	}
	members(tree, func(key, value *yaml.Node) {
		if key.Value != connectionName || value.Kind != yaml.ScalarNode {
			return
		}
		id, ok := idOf(value.Value)
		if !ok {
			unknown = append(unknown, value.Value)
			return
		}
		key.Value = connectionID
		*value = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: id}
	})
	model, err = toJSON(tree)
	return model, unknown, err
}

func parse(exported json.RawMessage) (*yaml.Node, error) {
	var text string
	if json.Unmarshal(exported, &text) == nil {
		return fromYAML(text)
	}
	return fromJSON(exported)
}

// Connections are the ids of the data connections of a model, each once.
func Connections(model json.RawMessage) ([]string, error) {
	tree, err := fromJSON(model)
	if err != nil {
		return nil, err
	}
	var ids []string
	seen := map[string]bool{}
	members(tree, func(key, value *yaml.Node) {
		if key.Value == connectionID && value.ShortTag() == "!!str" && !seen[value.Value] {
			seen[value.Value] = true
			ids = append(ids, value.Value)
		}
	})
	return ids, nil
}

// Same tells whether two models say the same, in whatever order and spacing.
func Same(a, b json.RawMessage) bool {
	left, errLeft := plain(a)
	right, errRight := plain(b)
	return errLeft == nil && errRight == nil && reflect.DeepEqual(left, right)
}

func plain(model json.RawMessage) (value any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(model))
	decoder.UseNumber()
	err = decoder.Decode(&value)
	return value, err
}
