package restclient

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// content is an event of message m1.
func content(sequence int64, op, path, value string) MessageContent {
	return MessageContent{"m1", sequence, Delta{Op: op, Path: path, Value: json.RawMessage(value)}}
}

func TestTranscriptSnapshotsStayAsTheyWere(t *testing.T) {
	var transcript Transcript
	var snapshots [][]Message
	for _, event := range []Event{
		MessageBegin{MessageID: "m1"},
		content(1, OpAdd, "/content", `[{"kind":"text","text":"a"}]`),
		content(2, OpConcatString, "/content/0/text", `"b"`),
		content(3, OpConcatString, "/content/0/text", `"c"`),
		MessageEnd{MessageID: "m1"},
		AgentFinished{},
	} {
		if err := transcript.Apply(event); err != nil {
			t.Fatal(err)
		}
		snapshots = append(snapshots, transcript.Messages())
	}
	for i, want := range []string{"", "a", "ab", "abc", "abc", "abc"} {
		equal(t, "text", snapshots[i][0].Text(), want)
		equal(t, "id", snapshots[i][0].ID, "m1")
		equal(t, "role", snapshots[i][0].Role, RoleAgent)
	}
}

func TestTranscriptTakesIdAndRoleFromTheMessage(t *testing.T) {
	var transcript Transcript
	if err := transcript.Apply(content(0, OpAdd, "", `{"message_id":"m9","role":"user","content":"hi"}`)); err != nil {
		t.Fatal(err)
	}
	m := transcript.Messages()[0]
	equal(t, "message", m.ID+" "+m.Role+" "+m.Text(), "m9 user hi")
}

func TestTranscriptThatIsNotSound(t *testing.T) {
	for name, c := range map[string]struct {
		event Event
		want  string
	}{
		"a delta that cannot be applied": {content(2, OpConcatString, "/content/7/text", `"c"`), `message "m1": cannot apply concat_string at "/content/7/text": there is nothing at the path`},
		"an unknown operation":           {content(2, "merge", "/content", `"c"`), `message "m1": cannot apply merge at "/content": the operation is unknown`},
		"an event twice":                 {content(1, OpConcatString, "/content/0/text", `"c"`), "out of order"},
		"an event that cannot be read":   {UnknownEvent{Err: errors.New("bad JSON")}, `message "" cannot be followed: bad JSON`},
	} {
		t.Run(name, func(t *testing.T) {
			var transcript Transcript
			if err := transcript.Apply(content(1, OpAdd, "/content", `[{"kind":"text","text":"a"}]`)); err != nil {
				t.Fatal(err)
			}
			equal(t, "sound before", transcript.Sound(), true)
			err := transcript.Apply(c.event)
			if _, ok := errors.AsType[*DeltaError](err); !ok || errors.Unwrap(err) == nil {
				t.Fatalf("got %v, want a DeltaError", err)
			}
			contains(t, "error", err.Error(), c.want)
			equal(t, "sound after", transcript.Sound(), false)
			equal(t, "text", transcript.Messages()[0].Text(), "a")
		})
	}
}

func TestBrokenMessageIsLeftAlone(t *testing.T) {
	var transcript Transcript
	if transcript.Apply(content(1, OpReplace, "/content", `[]`)) == nil {
		t.Fatal("no error")
	}
	if err := transcript.Apply(content(2, OpAdd, "/content", `"text"`)); err != nil {
		t.Errorf("the broken message: %v", err)
	}
	if err := transcript.Apply(MessageContent{"m2", 1, Delta{Op: OpAdd, Path: "/content", Value: json.RawMessage(`"text"`)}}); err != nil {
		t.Errorf("another message: %v", err)
	}
	messages := transcript.Messages()
	equal(t, "broken", messages[0].Text(), "")
	equal(t, "other", messages[1].Text(), "text")
}

func TestTranscriptIgnoresWhatIsNew(t *testing.T) {
	var transcript Transcript
	for _, event := range []Event{UnknownEvent{Type: "new"}, AgentReady{}, AgentError{}, MessageMetadata{}, RequestUserInput{}, RequestToolExecution{}, ThreadNameUpdated{}} {
		if err := transcript.Apply(event); err != nil {
			t.Errorf("%T: %v", event, err)
		}
	}
	equal(t, "sound", transcript.Sound(), true)
	equal(t, "messages", len(transcript.Messages()), 0)
}

func TestTranscriptOfMessagesWithoutEnd(t *testing.T) {
	for name, event := range map[string]func(int) Event{
		"begun":   func(i int) Event { return MessageBegin{MessageID: fmt.Sprint(i)} },
		"written": func(i int) Event { return MessageContent{MessageID: fmt.Sprint(i), Delta: Delta{Op: OpRemove}} },
	} {
		t.Run(name, func(t *testing.T) {
			transcript := Transcript{budget: budget{used: maxTranscriptBytes - 10*draftBytes}}
			var err error
			for i := 0; i < 100 && !errors.Is(err, errTooMuch); i++ {
				err = transcript.Apply(event(i))
			}
			if !errors.Is(err, errTooMuch) {
				t.Errorf("got %v, want an end", err)
			}
			if n := len(transcript.Messages()); n > 11 {
				t.Errorf("%d messages", n)
			}
		})
	}
}

// BenchmarkTranscript streams an answer of 1 MB in pieces of 20 bytes, with a
// look at the messages after each.
func BenchmarkTranscript(b *testing.B) {
	const size, piece = 1 << 20, 20
	event := content(0, OpConcatString, "/content/0/text", `"`+strings.Repeat("x", piece)+`"`)
	b.SetBytes(size)
	for b.Loop() {
		var transcript Transcript
		if err := transcript.Apply(content(0, OpAdd, "/content", `[{"kind":"text","text":""}]`)); err != nil {
			b.Fatal(err)
		}
		for range size / piece {
			if err := transcript.Apply(event); err != nil {
				b.Fatal(err)
			}
			transcript.Messages()
		}
		equal(b, "bytes", len(transcript.Messages()[0].Text()), size/piece*piece)
	}
}
