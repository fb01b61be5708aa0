package bridge

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/mcp"
)

// extent is how much of a resource is asked for: bytes, or rows of a data frame.
type extent struct {
	offset int
	limit  int  // 0 where none is given
	ranged bool // a part is asked for; else it is all or nothing
}

// extentOf reads offset and limit of a resource's query.
func extentOf(query url.Values) (extent, error) {
	e := extent{ranged: query.Has("offset") || query.Has("limit")}
	for name, into := range map[string]*int{"offset": &e.offset, "limit": &e.limit} {
		text := query.Get(name)
		if text == "" {
			continue
		}
		number, err := strconv.ParseUint(text, 10, 31)
		if err != nil || name == "limit" && number == 0 {
			return e, unfound(&failure{what: fmt.Sprintf("The %s %s is not right.", name, quoted(text)),
				next: "An offset is a whole number, 0 or more, and a limit one of 1 or more."})
		}
		*into = int(number)
	}
	return e, nil
}

// nextMeta is the key under which a part's _meta has the URI of the next one. The
// last part has none.
const nextMeta = "ai.sema4/next"

// at is the URI of another part of the resource.
func (e extent) at(uri string) string {
	path, query, _ := strings.Cut(uri, "?")
	values, _ := url.ParseQuery(query) // it has been read before
	values.Set("offset", strconv.Itoa(e.offset))
	values.Set("limit", strconv.Itoa(e.limit))
	return path + "?" + values.Encode()
}

func (e extent) next() extent {
	return extent{offset: e.offset + e.limit, limit: e.limit, ranged: true}
}

// window keeps, of what is written to it, the bytes of an extent and a few around
// each end. It wants no more once it has them.
type window struct {
	extent
	seen int // bytes that were written
	kept []byte
}

// newWindow is for a resource that is counted in bytes.
func (at resourceURI) newWindow() (*window, error) {
	w := &window{extent: at.extent}
	if w.limit == 0 {
		w.limit = maxResource
	}
	if w.limit > maxResource {
		return nil, unfound(&failure{what: fmt.Sprintf("The limit %d is too high.", w.limit), next: fmt.Sprintf("One read returns %d bytes at most.", maxResource)})
	}
	return w, nil
}

// around is how far a character may reach over the end of an extent.
const around = utf8.UTFMax - 1

// errEnough ends the writing of what is no longer wanted.
var errEnough = errors.New("all that is wanted has been written")

func (w *window) Write(p []byte) (int, error) {
	first, last := max(w.offset-around-w.seen, 0), min(w.offset+w.limit+around-w.seen, len(p))
	if first < last {
		w.kept = append(w.kept, p[first:last]...)
	}
	w.seen += len(p)
	if w.full() {
		return len(p), errEnough
	}
	return len(p), nil
}

func (w *window) full() bool { return w.seen >= w.offset+w.limit+around }

// over tells that there is more than the extent.
func (w *window) over() bool { return w.seen > w.offset+w.limit }

// data are the bytes of the extent. A character belongs to the part that its first
// byte lies in: so no text is torn, and parts that follow each other have every
// byte once, whatever the bytes are.
func (w *window) data() ([]byte, error) {
	if w.offset > w.seen {
		return nil, unfound(&failure{what: fmt.Sprintf("The resource ends before the offset %d: it has %d bytes.", w.offset, w.seen), next: "Begin at a lower offset, or leave it out."})
	}
	return w.kept[w.boundary(w.offset):w.boundary(w.offset+w.limit)], nil
}

// boundary is where in kept the part begins or ends that does so at an offset.
func (w *window) boundary(offset int) int {
	at := min(offset, w.seen) - max(w.offset-around, 0)
	return at + continued(w.kept[max(at-around, 0):at], w.kept[at:])
}

// contents are the part as MCP has it: text where it is UTF-8, else base64.
func (w *window) contents(uri, mimeType string) (mcp.ResourceContents, error) {
	data, err := w.data()
	if err != nil {
		return nil, err
	}
	var meta map[string]any
	if w.ranged && w.over() {
		meta = map[string]any{nextMeta: w.next().at(uri)}
	}
	if utf8.Valid(data) && !strings.ContainsRune(string(data), 0) {
		return mcp.TextResourceContents{Meta: meta, URI: uri, MIMEType: mimeType, Text: string(data)}, nil
	}
	return mcp.BlobResourceContents{Meta: meta, URI: uri, MIMEType: mimeType, Blob: base64.StdEncoding.EncodeToString(data)}, nil
}

// tooLarge refuses to read all of a resource of size bytes, 0 where it is not
// known how many there are. Tool is the tool that reads it in parts, if one does.
func (at resourceURI) tooLarge(what string, size int, tool string) error {
	has := fmt.Sprintf("more than %d bytes, which are", maxResource)
	if size > 0 {
		has = fmt.Sprintf("%d bytes; %d are", size, maxResource)
	}
	if tool != "" {
		tool = fmt.Sprintf(" Or call %s.", tool)
	}
	return &failure{what: fmt.Sprintf("The %s has %s the most that one read returns.", what, has), next: extent{limit: maxResource}.inParts(at.uri) + tool}
}

// inParts says how to read a resource of which the extent is the first part.
func (e extent) inParts(uri string) string {
	return fmt.Sprintf("Read it in parts: the resource %s, and so on with the offset higher by the limit each time.", e.at(uri))
}
