package bridge

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"sema4mcp/bridge/exchange"
	"sema4mcp/restclient"
)

func TestCutEndsLinesAndNeverCharacters(t *testing.T) {
	t.Parallel()
	lines := strings.Repeat("a line of text\n", 10)
	if got := cut(lines, 100); !strings.HasSuffix(got, "\n") || len(got) > 100 || len(got) < 50 {
		t.Errorf("got %q", got)
	}
	rockets := strings.Repeat("🚀", 10)
	for limit := 4; limit < len(rockets); limit++ {
		if got := cut(rockets, limit); !utf8.ValidString(got) || got == "" || len(got) > limit {
			t.Errorf("limit %d: got %q", limit, got)
		}
	}
	if got := cut("short", 5); got != "short" {
		t.Errorf("got %q", got)
	}
}

func TestLastLinesBeginALine(t *testing.T) {
	t.Parallel()
	if got := lastLines("short"); got != "short" {
		t.Errorf("got %q", got)
	}
	if got := lastLines(strings.Repeat("a line of text\n", 1000)); !strings.HasPrefix(got, "…\na line of text\n") || len(got) > maxPartial+10 {
		t.Errorf("got %d bytes beginning %q", len(got), got[:30])
	}
	if got := lastLines(strings.Repeat("🚀", maxPartial)); !utf8.ValidString(got) || len(got) > maxPartial+10 {
		t.Errorf("got %d bytes", len(got))
	}
}

func TestFittingPagesWithoutLossOrRepetition(t *testing.T) {
	t.Parallel()
	items := make([]string, 100)
	for i := range items {
		items[i] = strings.Repeat("x", 10*i+1)
	}
	items[50] = strings.Repeat("y", 2*maxText) // alone on its page
	var got []string
	for cursor := ""; ; {
		part, next, err := fitting(items, cursor)
		if err != nil {
			t.Fatal(err)
		}
		if len(part) == 0 {
			t.Fatal("a page without items would be asked for again and again")
		}
		got = append(got, part...)
		if next == "" {
			break
		}
		cursor = next
	}
	long := got[50]
	if !strings.HasPrefix(long, "yyy") || !strings.HasSuffix(long, "\n[cut: 60000 bytes in all; the rest cannot be shown]") || len(long) > maxText {
		t.Errorf("of the long item came %d bytes", len(long))
	}
	items[50] = long
	if strings.Join(got, ",") != strings.Join(items, ",") {
		t.Errorf("got %d items of %d, or in another order", len(got), len(items))
	}
	for _, cursor := range []string{"x", "-1", "101", "1.5"} {
		if _, _, err := fitting(items, cursor); err == nil || !strings.Contains(err.Error(), "cursor") {
			t.Errorf("cursor %q: got %v", cursor, err)
		}
	}
}

func TestAnItemThatFitsIntoNoResultIsCutAndSaysSo(t *testing.T) {
	t.Parallel()
	items := []shownMCPServer{{ID: nobody, Name: strings.Repeat("\x01", maxText), Arguments: 3}, {ID: "last"}}
	for i := range 3_000 {
		items[0].Headers = append(items[0].Headers, fmt.Sprintf("X-Header-%08d", i))
	}
	part, next, err := fitting(items, "")
	if err != nil || len(part) != 1 || next != "1" {
		t.Fatalf("got %d items, then %q, %v", len(part), next, err)
	}
	short, headers := part[0], len(part[0].Headers)
	encoded, err := exchange.Encode(short)
	if err != nil || len(encoded) > maxText || short.ID != nobody || short.Arguments != 3 || !strings.HasSuffix(short.Name, "[cut: 30000 bytes in all; the rest cannot be shown]") ||
		short.Headers[headers-1] != fmt.Sprintf("[cut: %d more, which cannot be shown]", 3_000-headers+1) {
		t.Errorf("got %d bytes of %.200s, %v", len(encoded), encoded, err)
	}
	if part, next, err = fitting(items, next); err != nil || len(part) != 1 || part[0].ID != "last" || next != "" {
		t.Errorf("got %+v, then %q, %v", part, next, err)
	}
	if part, next, err = fitting(items[:1], ""); err != nil || len(part) != 1 || next != "" {
		t.Errorf("of a list of one: %d items, then %q, %v", len(part), next, err)
	}
}

const nobody = "5a1e0000-0000-4000-8000-00000000ffff"

func TestATranscriptNamesWhatATextCannotShow(t *testing.T) {
	t.Parallel()
	result, failed := "42 rows", "no such table"
	got := transcriptText([]restclient.Message{
		{Role: restclient.RoleUser, Content: []restclient.Content{{Kind: restclient.KindText, Text: "How many? "}, {Kind: restclient.KindAttachment, Attachment: &restclient.Attachment{Name: "a.csv", MIMEType: "text/csv"}}}},
		{Role: restclient.RoleAgent, Content: []restclient.Content{{Kind: restclient.KindThought, Thought: "hidden"}}},
		{Role: restclient.RoleAgent, Content: []restclient.Content{
			{Kind: restclient.KindToolCall, ToolCall: &restclient.ToolCall{Name: "query", Status: "finished", Result: &result}},
			{Kind: restclient.KindToolCall, ToolCall: &restclient.ToolCall{Name: "query", Status: "failed", Error: &failed}},
			{Kind: restclient.KindVegaChart},
			{Kind: restclient.KindText, Text: "42."},
		}},
	})
	want := "User:\n\nHow many?\n\n[The file a.csv (text/csv) is attached.]\n\nAgent:\n\n" +
		"[The tool query was called (finished).]\n42 rows\n\n[The tool query was called (failed).]\nno such table\n\n" +
		"[A chart; it is shown in the Sema4.ai application.]\n\n42."
	if got != want {
		t.Errorf("got %q", got)
	}
}
