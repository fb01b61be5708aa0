package bridge

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// secretWords are parts of the names of members that hold secrets, without
// capitals, _ and -.
var secretWords = []string{"password", "passphrase", "secret", "token", "apikey", "privatekey", "accesskey", "credential", "serviceaccount", "configuration", "authorization", "pwd", "dsn", "connectionstring"}

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
	name = strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(name))
	return slices.ContainsFunc(secretWords, func(word string) bool { return strings.Contains(name, word) })
}

// address is a URL's scheme and host: all else in it may be secret, the path of
// a webhook too.
func address(text string) string {
	parsed, err := url.Parse(text)
	if err != nil || parsed.Host == "" {
		return ""
	}
	shown := url.URL{Scheme: parsed.Scheme, Host: parsed.Host}
	if parsed.RawQuery != "" || strings.Trim(parsed.Path, "/") != "" {
		return shown.String() + "/…"
	}
	return shown.String()
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
