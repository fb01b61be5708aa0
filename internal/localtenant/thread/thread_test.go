package thread_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"sema4mcp/internal/localtenant/thread"
)

var noon = time.Date(2026, 7, 2, 14, 0, 0, 123456789, time.FixedZone("", 2*3600))

func TestTimestamps(t *testing.T) {
	const want = "2026-07-02T12:00:00.123456+00:00"
	stamp := thread.Timestamp(noon)
	if stamp.String() != want {
		t.Errorf("%s, want %s", stamp, want)
	}
	if data, err := json.Marshal(stamp); err != nil || string(data) != `"`+want+`"` {
		t.Errorf("%s, %v", data, err)
	}
	if back, err := thread.ParseTimestamp(want); err != nil || back.String() != want {
		t.Errorf("read back: %v, %v", back, err)
	}
	if _, err := thread.ParseTimestamp("yesterday"); err == nil {
		t.Error("yesterday was read as a time")
	}
}

func TestTextOfAMessage(t *testing.T) {
	message := thread.UserMessage("m", "c", "hello", noon)
	if got := message.Text(); got != "hello" {
		t.Errorf("text %q", got)
	}
	message.Content = json.RawMessage(`[{"kind":"thought","thought":"x"},{"kind":"text","text":"a"},{"kind":"text","text":"b"}]`)
	if got := message.Text(); got != "a\n\nb" {
		t.Errorf("text %q", got)
	}
	message.Content = json.RawMessage(`"old"`)
	if got := message.Text(); got != "" {
		t.Errorf("text of what is no list: %q", got)
	}
}

func TestComposer(t *testing.T) {
	var told []string
	ids := 0
	newID := func() string { ids++; return fmt.Sprint("c", ids) }
	c := thread.NewComposer("m1", "r1", noon, newID, func(d thread.Delta) {
		data, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		told = append(told, string(data))
	})
	if got := string(c.Message(noon).Content); got != "[]" {
		t.Errorf("content at the beginning: %s", got)
	}
	told = nil
	c.Text("")
	c.Text("one")
	c.Text(" two")
	call := c.ToolCall("look", `{"at":"it"}`, noon)
	call.Start(noon)
	call.Fail("too dark", noon)
	c.Text("three")
	c.Complete()

	want := []string{
		`{"op":"add","path":"/content/0","value":{"content_id":"c1","kind":"text","complete":false,"text":"one","citations":[]}}`,
		`{"op":"concat_string","path":"/content/0/text","value":" two"}`,
		`{"op":"replace","path":"/content/0/complete","value":true}`,
		`"/content/1"`,
		`{"op":"replace","path":"/content/1/started_at","value":"2026-07-02T12:00:00.123456+00:00"}`,
		`{"op":"replace","path":"/content/1/status","value":"running"}`,
		`{"op":"replace","path":"/content/1/error","value":"too dark"}`,
		`{"op":"replace","path":"/content/1/ended_at","value":"2026-07-02T12:00:00.123456+00:00"}`,
		`{"op":"replace","path":"/content/1/status","value":"failed"}`,
		`{"op":"replace","path":"/content/1/complete","value":true}`,
		`"/content/2"`,
		`{"op":"replace","path":"/content/2/complete","value":true}`,
		`{"op":"replace","path":"/complete","value":true}`,
		`{"op":"replace","path":"/commited","value":true}`,
	}
	if len(told) != len(want) {
		t.Fatalf("%d deltas, want %d:\n%s", len(told), len(want), strings.Join(told, "\n"))
	}
	for i := range want {
		if !strings.Contains(told[i], want[i]) {
			t.Errorf("delta %d is %s, want %s", i, told[i], want[i])
		}
	}
	message := c.Message(noon)
	if !message.Complete || !message.Committed || message.Text() != "one two\n\nthree" {
		t.Errorf("message %+v", message)
	}
	if !strings.Contains(string(message.Content), `"status":"failed"`) {
		t.Errorf("content %s", message.Content)
	}
}
