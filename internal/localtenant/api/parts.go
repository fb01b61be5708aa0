package api

import (
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxUploadBody bounds a body with files, in bytes. Each file has a limit of its
// own besides, where it is kept.
const maxUploadBody = 1 << 30

// eachPart hands over the parts of a multipart body as they arrive; what take
// leaves unread of a part is passed over. The error is take's, or a 400 or 413.
func eachPart(r *http.Request, take func(*multipart.Part) error) error {
	parts, err := r.MultipartReader()
	if err != nil {
		return &problem{status: http.StatusBadRequest, message: "The body is not multipart/form-data; send the file as a form does."}
	}
	for {
		part, err := parts.NextPart()
		if err == io.EOF { // a wrapped one says that the body was cut off
			return nil
		}
		if err != nil {
			return unreadable(err)
		}
		if err := take(part); err != nil {
			// A client that is still sending would see its connection cut, and not why.
			_, _ = io.Copy(io.Discard, r.Body)
			return err
		}
	}
}

// fileName is the last part of the name that was sent, which may be a path of any
// system.
func fileName(part *multipart.Part) (string, error) {
	field := "body -> " + part.FormName()
	name := path.Base(strings.ReplaceAll(part.FileName(), `\`, "/"))
	name = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || c == utf8.RuneError {
			return -1
		}
		return c
	}, name)
	name = strings.TrimSpace(name)
	switch {
	case name == "" || name == "." || name == ".." || name == "/":
		return "", invalid(field, "each file needs a name")
	case utf8.RuneCountInString(name) > maxName:
		return "", invalid(field, fmt.Sprintf("the name of a file must not be longer than %d characters", maxName))
	}
	return name, nil
}

// observed remembers that reading failed, which is the sender's fault and not the
// disk's.
type observed struct {
	r   io.Reader
	err error
}

func (o *observed) Read(p []byte) (int, error) {
	n, err := o.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		o.err = err
	}
	return n, err
}
