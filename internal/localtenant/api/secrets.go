package api

import (
	"encoding/json"
	"fmt"

	"sema4mcp/internal/localtenant/datasource"
)

// withoutSecrets is a configuration without its secret keys, at any depth.
func withoutSecrets(configuration json.RawMessage) (json.RawMessage, error) {
	members, isObject := objectMembers(configuration)
	if !isObject {
		return withoutSecretsInside(configuration)
	}
	for key, value := range members {
		if datasource.IsSecret(key) {
			delete(members, key)
			continue
		}
		cleaned, err := withoutSecrets(value)
		if err != nil {
			return nil, err
		}
		members[key] = cleaned
	}
	return json.Marshal(members)
}

// withoutSecretsInside cleans the objects of an array; other values are clean.
func withoutSecretsInside(value json.RawMessage) (json.RawMessage, error) {
	var elements []json.RawMessage
	if json.Unmarshal(value, &elements) != nil || elements == nil {
		return value, nil
	}
	for i, element := range elements {
		cleaned, err := withoutSecrets(element)
		if err != nil {
			return nil, err
		}
		elements[i] = cleaned
	}
	return json.Marshal(elements)
}

// withSecretsOf adds the secret keys of the stored configuration that the new one
// does not have, at any depth.
func withSecretsOf(stored, configuration json.RawMessage) (json.RawMessage, error) {
	old, oldIsObject := objectMembers(stored)
	members, isObject := objectMembers(configuration)
	if !oldIsObject || !isObject {
		return withSecretsInside(stored, configuration)
	}
	for key, value := range old {
		given, ok := members[key]
		switch {
		case !ok && datasource.IsSecret(key):
			members[key] = value
		case ok && !datasource.IsSecret(key):
			merged, err := withSecretsOf(value, given)
			if err != nil {
				return nil, err
			}
			members[key] = merged
		}
	}
	merged, err := json.Marshal(members)
	if err != nil {
		return nil, fmt.Errorf("merge configuration: %w", err)
	}
	return merged, nil
}

// withSecretsInside does so for the elements of an array, by their places.
func withSecretsInside(stored, value json.RawMessage) (json.RawMessage, error) {
	var old, elements []json.RawMessage
	if json.Unmarshal(stored, &old) != nil || json.Unmarshal(value, &elements) != nil || elements == nil {
		return value, nil
	}
	for i := range min(len(old), len(elements)) {
		merged, err := withSecretsOf(old[i], elements[i])
		if err != nil {
			return nil, err
		}
		elements[i] = merged
	}
	return json.Marshal(elements)
}

func objectMembers(value json.RawMessage) (map[string]json.RawMessage, bool) {
	var members map[string]json.RawMessage
	err := json.Unmarshal(value, &members)
	return members, err == nil && members != nil
}
