package bridge

import (
	"runtime"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// parts reads a text to its end as callers do, and returns what they are shown.
func (t longText) parts(test *testing.T, limit int) []string {
	test.Helper()
	var parts []string
	for start := 0; ; {
		shown, whole := t.part(start, limit, "again with")
		text, note, more := strings.Cut(shown, "\n\n[Bytes ")
		if parts = append(parts, text); len(text) > limit || !utf8.ValidString(text) || whole != (start == 0 && !more) {
			test.Fatalf("from %d: got %d bytes, whole %t", start, len(text), whole)
		}
		if !more {
			return parts
		}
		_, note, _ = strings.Cut(note, `cursor "`)
		next, err := strconv.Atoi(strings.TrimSuffix(note, `".]`))
		if err != nil || next <= start {
			test.Fatalf("from %d: the next part is said to be at %q", start, note)
		}
		start = next
	}
}

func TestALongTextIsShownInPartsWithoutLoss(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]longText{
		"nothing":    nil,
		"short":      newLongText("short", "", "and short"),
		"lines":      newLongText(strings.Repeat("a line\n", 100), strings.Repeat("another\n", 100)),
		"characters": newLongText(strings.Repeat("🚀", 100), strings.Repeat("é", 333), "x"),
		"pieces":     newLongText(strings.Split(strings.Repeat("ab🚀", 100), "b")...),
	} {
		for _, limit := range []int{10, 64, 100, 10_000} {
			if got := strings.Join(text.parts(t, limit), ""); got != text.String() || len(got) != text.size() {
				t.Errorf("%s by %d: got %d bytes of %d", name, limit, len(got), text.size())
			}
		}
	}
	for _, part := range newLongText(strings.Repeat("a whole line of text\n", 100)).parts(t, 100) {
		if !strings.HasSuffix(part, "\n") {
			t.Errorf("a part ends inside a line: %q", part)
		}
	}
}

func TestAPartBeginsWithACharacter(t *testing.T) {
	t.Parallel()
	text := longText{"a🚀", "é", "z"}
	for start, want := range map[int]string{0: "a🚀éz", 1: "🚀éz", 2: "🚀éz", 4: "🚀éz", 5: "éz", 6: "éz", 7: "z", 8: "", 100: ""} {
		if got, _ := text.part(start, 100, ""); got != want {
			t.Errorf("from %d: got %q", start, got)
		}
	}
	if got := (longText{"\xff\xff\xff\xff\xff\xff"}).character(5); got != 5 {
		t.Errorf("in garbage: got %d", got)
	}
}

// TestALongTextIsNotCopiedForEachPart: an answer of some megabytes is read in
// hundreds of parts.
func TestALongTextIsNotCopiedForEachPart(t *testing.T) {
	text := newLongText(strings.Repeat("a line of the answer\n", 200_000), "and more", strings.Repeat("x", 1<<20))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	parts := len(text.parts(t, maxText))
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / uint64(parts); parts < 150 || each > 10*maxText {
		t.Errorf("%d parts took %d bytes each", parts, each)
	}
}
