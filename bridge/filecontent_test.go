package bridge

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/restclient"
)

var nextOffset = regexp.MustCompile(`(?s)^(.*)\n\n\[Bytes (\d+) to (\d+) of \d+\. For the rest, call read_file with offset (\d+)\.(.*)\]$`)

// readWhole reads a file as a caller would, part by part.
func readWhole(t *testing.T, file shownFile, content string) string {
	t.Helper()
	var whole strings.Builder
	for start := 0; ; {
		result, err := showFile(file, strings.NewReader(content[:]), start)
		if err != nil {
			t.Fatal(err)
		}
		text := result.Content[0].(mcp.TextContent).Text
		if len(text) > maxText+200 {
			t.Fatalf("a part has %d bytes", len(text))
		}
		found := nextOffset.FindStringSubmatch(text)
		if found == nil {
			return whole.String() + text
		}
		whole.WriteString(found[1])
		if start, err = strconv.Atoi(found[4]); err != nil || found[3] != found[4] {
			t.Fatalf("the note reads %v", found[2:])
		}
	}
}

func fileNamed(name, sort string, size int) shownFile {
	return shownFile{File: restclient.File{Ref: name, MIMEType: sort, Size: int64(size)}}
}

func TestTextFilesAreReadWithoutLoss(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"short":            "one line",
		"just fits":        strings.Repeat("x", maxText),
		"just too long":    strings.Repeat("x", maxText+1),
		"lines":            strings.Repeat("a line of text\n", 10_000),
		"no line ends":     strings.Repeat("0123456789", 10_000),
		"emoji":            strings.Repeat("🚀é€x", 12_000),
		"replacement rune": "\uFFFD" + strings.Repeat("é", maxText) + "\uFFFD",
		"notes of ours":    strings.Repeat("\n\n[Bytes 1 to 2 of 3.]", 3_000),
		"bom":              "\uFEFFid;n\r\n1;2\r\n",
	} {
		if got := readWhole(t, fileNamed("a.txt", "text/plain", len(text)), text); got != text {
			t.Errorf("%s: got %d bytes of %d", name, len(got), len(text))
		}
	}
}

func TestAnOddOffsetBeginsWithAWholeCharacter(t *testing.T) {
	t.Parallel()
	const text = "🚀🚀end"
	for start := range len(text) {
		result, err := showFile(fileNamed("a.txt", "text/plain", len(text)), strings.NewReader(text), start)
		if err != nil {
			t.Fatal(err)
		}
		if got := result.Content[0].(mcp.TextContent).Text; !utf8.ValidString(got) || !strings.HasSuffix(text, got) || len(text)-start-len(got) > 3 {
			t.Errorf("offset %d: got %q", start, got)
		}
	}
}

