package bridge

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCutEndsLinesAndNeverCharacters(t *testing.T) {
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
	if strings.Join(got, ",") != strings.Join(items, ",") {
		t.Errorf("got %d items of %d, or in another order", len(got), len(items))
	}
	for _, cursor := range []string{"x", "-1", "101", "1.5"} {
		if _, _, err := fitting(items, cursor); err == nil || !strings.Contains(err.Error(), "cursor") {
			t.Errorf("cursor %q: got %v", cursor, err)
		}
	}
}
