package sdm

import (
	"encoding/json"

	"go.yaml.in/yaml/v4"

	"sema4mcp/internal/localtenant/yamljson"
)

// Models name their data connections by id here, and by name on the way to
// another tenant.
const (
	connectionID   = "data_connection_id"
	connectionName = "data_connection_name"
)

// Named is a model with the names of data connections in place of their ids. An id
// that names does not have stays.
func Named(model json.RawMessage, names map[string]string) (json.RawMessage, error) {
	tree, err := namedTree(model, names)
	if err != nil {
		return nil, err
	}
	return yamljson.ToJSON(tree)
}

// Export writes a [Named] model as YAML.
func Export(model json.RawMessage, names map[string]string) ([]byte, error) {
	tree, err := namedTree(model, names)
	if err != nil {
		return nil, err
	}
	return yamljson.ToYAML(tree)
}

func namedTree(model json.RawMessage, names map[string]string) (*yaml.Node, error) {
	tree, err := yamljson.FromJSON(model)
	if err != nil {
		return nil, err
	}
	members(tree, func(key, value *yaml.Node) {
		if name, ok := names[value.Value]; ok && key.Value == connectionID {
			if named, err := yamljson.Text(name); err == nil {
				key.Value, *value = connectionName, *named
			}
		}
	})
	return tree, nil
}

// Import reads an exported model, a JSON object or a text of YAML. idOf gives the
// id of a data connection by its name; unknown are the names it did not know. A
// model may be complete without a connection: an empty name stays as it is.
func Import(exported json.RawMessage, idOf func(name string) (id string, ok bool)) (model json.RawMessage, unknown []string, err error) {
	tree, err := parse(exported)
	if err != nil {
		return nil, nil, err
	}
	members(tree, func(key, value *yaml.Node) {
		if key.Value != connectionName || value.Kind != yaml.ScalarNode || value.Value == "" || value.ShortTag() == "!!null" {
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
	model, err = yamljson.ToJSON(tree)
	return model, unknown, err
}

func parse(exported json.RawMessage) (*yaml.Node, error) {
	var text string
	if json.Unmarshal(exported, &text) == nil {
		return yamljson.FromYAML([]byte(text))
	}
	return yamljson.FromJSON(exported)
}

// Connections are the ids of the data connections of a model, each once.
func Connections(model json.RawMessage) ([]string, error) {
	tree, err := yamljson.FromJSON(model)
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

// members calls change with every member of every object, in the tree's order.
func members(node *yaml.Node, change func(key, value *yaml.Node)) {
	if node.Kind == yaml.MappingNode {
		for i := 0; i < len(node.Content); i += 2 {
			change(node.Content[i], node.Content[i+1])
		}
	}
	for _, child := range node.Content {
		members(child, change)
	}
}
