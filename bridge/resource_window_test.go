package bridge

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzParts holds that parts have every byte once, however the bytes come, and
// tear no character.
func FuzzParts(f *testing.F) {
	f.Add("a🚀ü\xff", uint8(2), uint8(1))
	f.Add("\xf0\x9f\x9a🚀\x00", uint8(1), uint8(3))
	f.Add(strings.Repeat("日本語", 9), uint8(5), uint8(200))
	f.Fuzz(func(t *testing.T, content string, limit, chunk uint8) {
		if limit == 0 || chunk == 0 {
			return
		}
		var joined strings.Builder
		for offset := 0; offset <= len(content); offset += int(limit) {
			w := window{extent: extent{offset: offset, limit: int(limit)}}
			for rest := content; rest != ""; {
				n := min(int(chunk), len(rest))
				if _, err := w.Write([]byte(rest[:n])); errors.Is(err, errEnough) {
					break
				}
				rest = rest[n:]
			}
			part, err := w.data()
			if err != nil {
				t.Fatal(err)
			}
			if w.over() != (offset+int(limit) < len(content)) {
				t.Errorf("at %d of %d by %d: over is %t", offset, len(content), limit, w.over())
			}
			if utf8.ValidString(content) && !utf8.Valid(part) {
				t.Errorf("a character of %q is torn at %d: %q", content, offset, part)
			}
			joined.Write(part)
		}
		if joined.String() != content {
			t.Errorf("the parts of %q by %d are %q", content, limit, joined.String())
		}
	})
}