func TestOldTextIsReadAsWindows1252(t *testing.T) {
	t.Parallel()
	row := "M\xfcller;\x80 5\n"
	text := strings.Repeat(row, 5_000)
	result, err := showFile(fileNamed("a.csv", "text/csv", len(text)), strings.NewReader(text), 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := result.Content[0].(mcp.TextContent).Text; !strings.HasPrefix(got, "Müller;€ 5\n") || !strings.Contains(got, "read as Windows-1252") || len(got) > maxText {
		t.Errorf("got %d bytes ending %q", len(got), got[len(got)-100:])
	}
	if got := readWhole(t, fileNamed("a.csv", "text/csv", len(text)), text); strings.Count(got, "Müller;€ 5\n") != 5_000 {
		t.Errorf("got %d rows", strings.Count(got, "Müller;€ 5\n"))
	}
}

func TestOldTextLosesNoByteAtItsEdges(t *testing.T) {
	t.Parallel()
	fill := strings.Repeat("x", maxText)
	for content, want := range map[string]string{
		"caf\xe9":               "café",
		"\x95 a point":          "• a point",
		fill + "\x95 a point":   fill + "• a point",
		fill[3:] + "\xe9t\xe9":  fill[3:] + "été",
		fill[1:] + "\xf0\x9f\n": fill[1:] + "ðŸ\n",
	} {
		got := ""
		for start := 0; start < len(content); {
			result, err := showFile(fileNamed("a.txt", "text/plain", len(content)), strings.NewReader(content), start)
			if err != nil {
				t.Fatal(err)
			}
			text := result.Content[0].(mcp.TextContent).Text
			start = len(content)
			if found := nextOffset.FindStringSubmatch(text); found != nil {
				text = found[1]
				start, _ = strconv.Atoi(found[4])
			}
			text, _, _ = strings.Cut(text, "\n\n[The file is not in UTF-8")
			got += text
		}
		if got != want {
			t.Errorf("got %d bytes ending %q, want %d ending %q", len(got), got[max(0, len(got)-20):], len(want), want[max(0, len(want)-20):])
		}
	}
}

func TestAnOffsetAtTheEndSaysSo(t *testing.T) {
	t.Parallel()
	result, err := showFile(fileNamed("a.txt", "text/plain", 3), strings.NewReader("abc"), 3)
	if err != nil || !strings.Contains(result.Content[0].(mcp.TextContent).Text, "“a.txt” ends there: it has 3 bytes") {
		t.Errorf("got %+v, %v", result, err)
	}
}

func TestOtherFilesAreNamedAndNotShown(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("\x80\x81\x82", maxText)
	for name, content := range map[string]string{
		"a.pdf": "%PDF-1.7\n\x00\x01\x02", "a.bin": "\xff\xfe\xfd" + long, "a.csv": "a\x00b", "a.zip": "PK\x03\x04\x00", "b.bin": long,
	} {
		file := fileNamed(name, "application/octet-stream", len(content))
		result, err := showFile(file, strings.NewReader(content), 0)
		if err != nil {
			t.Fatal(err)
		}
		text := result.Content[0].(mcp.TextContent).Text
		for _, part := range []string{name, "application/octet-stream", fmt.Sprintf("%d bytes", len(content)), "not shown", "Sema4.ai application"} {
			if !strings.Contains(text, part) {
				t.Errorf("%s: %q is not in %s", name, part, text)
			}
		}
		if len(text) > 500 || strings.Contains(text, base64.StdEncoding.EncodeToString([]byte(content))[:4]) {
			t.Errorf("%s: got %q", name, text)
		}
		file.savable = true
		if result, err = showFile(file, strings.NewReader(content), 0); err != nil || !strings.Contains(result.Content[0].(mcp.TextContent).Text, "save_as") {
			t.Errorf("%s: got %+v, %v", name, result, err)
		}
	}
}

func TestImagesAreShownWithAName(t *testing.T) {
	t.Parallel()
	for sort, head := range map[string]string{"image/png": "\x89PNG\r\n\x1a\n", "image/jpeg": "\xff\xd8\xff", "image/gif": "GIF89a", "image/webp": "RIFF\x00\x00\x00\x00WEBPVP"} {
		content := head + strings.Repeat("\x00", 2*maxText)
		result, err := showFile(fileNamed("a chart", "", len(content)), strings.NewReader(content), 0)
		if err != nil || len(result.Content) != 2 || result.StructuredContent != nil {
			t.Fatalf("%s: got %+v, %v", sort, result, err)
		}
		name, image := result.Content[0].(mcp.TextContent).Text, result.Content[1].(mcp.ImageContent)
		data, err := base64.StdEncoding.DecodeString(image.Data)
		if err != nil || string(data) != content || image.MIMEType != sort || !strings.Contains(name, "“a chart”, "+sort) {
			t.Errorf("%s: got %q and %d bytes of %s, %v", sort, name, len(data), image.MIMEType, err)
		}
	}
	large := "\x89PNG\r\n\x1a\n" + strings.Repeat("x", maxImage)
	result, err := showFile(fileNamed("a.png", "image/png", len(large)), strings.NewReader(large), 0)
	if err != nil || len(result.Content) != 1 || !strings.Contains(result.Content[0].(mcp.TextContent).Text, "too large") {
		t.Errorf("got %+v, %v", result, err)
	}
}

func TestReadingStopsWhenThereIsEnough(t *testing.T) {
	t.Parallel()
	endless := &counting{Reader: readerFunc(func(p []byte) (int, error) { return copy(p, bytes.Repeat([]byte("line\n"), 100)), nil })}
	if _, err := showFile(fileNamed("a.txt", "text/plain", 0), endless, 1000); err != nil || endless.read > 2*maxText {
		t.Errorf("%d bytes were read, %v", endless.read, err)
	}
}

type counting struct {
	io.Reader
	read int
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.read += n
	return n, err
}

func TestEmptyFilesAndWrongOffsetsAreTold(t *testing.T) {
	t.Parallel()
	result, err := showFile(fileNamed("a.txt", "text/plain", 0), strings.NewReader(""), 0)
	if err != nil || !strings.Contains(result.Content[0].(mcp.TextContent).Text, "is empty") {
		t.Errorf("got %+v, %v", result, err)
	}
	if _, err := showFile(fileNamed("a.txt", "text/plain", 3), strings.NewReader("abc"), 4); err == nil || !strings.Contains(err.Error(), "ends before the offset 4: it has 3 bytes") {
		t.Errorf("got %v", err)
	}
	broken := errors.New("the line is dead")
	for start, head := range map[int]string{0: "abc", 2: "abc", 9: "abc"} {
		if _, err := showFile(fileNamed("a.txt", "text/plain", 0), io.MultiReader(strings.NewReader(head), iotest.ErrReader(broken)), start); !errors.Is(err, broken) {
			t.Errorf("offset %d: got %v", start, err)
		}
	}
	image := io.MultiReader(strings.NewReader("\x89PNG\r\n\x1a\n"+strings.Repeat("x", 2*maxText)), iotest.ErrReader(broken))
	if _, err := showFile(fileNamed("a.png", "image/png", 0), image, 0); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}
