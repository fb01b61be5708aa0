package worker

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"unicode/utf16"
)

// sign is the signature of a JSON document: lower-case hex of HMAC-SHA256 over its
// canonical form.
func sign(secret string, document []byte) (string, error) {
	plain, err := canonical(document)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(plain)
	return hex.EncodeToString(mac.Sum(nil)), nil
}

// canonical writes a JSON document with sorted keys, no spaces, and nothing but
// printable ASCII, as Python's json module does.
func canonical(document []byte) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil { // sorts the keys
		return nil, fmt.Errorf("sign: %w", err)
	}
	var plain []byte
	for _, r := range string(bytes.TrimSuffix(text.Bytes(), []byte("\n"))) {
		switch {
		case r < 0x7f: // JSON has escaped what is not printable below
			plain = append(plain, byte(r))
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			plain = fmt.Appendf(plain, `\u%04x\u%04x`, high, low)
		default:
			plain = fmt.Appendf(plain, `\u%04x`, r)
		}
	}
	return plain, nil
}
