package agentpackage

import (
	"encoding/json"

	"sema4mcp/internal/localtenant/yamljson"
)

// fromYAML turns a YAML document into JSON.
func fromYAML(data []byte) (json.RawMessage, error) {
	tree, err := yamljson.FromYAML(data)
	if err != nil {
		return nil, err
	}
	return yamljson.ToJSON(tree)
}

// toYAML writes a value as YAML, as it would be in JSON.
func toYAML(value any) ([]byte, error) {
	data, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	tree, err := yamljson.FromJSON(data)
	if err != nil {
		return nil, err
	}
	return yamljson.ToYAML(tree)
}
