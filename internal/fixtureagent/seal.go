package fixtureagent

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// seal protects the state that clients carry from round to round.
type seal []byte

func newSeal() seal {
	key := make(seal, sha256.Size)
	rand.Read(key) // never fails, see crypto/rand
	return key
}

// close seals how far a call of the tool has come.
func (s seal) close(tool, step string) string { return step + "." + s.code(tool, step) }

// open returns how far the call has come; false for a state that was not sealed
// here, for this tool.
func (s seal) open(tool, state string) (step string, ok bool) {
	step, code, _ := strings.Cut(state, ".")
	return step, hmac.Equal([]byte(code), []byte(s.code(tool, step)))
}

func (s seal) code(tool, step string) string {
	mac := hmac.New(sha256.New, s)
	mac.Write([]byte(tool + "\x00" + step))
	return hex.EncodeToString(mac.Sum(nil))
}
