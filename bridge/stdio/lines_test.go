package stdio

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"sema4mcp/bridge/exchange"
)

func TestLines(t *testing.T) {
	long := strings.Repeat("x", exchange.MaxBytes+1)
	reader := newLineReader(strings.NewReader("\ufeffone\r\n\n  \ntwo\n" + long + "\n" + strings.Repeat("y", 200_000) + "\nlast"))
	var got []string
	for {
		line, err := reader.next()
		switch {
		case errors.Is(err, errLineTooLong):
			got = append(got, "too long")
			continue
		case errors.Is(err, io.EOF):
			if want := "one,two,too long,y,last"; strings.Join(got, ",") != want {
				t.Errorf("got %q, want %q", got, want)
			}
			return
		case err != nil:
			t.Fatal(err)
		}
		got = append(got, strings.Replace(string(line), strings.Repeat("y", 200_000), "y", 1))
	}
}

func FuzzLines(f *testing.F) {
	seeds, err := filepath.Glob("../../testdata/messages/*.json")
	if err != nil || len(seeds) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, seed := range seeds {
		data, err := os.ReadFile(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(append(data, data...))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		reader := newLineReader(iotest.OneByteReader(bytes.NewReader(data)))
		var got [][]byte
		for {
			line, err := reader.next()
			if err != nil {
				break
			}
			got = append(got, line)
		}
		var want [][]byte
		for line := range bytes.SplitSeq(data, []byte("\n")) {
			if line = bytes.TrimSpace(bytes.TrimPrefix(line, []byte("\ufeff"))); len(line) > 0 {
				want = append(want, line)
			}
		}
		if !bytes.Equal(bytes.Join(got, []byte("\n")), bytes.Join(want, []byte("\n"))) {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}
