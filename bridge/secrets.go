package bridge

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// secretWords are parts of the names of members that hold secrets.
var secretWords = []string{"password", "passphrase", "secret", "token", "api_key", "apikey", "private_key", "credential", "service_account", "configuration", "authorization"}

// withheld stands in the place of what may be a secret.
const withheld = "[not shown: it may hold a secret]"

// withoutSecrets is a document of the tenant's with the members withheld that
// may hold one. Numbers keep their digits. What cannot be read is nil.
func withoutSecrets(data json.RawMessage) any {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var document any
	if decoder.Decode(&document) != nil {
		return nil
	}
	return redacted(document)
}

func redacted(document any) any {
	switch document := document.(type) {
	case map[string]any:
		for name, value := range document {
			if secretName(name) {
				value = withheld
			}
			document[name] = redacted(value)
		}
	case []any:
		for i, value := range document {
			document[i] = redacted(value)
		}
	}
	return document
}

func secretName(name string) bool {
	name = strings.ToLower(strings.ReplaceAll(name, "-", "_"))
	return slices.ContainsFunc(secretWords, func(word string) bool { return strings.Contains(name, word) })
}

// address is a URL without what may be secret in it: user, query and fragment.
func address(text string) string {
	parsed, err := url.Parse(text)
	if err != nil || text == "" {
		return ""
	}
	query := ""
	if parsed.RawQuery != "" {
		query = "?…"
	}
	parsed.User, parsed.RawQuery, parsed.ForceQuery, parsed.Fragment, parsed.RawFragment = nil, "", false, "", ""
	return parsed.String() + query
}

// indented is JSON on lines, as it is: nothing in it is escaped for HTML.
func indented(document any) (string, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(document); err != nil {
		return "", err
	}
	return strings.TrimSuffix(buffer.String(), "\n"), nil
}
