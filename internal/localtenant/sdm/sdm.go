// Package sdm makes, checks and carries over semantic data models: the
// `semantic_model` objects of the vendor's API v2. Models are JSON text, and what
// is unknown in them is kept.
package sdm

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Head is what a tenant needs to know of a model.
type Head struct {
	Name        string
	Description string
}

const (
	maxName     = 255 // characters
	defaultName = "semantic data model"
)

// Check reads the head of a model, or says what is wrong with it: it must have
// tables or schemas.
func Check(model json.RawMessage) (Head, error) {
	var members map[string]json.RawMessage
	if json.Unmarshal(model, &members) != nil || members == nil {
		return Head{}, errors.New("must be an object")
	}
	if !hasElements(members["tables"]) && !hasElements(members["schemas"]) {
		return Head{}, errors.New("must have non-empty tables or schemas")
	}
	if raw, ok := members["tables"]; ok && string(raw) != "null" {
		var tables []map[string]json.RawMessage
		if json.Unmarshal(raw, &tables) != nil {
			return Head{}, errors.New("tables: must be an array of objects")
		}
	}
	var head Head
	for _, member := range []struct {
		name string
		into *string
	}{{"name", &head.Name}, {"description", &head.Description}} {
		if raw, ok := members[member.name]; ok && json.Unmarshal(raw, member.into) != nil {
			return Head{}, fmt.Errorf("%s: must be a string", member.name)
		}
	}
	if utf8.RuneCountInString(head.Name) > maxName {
		return Head{}, fmt.Errorf("name: must not be longer than %d characters", maxName)
	}
	if strings.TrimSpace(head.Name) == "" {
		head.Name = defaultName
	}
	return head, nil
}

func hasElements(raw json.RawMessage) bool {
	var array []json.RawMessage
	var object map[string]json.RawMessage
	return json.Unmarshal(raw, &array) == nil && len(array) > 0 || json.Unmarshal(raw, &object) == nil && len(object) > 0
}
