package restclient

import (
	"encoding/json"
	"fmt"
	"log/slog"
)

// The types of an [MCPServerVariable].
const (
	VariableString         = "string"
	VariableSecret         = "secret"
	VariableOAuth2Secret   = "oauth2-secret" // with Provider and Scopes
	VariableDataServerInfo = "data-server-info"
)

// MCPServerVariable is the value of a header or an environment variable of an
// [MCPServer]: a text alone, or an object that says what it is. Set Value alone
// to send a text.
type MCPServerVariable struct {
	Type        string          `json:"type,omitzero"`
	Value       Secret          `json:"value,omitzero"`
	Description string          `json:"description,omitzero"`
	Provider    string          `json:"provider,omitzero"`
	Scopes      json.RawMessage `json:"scopes,omitzero"` // a list of texts or one text
	Extra       RawObject       `json:"-"`

	shape variableShape
	odd   Secret // JSON that is neither
}

// variableShape is how a variable came, and goes back.
type variableShape int

const (
	shapeFree variableShape = iota // as the fields that are set need it
	shapeObject
	shapeOdd
)

// UnmarshalJSON never fails on JSON.
func (v *MCPServerVariable) UnmarshalJSON(data []byte) error {
	*v = MCPServerVariable{}
	if json.Unmarshal(data, (*string)(&v.Value)) == nil && data[0] == '"' {
		return nil
	}
	type plain MCPServerVariable
	v.shape = shapeObject
	if decodeMembers(data, (*plain)(v), &v.Extra) != nil {
		*v = MCPServerVariable{shape: shapeOdd, odd: Secret(data)}
	}
	return nil
}

// MarshalJSON writes a text or an object: as it came, unless fields that were
// set since need an object.
func (v MCPServerVariable) MarshalJSON() ([]byte, error) {
	text := v.Type == "" && v.Description == "" && v.Provider == "" && v.Scopes == nil && v.Extra == nil
	switch {
	case text && v.shape == shapeOdd && v.Value == "":
		return []byte(v.odd), nil
	case text && v.shape != shapeObject:
		return json.Marshal(string(v.Value))
	}
	type plain MCPServerVariable
	return encodeMembers(plain(v), v.Extra)
}

// Format leaves out the value, whatever the verb.
func (v MCPServerVariable) Format(state fmt.State, _ rune) {
	_, _ = fmt.Fprintf(state, "{type:%s value:%v}", v.Type, v.Value)
}

// LogValue logs the variable without its value.
func (v MCPServerVariable) LogValue() slog.Value { return hidden(v) }

func (v MCPServerVariable) secrets() []string {
	secrets := append(secretsIn(json.RawMessage(v.odd)), string(v.Value))
	for _, value := range v.Extra {
		secrets = append(secrets, secretsIn(value)...)
	}
	return secrets
}
