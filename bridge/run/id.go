package run

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"
	"time"

	"github.com/google/uuid"
)

// ID names a run and says where in the tenant its answer is to be found. It is
// made before anything is sent and holds no secret: reading the conversation
// still takes a key that may.
type ID struct {
	AgentID        string
	ConversationID string

	// Position is how many messages the conversation held before the run: its
	// own message stands there or later.
	Position int
	// Digest identifies the run's message among those from Position on.
	Digest [8]byte
	// Started is when the run began, to the second.
	Started time.Time
	// Way is how the message was sent.
	Way Way

	nonce [4]byte // tells two runs of one question apart

	// owned ids end in a code that only who has the owner's secret can make.
	owned bool
	code  [16]byte
}

// idPrefix carries the version of the encoding, so that a later one can tell.
const idPrefix = "run2_"

func newID(agentID, conversationID string, position int, message string, way Way) ID {
	id := ID{AgentID: agentID, ConversationID: conversationID, Position: position, Digest: digest(message), Way: way, Started: time.Now().Truncate(time.Second)}
	rand.Read(id.nonce[:]) // never fails, see crypto/rand
	return id
}

// digest looks at words only: a tenant may trim or reflow what it stores.
func digest(message string) [8]byte {
	sum := sha256.Sum256([]byte(strings.Join(strings.Fields(message), " ")))
	return [8]byte(sum[:8])
}

// of returns the id with the code of an owner; without one it stays as it is.
func (id ID) of(owner []byte) ID {
	if len(owner) == 0 {
		return id
	}
	id.owned, id.code = true, id.codeOf(owner)
	return id
}

// belongsTo is true of every id where there is no owner.
func (id ID) belongsTo(owner []byte) bool {
	code := id.codeOf(owner)
	return len(owner) == 0 || id.owned && hmac.Equal(id.code[:], code[:])
}

func (id ID) codeOf(owner []byte) (code [16]byte) {
	mac := hmac.New(sha256.New, owner)
	mac.Write([]byte("sema4-mcp run, version 2\x00"))
	mac.Write(id.body())
	copy(code[:], mac.Sum(nil))
	return code
}

// String is the form that callers see: about 75 characters of [A-Za-z0-9_-], 100 with
// the code of an owner.
func (id ID) String() string {
	out := id.body()
	if id.owned {
		out = append(out, id.code[:]...)
	}
	out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out))
	return idPrefix + base64.RawURLEncoding.EncodeToString(out)
}

func (id ID) body() []byte {
	var out []byte
	out = appendName(out, id.AgentID)
	out = appendName(out, id.ConversationID)
	out = binary.AppendUvarint(out, uint64(id.Position))
	out = append(out, id.Digest[:]...)
	out = append(out, byte(id.Way))
	out = binary.BigEndian.AppendUint64(out, uint64(id.Started.Unix()))
	return append(out, id.nonce[:]...)
}

// IDError says why a text is not the ID of a run, and what to do about it.
type IDError struct{ Reason string }

func (e *IDError) Error() string { return e.Reason }

// ParseID reads what [ID.String] wrote. Every error is an [*IDError].
func ParseID(text string) (ID, error) {
	text = strings.TrimSpace(text)
	encoded, ok := strings.CutPrefix(text, idPrefix)
	if !ok {
		if version, _, found := strings.Cut(text, "_"); found && strings.HasPrefix(version, "run") && len(version) > len("run") {
			return ID{}, &IDError{fmt.Sprintf("this run id was made by another version (%s): ask the agent again, or read the thread's messages", version)}
		}
		return ID{}, &IDError{"this is not a run id: pass the run_id exactly as an earlier result gave it, it starts with " + idPrefix}
	}
	damaged := &IDError{"this run id is damaged: copy it whole and unchanged from the earlier result"}
	data, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil || len(data) < crc32.Size {
		return ID{}, damaged
	}
	body, sum := data[:len(data)-crc32.Size], data[len(data)-crc32.Size:]
	if binary.BigEndian.Uint32(sum) != crc32.ChecksumIEEE(body) {
		return ID{}, damaged
	}
	id, ok := decodeID(body)
	if !ok {
		return ID{}, damaged
	}
	return id, nil
}

func decodeID(body []byte) (id ID, ok bool) {
	if id.AgentID, body, ok = cutName(body); !ok {
		return ID{}, false
	}
	if id.ConversationID, body, ok = cutName(body); !ok {
		return ID{}, false
	}
	position, n := binary.Uvarint(body)
	if n <= 0 || position > 1<<31 {
		return ID{}, false
	}
	id.Position, body = int(position), body[n:]
	const plain = len(id.Digest) + 1 + 8 + len(id.nonce)
	if id.owned = len(body) == plain+len(id.code); !id.owned && len(body) != plain {
		return ID{}, false
	}
	body = body[copy(id.Digest[:], body):]
	if id.Way = Way(body[0]); id.Way > Posted {
		return ID{}, false
	}
	body = body[1:]
	id.Started = time.Unix(int64(binary.BigEndian.Uint64(body)), 0)
	body = body[8:]
	body = body[copy(id.nonce[:], body):]
	copy(id.code[:], body)
	return id, true
}

// appendName writes a UUID in its 16 bytes, after a zero, and any other name as
// its length and text.
func appendName(out []byte, name string) []byte {
	if parsed, err := uuid.Parse(name); err == nil && parsed.String() == name {
		return append(append(out, 0), parsed[:]...)
	}
	out = binary.AppendUvarint(out, uint64(len(name)))
	return append(out, name...)
}

func cutName(data []byte) (name string, rest []byte, ok bool) {
	length, n := binary.Uvarint(data)
	if n <= 0 {
		return "", nil, false
	}
	data = data[n:]
	if length == 0 {
		if len(data) < 16 {
			return "", nil, false
		}
		return uuid.UUID(data[:16]).String(), data[16:], true
	}
	if uint64(len(data)) < length {
		return "", nil, false
	}
	return string(data[:length]), data[length:], true
}
