package bridge

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// Sealer seals what a caller carries from one round of a call to the next. What
// was sealed can be neither read nor changed on the way.
type Sealer struct{ aead cipher.AEAD }

// SealerFor returns the [Sealer] of an API key: every process that serves the
// key opens what another has sealed for it, and nobody else does. The key is not
// kept.
func SealerFor(apiKey string) *Sealer {
	derived := hmac.New(sha256.New, []byte(apiKey))
	derived.Write([]byte("sema4-mcp request state, version 1"))
	return newSealer(derived.Sum(nil))
}

// ownSealer is for a [Tenant] that was given none: its callers come back to it
// alone.
func ownSealer() *Sealer {
	key := make([]byte, sha256.Size)
	rand.Read(key) // never fails, see crypto/rand
	return newSealer(key)
}

// newSealer wants 32 bytes. Nonces are random: a key would have to seal 2³²
// states before two of them are likely to be the same.
func newSealer(key []byte) *Sealer {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // AES-256 takes every key of 32 bytes
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // as AES has the block size that GCM wants
	}
	return &Sealer{aead}
}

// sealPrefix carries the version of the encoding, so that a later one can tell.
const sealPrefix = "ask1_"

func (s *Sealer) seal(content []byte) string {
	return sealPrefix + base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, content, nil))
}

func (s *Sealer) open(text string) (content []byte, ok bool) {
	encoded, ok := strings.CutPrefix(text, sealPrefix)
	if !ok {
		return nil, false
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return nil, false
	}
	content, err = s.aead.Open(nil, nil, sealed, nil)
	return content, err == nil
}
