package restclient

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// redactor takes the key, and the secrets of one request, out of what a server
// or a transport says, since either may repeat what it was given.
type redactor struct {
	keys    []string // every one that was sent
	secrets []string // every form of them, the longest first
	short   []string // every form of those too short to be replaced
}

const (
	redacted       = "[key removed]"
	redactedSecret = "[secret removed]"
	withheld       = "the server's text is withheld, since it holds what a short secret of the request reads"
	// minSecretBytes is what a secret needs to be replaced: a shorter one would
	// tear common words apart. What a server says with such a one in it is withheld.
	minSecretBytes = 6
)

// redactor is for what is said in answer to a request.
func (c *Client) redactor(req request) redactor {
	r := redactor{keys: c.credential.known()}
	for _, secret := range req.secrets {
		forms := formsOf(secret)
		r.secrets = append(r.secrets, forms...)
		if secret != "" && len(secret) < minSecretBytes {
			r.short = append(r.short, forms...)
		}
	}
	slices.SortFunc(r.secrets, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	r.secrets = slices.Compact(r.secrets)
	return r
}

// formsOf lists how a secret may be written: as it is, in JSON, in a URL, and
// word by word, as the lines of a key or what follows "Bearer". A word of letters
// alone is taken for one of the language.
func formsOf(secret string) []string {
	forms := []string{secret, url.QueryEscape(secret), url.PathEscape(secret)}
	for _, encode := range []func(any) ([]byte, error){json.Marshal, func(v any) ([]byte, error) { return encodeDocument(v), nil }} {
		if quoted, err := encode(secret); err == nil {
			forms = append(forms, string(quoted[1:len(quoted)-1]))
		}
	}
	for word := range strings.FieldsSeq(secret) {
		if strings.ContainsFunc(word, func(r rune) bool { return !unicode.IsLetter(r) }) {
			forms = append(forms, word)
		}
	}
	return forms
}

func (r redactor) text(s string) string { return string(r.bytes([]byte(s))) }

func (r redactor) bytes(b []byte) []byte {
	for _, key := range r.keys {
		b = replaceSecret(b, key, redacted)
	}
	for _, secret := range r.secrets {
		b = replaceSecret(b, secret, redactedSecret)
	}
	return b
}

// said is what a server says in words of its own.
func (r redactor) said(s string) string {
	if r.holdsShort(s) {
		return withheld
	}
	return r.text(s)
}

func (r redactor) holdsShort(s string) bool {
	return slices.ContainsFunc(r.short, func(secret string) bool { return strings.Contains(s, secret) })
}

func replaceSecret(b []byte, secret, replacement string) []byte {
	if len(secret) < minSecretBytes {
		return b
	}
	return bytes.ReplaceAll(b, []byte(secret), []byte(replacement))
}

// json drops what holds a short secret, and what would no longer be JSON, as where a secret of digits stands
// in a number.
func (r redactor) json(b json.RawMessage) json.RawMessage {
	if r.holdsShort(string(b)) {
		return nil
	}
	clean := r.bytes(b)
	if !json.Valid(clean) {
		return nil
	}
	return clean
}

func (r redactor) err(err error) error {
	if clean := r.text(err.Error()); clean != err.Error() {
		return &redactedError{text: clean, err: err}
	}
	return err
}

type redactedError struct {
	text string
	err  error
}

func (e *redactedError) Error() string { return e.text }
func (e *redactedError) Unwrap() error { return e.err }

// secretsIn lists the texts and numbers in a JSON value, and in JSON that is
// written as a text in it.
func secretsIn(raw json.RawMessage) []string {
	document, err := parseDocument(raw)
	if err != nil {
		return nil
	}
	return appendSecrets(nil, document)
}

func appendSecrets(secrets []string, document any) []string {
	switch document := document.(type) {
	case string:
		secrets = append(secrets, document)
		if inner, err := parseDocument([]byte(document)); err == nil && objectOf(inner) != nil {
			secrets = appendSecrets(secrets, inner)
		}
	case json.Number:
		secrets = append(secrets, document.String())
	case []any:
		for _, item := range document {
			secrets = appendSecrets(secrets, item)
		}
	case map[string]any:
		for _, item := range document {
			secrets = appendSecrets(secrets, item)
		}
	}
	return secrets
}
