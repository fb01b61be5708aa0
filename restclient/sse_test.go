package restclient

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// readEvents shows what a reader makes of a stream.
func readEvents(r io.Reader, limit int) (string, error) {
	events := newServerSentEvents(r, limit)
	var shown strings.Builder
	for {
		event, err := events.next()
		if err != nil {
			return shown.String(), err
		}
		fmt.Fprintf(&shown, "[%s|%s]", event.name, event.data)
	}
}

func TestServerSentEvents(t *testing.T) {
	for name, c := range map[string]struct{ stream, want string }{
		"LF":                          {"event: a\ndata: 1\n\ndata: 2\n\n", "[a|1][|2]"},
		"CRLF":                        {"event: a\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n", "[a|1][|2]"},
		"CR":                          {"event: a\rdata: 1\r\rdata: 2\r\r", "[a|1][|2]"},
		"mixed":                       {"data: 1\r\ndata: 2\rdata: 3\n\r\n", "[|1\n2\n3]"},
		"a byte order mark":           {"\uFEFFdata: 1\n\n", "[|1]"},
		"a second one is a field":     {"\uFEFF\uFEFFdata: 1\n\n", ""},
		"a mark later on is a field":  {"data: 1\n\n\uFEFFdata: 2\n\n", "[|1]"},
		"one space is stripped":       {"data:  1 \n\ndata:2\n\n", "[| 1 ][|2]"},
		"several lines":               {"data: {\ndata: }\ndata\ndata:\n\n", "[|{\n}\n\n]"},
		"comments":                    {": hello\ndata: 1\n:\n:data: 2\n\n", "[|1]"},
		"no colon":                    {"data\n\n", "[|]"},
		"no data, no event":           {"event: a\n\ndata: 1\n\n", "[|1]"},
		"the last name wins":          {"event: a\nevent: b\ndata: 1\n\n", "[b|1]"},
		"other fields":                {"id: 7\nretry: 10\nfoo: bar\nDATA: x\ndata: 1\n\n", "[|1]"},
		"colons in the data":          {"data: a: b:c\n\n", "[|a: b:c]"},
		"cut off at the end":          {"data: 1\n\ndata: 2\n", "[|1]"},
		"cut off in a line":           {"data: 1\n\ndata: 2", "[|1]"},
		"empty lines":                 {"\n\r\n\r\r\ndata: 1\n\n", "[|1]"},
		"nothing":                     {"", ""},
		"a line longer than a buffer": {"data: " + strings.Repeat("x", 200<<10) + "\n\n", "[|" + strings.Repeat("x", 200<<10) + "]"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, reader := range []io.Reader{
				strings.NewReader(c.stream),
				iotest.OneByteReader(strings.NewReader(c.stream)),
				iotest.DataErrReader(strings.NewReader(c.stream)),
			} {
				got, err := readEvents(reader, maxEventBytes)
				equal(t, "events", got, c.want)
				equal(t, "error", err, io.EOF)
			}
		})
	}
}

func TestServerSentEventIsNotHeldBack(t *testing.T) {
	for _, end := range []string{"\n\n", "\r\r", "\r\n\r"} {
		reader, writer := io.Pipe()
		go func() { _, _ = io.WriteString(writer, "data: 1"+end) }()
		event, err := newServerSentEvents(reader, maxEventBytes).next()
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "data", string(event.data), "1")
		_ = reader.Close()
	}
}

func TestServerSentEventTooLarge(t *testing.T) {
	for name, stream := range map[string]string{
		"one line":       "data: " + strings.Repeat("x", 100) + "\n\n",
		"many lines":     strings.Repeat("data: xxxxxxxx\n", 20) + "\n",
		"a comment":      ":" + strings.Repeat("x", 100) + "\n\n",
		"an endless one": strings.Repeat("x", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readEvents(strings.NewReader(stream), 64)
			if !errors.Is(err, ErrEventTooLarge) {
				t.Errorf("got %v, want ErrEventTooLarge", err)
			}
		})
	}
	got, err := readEvents(strings.NewReader(strings.Repeat("data: xxxxxxxx\n\n", 20)), 64)
	equal(t, "small events", len(got), 20*len("[|xxxxxxxx]"))
	equal(t, "error", err, io.EOF)
}
