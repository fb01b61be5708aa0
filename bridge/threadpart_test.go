package bridge

import (
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"

	"sema4mcp/bridge/exchange"
	"sema4mcp/restclient"
)

// stored is a thread, and counts the messages that are asked for.
type stored struct {
	messages []restclient.Message
	read     int
}

func (s *stored) all() iter.Seq2[restclient.Message, error] {
	return func(yield func(restclient.Message, error) bool) {
		for _, message := range s.messages {
			s.read++
			if !yield(message, nil) {
				return
			}
		}
	}
}

func said(role string, texts ...string) restclient.Message {
	message := restclient.Message{Role: role}
	for _, text := range texts {
		message.Content = append(message.Content, restclient.Content{Kind: restclient.KindText, Text: text})
	}
	return message
}

// pages goes through the thread to its end.
func (s *stored) pages(t *testing.T) [][]threadMessage {
	t.Helper()
	var pages [][]threadMessage
	for cursor := ""; ; {
		part, next, err := threadPart(s.all(), cursor)
		if err != nil {
			t.Fatalf("cursor %q: %v", cursor, err)
		}
		encoded, err := exchange.Encode(part)
		if err != nil || len(encoded) > maxText+100 || len(part) == 0 && next != "" {
			t.Fatalf("cursor %q: got %d bytes in %d messages, %v", cursor, len(encoded), len(part), err)
		}
		if pages = append(pages, part); next == "" {
			return pages
		}
		if next == cursor || len(pages) > 1000 {
			t.Fatalf("the cursor %q leads to itself", next)
		}
		cursor = next
	}
}

func TestThreadsArePagedWithoutLoss(t *testing.T) {
	t.Parallel()
	result := strings.Repeat("r", 10*maxToolResult)
	quotes, control := strings.Repeat(`say "so" `, 9_000), strings.Repeat("\x01\n", 9_000)
	thread := &stored{messages: []restclient.Message{
		said(restclient.RoleUser, "question"),
		said(restclient.RoleAgent, strings.Repeat("words and words\n", 5_000), "a second text", quotes),
		{Role: restclient.RoleUser},
		said(restclient.RoleAgent, strings.Repeat("🚀", 20_000), control),
		{Role: restclient.RoleAgent, Content: []restclient.Content{
			{Kind: restclient.KindThought, Thought: "hidden"},
			{Kind: restclient.KindToolCall, ToolCall: &restclient.ToolCall{Name: "query", Status: "finished", Result: &result}},
			{Kind: restclient.KindAttachment, Attachment: &restclient.Attachment{Name: "a.png", MIMEType: "image/png", Base64Data: result, URI: "data:" + result, Description: result}},
			{Kind: restclient.KindText, Text: "end"},
		}},
	}}
	for range 500 {
		thread.messages = append(thread.messages, said(restclient.RoleUser, "short"))
	}
	var want, got strings.Builder
	for _, message := range thread.messages {
		for _, content := range message.Content {
			want.WriteString(content.Text)
		}
	}
	begun, tools, files := 0, 0, 0
	for _, page := range thread.pages(t) {
		for i, message := range page {
			if !message.Continued {
				begun++
			} else if i > 0 {
				t.Error("a message goes on in the middle of a part")
			}
			if message.Content == nil {
				t.Error("a message without content has none in JSON")
			}
			for _, item := range message.Content {
				got.WriteString(item.Text)
				switch {
				case item.Kind == "tool_call":
					tools++
					if len(*item.Result) > maxToolResult+100 || !strings.Contains(*item.Result, "[cut: 40000 bytes in all]") {
						t.Errorf("the tool's result is shown as %d bytes", len(*item.Result))
					}
				case item.Name == "a.png":
					files++
					if item.URI != "" || len(item.Description) > maxToolResult+100 {
						t.Errorf("got %d bytes of URI, %d of description", len(item.URI), len(item.Description))
					}
				}
			}
		}
	}
	if got.String() != want.String() || begun != len(thread.messages) || tools != 1 || files != 1 {
		t.Errorf("got %d bytes of %d, %d messages of %d, %d tool calls, %d files", got.Len(), want.Len(), begun, len(thread.messages), tools, files)
	}
}

func TestAThreadIsReadNoFurtherThanItIsShown(t *testing.T) {
	t.Parallel()
	thread := &stored{messages: slices.Repeat([]restclient.Message{said(restclient.RoleAgent, strings.Repeat("x", 10_000))}, 100)}
	if _, next, err := threadPart(thread.all(), ""); err != nil || !strings.HasPrefix(next, "2.0.") || thread.read != 3 {
		t.Errorf("got the cursor %q after %d messages, %v", next, thread.read, err)
	}
}

func TestACursorIsRightWhileTheThreadGrows(t *testing.T) {
	t.Parallel()
	thread := &stored{messages: []restclient.Message{said(restclient.RoleAgent, strings.Repeat("a", 40_000))}}
	_, next, err := threadPart(thread.all(), "")
	if err != nil {
		t.Fatal(err)
	}
	thread.messages[0].Content[0].Text += "more"
	thread.messages = append(thread.messages, said(restclient.RoleUser, "and on"))
	part, end, err := threadPart(thread.all(), next)
	if err != nil || end != "" || len(part) != 2 || !part[0].Continued || !strings.HasSuffix(part[0].Content[0].Text, "amore") {
		t.Errorf("got %d messages, %q, %v", len(part), end, err)
	}
}

func TestOtherCursorsAreRefused(t *testing.T) {
	t.Parallel()
	thread := &stored{messages: []restclient.Message{said(restclient.RoleUser, "häuser"), {Role: restclient.RoleAgent,
		Content: []restclient.Content{{Kind: restclient.KindToolCall, ToolCall: &restclient.ToolCall{Name: "x"}}}}}}
	for _, cursor := range []string{"x", "-1", "1.5", "1.0.0.0", "99999999999", "3", "2.0.1", "0.1.0", "0.0.2", "0.0.100", "1.0.3"} {
		if _, _, err := threadPart(thread.all(), cursor); !errors.Is(err, errThreadCursor) {
			t.Errorf("cursor %q: got %v", cursor, err)
		}
	}
	if part, next, err := threadPart(thread.all(), "2"); err != nil || part == nil || len(part) != 0 || next != "" {
		t.Errorf("the end of the thread: got %v, %q, %v", part, next, err)
	}
	lost := errors.New("lost")
	failing := func(yield func(restclient.Message, error) bool) { yield(restclient.Message{}, lost) }
	if _, _, err := threadPart(failing, ""); !errors.Is(err, lost) {
		t.Errorf("got %v", err)
	}
}
