package openaichat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"mime"
	"slices"
	"strings"
	"unicode/utf8"

	"sema4mcp/internal/localtenant/minds"
)

// readFile is the tool with which the model reads the files of the conversation.
const readFile = "read_file"

var readFileSpec = functionSpec{
	Name: readFile,
	Description: fmt.Sprintf("Reads a text file of this conversation, at most %d characters at a time. "+
		"Where a file is longer, the result ends with the offset to go on with.", maxResult),
	Parameters: map[string]any{
		"type": "object",
		"properties": map[string]any{
			"name":   map[string]any{"type": "string", "description": "the name of the file"},
			"offset": map[string]any{"type": "integer", "minimum": 0, "description": "where to begin, in bytes; 0 if not given"},
		},
		"required": []string{"name"},
	},
}

// maxListed bounds the files that the model is told of at once.
const maxListed = 200

// fileReader reads the files of a turn's conversation.
type fileReader struct {
	turn  minds.Turn
	files []minds.File // at the beginning of the turn
}

// list is a line for each file.
func (r *fileReader) list() string {
	var lines []string
	for _, file := range r.files[:min(len(r.files), maxListed)] {
		lines = append(lines, fmt.Sprintf("- %q (%s, %d bytes)", file.Name, file.MIMEType, file.Size))
	}
	if left := len(r.files) - len(lines); left > 0 {
		lines = append(lines, fmt.Sprintf("- and %d more", left))
	}
	return strings.Join(lines, "\n")
}

// call answers a call of the model: a piece of a file, or why there is none.
func (r *fileReader) call(ctx context.Context, arguments string) (text string, failed bool) {
	var wanted struct {
		Name   string  `json:"name"`
		Offset float64 `json:"offset"` // some models write 0.0
	}
	if err := json.Unmarshal([]byte(arguments), &wanted); err != nil || wanted.Offset < 0 || wanted.Offset != math.Trunc(wanted.Offset) {
		return "The name must be a text, and the offset a whole number that is not negative.", true
	}
	at := slices.IndexFunc(r.files, func(f minds.File) bool { return f.Name == wanted.Name })
	if at < 0 {
		return fmt.Sprintf("There is no file called %q. The files are:\n%s", wanted.Name, r.list()), true
	}
	file := r.files[at]
	if !isText(file.MIMEType) {
		return fmt.Sprintf("The file %q cannot be read: it is of the type %s, and only texts can be read here.", file.Name, file.MIMEType), true
	}
	if file.Size == 0 {
		return "(The file is empty.)", false
	}
	if wanted.Offset >= float64(file.Size) {
		return fmt.Sprintf("There is nothing at this offset: the file has %d bytes.", file.Size), true
	}
	piece, err := r.piece(ctx, file, int64(wanted.Offset))
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && len(piece) == 0:
		return fmt.Sprintf("The file %q is gone: it was deleted or replaced meanwhile.", file.Name), true
	case err != nil:
		return fmt.Sprintf("The file %q cannot be read now.", file.Name), true
	case bytes.IndexByte(piece, 0) >= 0:
		return fmt.Sprintf("The file %q cannot be read: it says that it is a text, and is none in UTF-8.", file.Name), true
	}
	text = strings.ToValidUTF8(string(piece), "\uFFFD")
	if end := int64(wanted.Offset) + int64(len(piece)); end < file.Size {
		text += fmt.Sprintf("\n[The file has %d bytes; go on with offset %d.]", file.Size, end)
	}
	return text, false
}

// piece is what stands at an offset: as many characters as a model reads, and whole
// lines, if there are any.
func (r *fileReader) piece(ctx context.Context, file minds.File, offset int64) ([]byte, error) {
	content, err := r.turn.OpenFile(ctx, file.Name)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	if seeker, ok := content.(io.Seeker); ok {
		_, err = seeker.Seek(offset, io.SeekStart)
	} else {
		_, err = io.CopyN(io.Discard, content, offset)
	}
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(content, maxResult*utf8.UTFMax))
	if err != nil {
		return nil, err
	}
	end, count := 0, 0
	for ; end < len(data) && count < maxResult; count++ {
		_, size := utf8.DecodeRune(data[end:])
		end += size
	}
	if offset+int64(end) < file.Size {
		if line := bytes.LastIndexByte(data[:end], '\n'); line >= 0 {
			end = line + 1
		}
	}
	return data[:end], nil
}

// isText tells whether files of this type are for reading.
func isText(mimeType string) bool {
	plain, _, err := mime.ParseMediaType(mimeType)
	if err != nil {
		return false
	}
	family, kind, _ := strings.Cut(plain, "/")
	switch {
	case family == "text", strings.HasSuffix(kind, "+json"), strings.HasSuffix(kind, "+xml"):
		return true
	case family != "application":
		return false
	}
	return slices.Contains([]string{"csv", "javascript", "json", "sql", "toml", "x-ndjson", "x-yaml", "xml", "yaml"}, kind)
}
