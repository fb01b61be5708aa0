// Package agentpackage reads and writes agents as files: the vendor's agent package,
// a zip with `agent-spec.yaml`, `runbook.md`, `semantic-data-models/*.yaml` and
// `agent-files/<uuid>`. Start from [Read] and [Write].
//
// A package comes from anywhere: nothing in it is believed before it is checked, and
// none of its files stands in memory whole.
package agentpackage

import (
	"encoding/json"
	"errors"
	"io"
)

// ErrDamaged says that a file is no zip archive, or cannot be unpacked.
var ErrDamaged = errors.New("is no zip archive, or a damaged one")

// InvalidError says what is wrong in a package, and where: a file in it, with the
// field if there is one.
type InvalidError struct{ Where, Reason string }

func (e *InvalidError) Error() string { return e.Where + ": " + e.Reason }

// Package is an agent as a file.
type Package struct {
	Name, Description string
	Version           string
	Architecture      string // empty when the package does not say
	Mode              string // conversational or worker; empty when the package does not say
	Runbook           string // Markdown
	Settings          Settings
	MCPServers        []MCPServer
	Models            []Model
	Files             []File
}

// Settings are parts of a specification that are carried along as they are; nil
// when absent.
type Settings struct {
	Reasoning            json.RawMessage `json:"reasoning,omitempty"`
	Model                json.RawMessage `json:"model,omitempty"`
	ActionPackages       json.RawMessage `json:"action-packages,omitempty"`
	Knowledge            json.RawMessage `json:"knowledge,omitempty"`
	ConversationStarter  json.RawMessage `json:"conversation-starter,omitempty"`
	WelcomeMessage       json.RawMessage `json:"welcome-message,omitempty"`
	SelectedTools        json.RawMessage `json:"selected-tools,omitempty"`
	AgentSettings        json.RawMessage `json:"agent-settings,omitempty"`
	DocumentIntelligence json.RawMessage `json:"document-intelligence,omitempty"`
}

// MCPServer is an MCP server the agent uses. Headers are only there to be seen:
// whoever writes a package masks the secrets in them.
type MCPServer struct {
	Name                 string  `json:"name"`
	Transport            string  `json:"transport,omitempty"`
	URL                  *string `json:"url,omitempty"`
	Headers              any     `json:"headers,omitempty"`
	ForceSerialToolCalls bool    `json:"force-serial-tool-calls,omitempty"`
}

// Model is a semantic data model; Definition is its `semantic_model` object, with
// data connections by name.
type Model struct {
	Name, Description string
	Definition        json.RawMessage
}

// File is a file that the agent shares with all its conversations.
type File struct {
	Ref      string // a UUID
	Name     string
	MIMEType string
	Size     int64 // bytes
	Open     func() (io.ReadCloser, error)
}
