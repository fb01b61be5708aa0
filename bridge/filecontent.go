package bridge

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/mcp"
	"golang.org/x/text/encoding/charmap"

	"sema4mcp/restclient"
)

// maxImage bounds an image that is shown: hosts hand it to a model as it is.
const maxImage = 1 << 20

// imageTypes are what models can look at.
var imageTypes = []string{"image/png", "image/jpeg", "image/gif", "image/webp"}

// sniffed is how many bytes tell a file's type.
const sniffed = 512

// shownFile is a file that is being shown, and whether it could be saved instead.
type shownFile struct {
	restclient.File
	savable bool
}

// showFile shows a file from the byte start on. It reads no more than it shows.
func showFile(file shownFile, content io.Reader, start int) (*mcp.CallToolResult, error) {
	before, skipped, err := skip(content, start)
	if errors.Is(err, io.EOF) {
		return nil, &failure{what: fmt.Sprintf("The file %s ends before the offset %d: it has %d bytes.", quoted(file.Name()), start, skipped),
			next: "Pass the offset as the last part gave it, or leave it out to begin at the start."}
	} else if err != nil {
		return nil, err
	}
	head, err := readUpTo(content, maxText+utf8.UTFMax)
	if err != nil {
		return nil, err
	}
	if start > 0 && len(head) == 0 {
		return mcp.NewToolResultText(fmt.Sprintf("The file %s ends there: it has %d bytes.", quoted(file.Name()), start)), nil
	}
	if start == 0 && len(head) == 0 {
		return mcp.NewToolResultText(fmt.Sprintf("The file %s is empty.", quoted(file.Name()))), nil
	}
	if sort := http.DetectContentType(head[:min(len(head), sniffed)]); start == 0 && slices.Contains(imageTypes, sort) {
		return showImage(file, sort, head, content)
	}
	if text, length, note := file.textOf(before, head); length > 0 {
		return mcp.NewToolResultText(text + file.rest(start, length, len(head) > length, note)), nil
	}
	return mcp.NewToolResultText(file.unshown("It is not text, and is not shown.")), nil
}

// skip reads the bytes that lie before start and returns the last of them, as
// many as a character that goes on beyond start may have there.
func skip(content io.Reader, start int) (before []byte, skipped int64, err error) {
	before = make([]byte, min(start, utf8.UTFMax-1))
	if skipped, err = io.CopyN(io.Discard, content, int64(start-len(before))); err != nil {
		return nil, skipped, err
	}
	n, err := io.ReadFull(content, before)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return before, skipped + int64(n), err
}

// readUpTo reads limit bytes, or all where there are fewer.
func readUpTo(content io.Reader, limit int64) ([]byte, error) {
	return io.ReadAll(io.LimitReader(content, limit))
}

// textOf is as much of data as fits into a result, as UTF-8, how many bytes of
// data that is, and what there is to say about it. Data that is no text has a
// length of 0. Before are the bytes of the file that come before it.
func (f shownFile) textOf(before, data []byte) (text string, length int, note string) {
	if bytes.IndexByte(data, 0) >= 0 {
		return "", 0, ""
	}
	first := continued(before, data) // an odd offset begins inside a character
	whole := data[first:]
	if len(data) == maxText+utf8.UTFMax { // the file may go on, and the character with it
		whole = whole[:len(whole)-unfinished(whole)]
	}
	if utf8.Valid(whole) {
		part := cut(string(whole), maxText)
		return part, first + len(part), ""
	}
	if !f.saysText() {
		return "", 0, ""
	}
	part := data[:min(len(data), maxText/utf8.UTFMax)] // a byte of the older encoding takes up to three in UTF-8
	if line := bytes.LastIndexByte(part, '\n'); len(part) < len(data) && line > len(part)/2 {
		part = part[:line+1]
	}
	decoded, err := charmap.Windows1252.NewDecoder().Bytes(part)
	if err != nil {
		return "", 0, ""
	}
	return string(decoded), len(part), " The file is not in UTF-8; it was read as Windows-1252."
}

// continued is how many bytes at the beginning of data belong to a character
// that begins before it.
func continued(before, data []byte) int {
	around := slices.Concat(before, data[:min(len(data), utf8.UTFMax)])
	for at := range before {
		if c, size := utf8.DecodeRune(around[at:]); c != utf8.RuneError || size > 1 {
			if goesOn := at + size - len(before); goesOn > 0 {
				return goesOn
			}
		}
	}
	return 0
}

// unfinished is how many bytes at the end of data belong to a character that
// goes on beyond it.
func unfinished(data []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(data); n++ {
		if last := data[len(data)-n:]; utf8.RuneStart(last[0]) {
			if utf8.FullRune(last) {
				return 0
			}
			return n
		}
	}
	return 0
}

// saysText tells whether the file's name or type promises text.
func (f shownFile) saysText() bool {
	for _, sort := range []string{f.MIMEType, mime.TypeByExtension(path.Ext(f.Name()))} {
		if strings.HasPrefix(sort, "text/") {
			return true
		}
	}
	return slices.Contains([]string{".csv", ".tsv", ".txt", ".md", ".log"}, strings.ToLower(path.Ext(f.Name())))
}

// rest says how to get what a part leaves out.
func (f shownFile) rest(start, length int, more bool, note string) string {
	end := start + length
	switch {
	case more && f.Size > 0:
		return fmt.Sprintf("\n\n[Bytes %d to %d of %d. For the rest, call read_file with offset %d.%s]", start, end, f.Size, end, note)
	case more:
		return fmt.Sprintf("\n\n[Bytes %d to %d. For the rest, call read_file with offset %d.%s]", start, end, end, note)
	case note != "":
		return "\n\n[" + strings.TrimSpace(note) + "]"
	}
	return ""
}

func showImage(file shownFile, sort string, head []byte, content io.Reader) (*mcp.CallToolResult, error) {
	rest, err := readUpTo(content, int64(maxImage+1-len(head)))
	if err != nil {
		return nil, err
	}
	data := append(head, rest...)
	if len(data) > maxImage {
		return mcp.NewToolResultText(file.unshown(fmt.Sprintf("It is an image, too large to be shown here (%d bytes are the most).", maxImage))), nil
	}
	name := fmt.Sprintf("The image %s, %s, %d bytes.", quoted(file.Name()), sort, len(data))
	return mcp.NewToolResultImage(name, base64.StdEncoding.EncodeToString(data), sort), nil
}

// unshown says what a file is, and how to get it.
func (f shownFile) unshown(why string) string {
	size := ""
	if f.Size > 0 {
		size = fmt.Sprintf(", %d bytes", f.Size)
	}
	how := "To get it, open the thread in the Sema4.ai application"
	if f.savable {
		how = "To get it, call read_file with save_as"
	}
	return fmt.Sprintf("The file %s (%s%s). %s %s.", quoted(f.Name()), cmp.Or(f.MIMEType, "of unknown type"), size, why, how)
}
