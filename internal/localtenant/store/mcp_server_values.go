package store

import (
	"encoding/json"
	"fmt"
)

// Mask stands for a secret wherever one is shown.
const Mask = "**********"

// ServerValue is the value of a header or an environment variable of an MCP server.
// Encoded or printed it shows a [Mask], whatever its type: people put keys into all
// of them.
type ServerValue struct {
	Type        string  // string, secret, oauth2-secret or data-server-info; "" for a bare text
	Value       *string // nil when there is none yet
	Description string
	Provider    string   // of an oauth2-secret
	Scopes      []string // of an oauth2-secret
}

// valueObject is a value that has a type.
type valueObject struct {
	Type        string   `json:"type"`
	Value       *string  `json:"value"`
	Description string   `json:"description,omitempty"`
	Provider    string   `json:"provider,omitempty"`
	Scopes      []string `json:"scopes,omitempty"`
}

// IsMask says whether this is a secret as it is shown, not the secret itself.
func (v ServerValue) IsMask() bool {
	return v.Value != nil && *v.Value == Mask
}

func (v ServerValue) masked() ServerValue {
	if v.Value != nil {
		mask := Mask
		v.Value = &mask
	}
	return v
}

func (v ServerValue) encode() ([]byte, error) {
	if v.Type == "" {
		return json.Marshal(v.Value)
	}
	return json.Marshal(valueObject(v))
}

// MarshalJSON writes the value as an API shows it.
func (v ServerValue) MarshalJSON() ([]byte, error) { return v.masked().encode() }

// Format keeps the secret out of whatever is printed.
func (v ServerValue) Format(f fmt.State, _ rune) { fmt.Fprint(f, Mask) }

// encodeValues writes values for the database, which alone has the secrets.
func encodeValues(values map[string]ServerValue) (string, error) {
	stored := make(map[string]json.RawMessage, len(values))
	for name, value := range values {
		data, err := value.encode()
		if err != nil {
			return "", err
		}
		stored[name] = data
	}
	data, err := json.Marshal(stored)
	return string(data), err
}

func decodeValues(data []byte) (map[string]ServerValue, error) {
	var stored map[string]json.RawMessage
	if err := json.Unmarshal(data, &stored); err != nil {
		return nil, err
	}
	if len(stored) == 0 {
		return nil, nil
	}
	values := make(map[string]ServerValue, len(stored))
	for name, raw := range stored {
		var value ServerValue
		if err := json.Unmarshal(raw, &value.Value); err != nil {
			var object valueObject
			if err := json.Unmarshal(raw, &object); err != nil {
				return nil, err
			}
			value = ServerValue(object)
		}
		values[name] = value
	}
	return values, nil
}
