package restclient

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf16"
)

// CallbackRegistration asks for one POST to URL when a work item reaches a
// status; see [VerifyCallback] for what comes.
type CallbackRegistration struct {
	URL             string         `json:"url,omitzero"`
	SignatureSecret Secret         `json:"signature_secret,omitzero"` // empty: the POST is not signed
	OnStatus        WorkItemStatus `json:"on_status,omitzero"`        // the server takes NEEDS_REVIEW for none; one callback a status
	Extra           RawObject      `json:"-"`
}

// UnmarshalJSON keeps what it does not understand in Extra.
func (c *CallbackRegistration) UnmarshalJSON(data []byte) error {
	type plain CallbackRegistration
	return decodeMembers(data, (*plain)(c), &c.Extra)
}

// MarshalJSON writes the fields, and Extra.
func (c CallbackRegistration) MarshalJSON() ([]byte, error) {
	type plain CallbackRegistration
	return encodeMembers(plain(c), c.Extra)
}

// LogValue logs the registration without its secret.
func (c CallbackRegistration) LogValue() slog.Value { return hidden(c) }

// WorkItemCallback is what the server posts to a callback.
type WorkItemCallback struct {
	WorkItemID  string         `json:"work_item_id,omitzero"`
	AgentID     string         `json:"agent_id,omitzero"`
	ThreadID    string         `json:"thread_id,omitzero"`
	Status      WorkItemStatus `json:"status,omitzero"`
	WorkItemURL string         `json:"work_item_url,omitzero"`
	AgentName   string         `json:"agent_name,omitzero"`
	Extra       RawObject      `json:"-"`
}

// UnmarshalJSON keeps what it does not understand in Extra.
func (c *WorkItemCallback) UnmarshalJSON(data []byte) error {
	type plain WorkItemCallback
	return decodeMembers(data, (*plain)(c), &c.Extra)
}

const signatureHeader = "X-Sema4ai-Signature"

// ErrSignature is in the error for a callback that was not signed with the
// secret: answer it with 401 and do nothing it says.
var ErrSignature = errors.New("the signature of the callback is wrong")

// VerifyCallback checks the signature of a callback, an HMAC-SHA256 over its
// canonical JSON, and decodes its body. Bound the size of the body when reading
// it. A callback may be repeated by whoever saw it: fetch the work item for what
// holds now.
func VerifyCallback(secret string, header http.Header, body []byte) (*WorkItemCallback, error) {
	if secret == "" {
		return nil, errors.New("a callback cannot be verified without the secret it was registered with")
	}
	given, err := hex.DecodeString(header.Get(signatureHeader))
	if err != nil || len(given) == 0 {
		return nil, fmt.Errorf("%w: the header %s holds none", ErrSignature, signatureHeader)
	}
	document, err := parseDocument(body)
	if err != nil {
		return nil, fmt.Errorf("the body of the callback is not JSON: %w", err)
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(canonicalJSON(document)))
	if !hmac.Equal(given, mac.Sum(nil)) {
		return nil, ErrSignature
	}
	callback := &WorkItemCallback{}
	if err := json.Unmarshal(body, callback); err != nil {
		return nil, fmt.Errorf("the body of the callback cannot be used: %w", err)
	}
	return callback, nil
}

// canonicalJSON writes JSON as the vendor signs it: members sorted by name, no
// spaces, all but ASCII escaped, numbers as they came.
func canonicalJSON(document any) string {
	var text strings.Builder
	writeCanonical(&text, document)
	return text.String()
}

func writeCanonical(text *strings.Builder, document any) {
	switch document := document.(type) {
	case string:
		writeCanonicalString(text, document)
	case []any:
		text.WriteByte('[')
		for i, item := range document {
			separate(text, i)
			writeCanonical(text, item)
		}
		text.WriteByte(']')
	case map[string]any:
		text.WriteByte('{')
		for i, name := range slices.Sorted(maps.Keys(document)) {
			separate(text, i)
			writeCanonicalString(text, name)
			text.WriteByte(':')
			writeCanonical(text, document[name])
		}
		text.WriteByte('}')
	default: // null, a boolean or a number
		text.Write(encodeDocument(document))
	}
}

func separate(text *strings.Builder, i int) {
	if i > 0 {
		text.WriteByte(',')
	}
}

var shortEscapes = map[rune]string{
	'"': `\"`, '\\': `\\`, '\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`,
}

func writeCanonicalString(text *strings.Builder, s string) {
	text.WriteByte('"')
	for _, r := range s {
		switch escape := shortEscapes[r]; {
		case escape != "":
			text.WriteString(escape)
		case r >= ' ' && r <= '~':
			text.WriteRune(r)
		default:
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(text, `\u%04x`, unit)
			}
		}
	}
	text.WriteByte('"')
}
