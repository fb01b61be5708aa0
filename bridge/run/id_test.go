package run

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestIDsSayAllThatIsNeeded(t *testing.T) {
	t.Parallel()
	for _, names := range [][2]string{
		{"5a1e0000-0000-4000-8000-000000000001", "0b0e5c7e-0a54-4a0e-9a3e-1d8f6f5f2c11"},
		{"5A1E0000-0000-4000-8000-000000000001", "thread 7"}, // not a UUID's canonical form: kept as it is
		{"agent", strings.Repeat("c", 300)},
	} {
		id := newID(names[0], names[1], 12345, "What were total sales?", Posted)
		got, err := ParseID(id.String())
		if err != nil || got != id {
			t.Errorf("got %+v, %v, want %+v", got, err, id)
		}
		if time.Since(got.Started) > time.Minute {
			t.Errorf("started %v", got.Started)
		}
	}
	one, other := newID("a", "c", 0, "m", Streamed), newID("a", "c", 0, "m", Streamed)
	if one.String() == other.String() {
		t.Error("two runs of one question have the same id")
	}
	if digest("a  b\n") != digest(" a b") || digest("a b") == digest("ab") {
		t.Error("a digest goes by words")
	}
}

func TestIDsOfAnOwnerAreNobodyElses(t *testing.T) {
	ann, bob := []byte("ann's"), []byte("bob's")
	plain := newID("5a1e0000-0000-4000-8000-000000000001", "c", 3, "m", Streamed)
	owned := plain.of(ann)
	parsed, err := ParseID(owned.String())
	if err != nil || parsed != owned {
		t.Fatalf("got %+v, %v, want %+v", parsed, err, owned)
	}
	forged := owned
	forged.ConversationID = "d"
	for name, test := range map[string]struct {
		id    ID
		owner []byte
		want  bool
	}{
		"its own": {parsed, ann, true}, "another's": {parsed, bob, false}, "without owners": {parsed, nil, true},
		"of nobody, with an owner": {plain, ann, false}, "of nobody, without owners": {plain.of(nil), nil, true}, "of another conversation": {forged, ann, false},
	} {
		if got := test.id.belongsTo(test.owner); got != test.want {
			t.Errorf("%s: got %t", name, got)
		}
	}
}

func TestIDsThatAreNone(t *testing.T) {
	t.Parallel()
	good := newID("5a1e0000-0000-4000-8000-000000000001", "0b0e5c7e-0a54-4a0e-9a3e-1d8f6f5f2c11", 3, "m", Streamed).String()
	for text, says := range map[string]string{
		"":                          "not a run id",
		"hello":                     "not a run id",
		"run_id":                    "not a run id",
		"run1_" + good[5:]:          "another version (run1)",
		idPrefix:                    "damaged",
		idPrefix + "AAAA":           "damaged",
		idPrefix + "!!!":            "damaged",
		good[:len(good)-1]:          "damaged",
		good + "A":                  "damaged",
		good[:20] + "x" + good[21:]: "damaged",
	} {
		_, err := ParseID(text)
		var bad *IDError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: got %v, want it to say %q", text, err, says)
		}
	}
	if _, err := ParseID("  " + good + "\n"); err != nil {
		t.Errorf("white space around an id: %v", err)
	}
}

func FuzzParseID(f *testing.F) {
	f.Add(newID("5a1e0000-0000-4000-8000-000000000001", "c", 3, "m", Found).String())
	f.Add(newID("a", "c", 3, "m", Posted).of([]byte("owner")).String())
	f.Add(idPrefix)
	f.Fuzz(func(t *testing.T, text string) {
		id, err := ParseID(text)
		if err != nil {
			return
		}
		again, err := ParseID(id.String())
		if err != nil || again != id {
			t.Errorf("%q: got %+v, then %+v, %v", text, id, again, err)
		}
	})
}

// FuzzIDs: an id says what it was made of, and with any byte changed nothing.
func FuzzIDs(f *testing.F) {
	f.Add("5a1e0000-0000-4000-8000-000000000001", "c", "What were total sales?", 3, 7, byte(1))
	f.Add("{5a1e0000-0000-4000-8000-000000000001}", "5A1E0000-0000-4000-8000-000000000001", "", 0, 0, byte(0x20))
	f.Fuzz(func(t *testing.T, agentID, conversationID, message string, position, at int, change byte) {
		if agentID == "" || conversationID == "" {
			return
		}
		id := newID(agentID, conversationID, position&0x7fffffff, message, Way(position&1))
		text := id.String()
		if got, err := ParseID(text); err != nil || got != id {
			t.Errorf("got %+v, %v, want %+v", got, err, id)
		}
		altered := []byte(text)
		altered[(at&0xffff)%len(altered)] ^= change
		if got, err := ParseID(string(altered)); err == nil && change != 0 && strings.TrimSpace(string(altered)) != text {
			t.Errorf("%q is read as %+v", altered, got)
		}
	})
}
