package restclient

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"path"
	"time"
)

// FileUpload is a file to send. Content is read while it is sent, never held in
// memory, and not closed. When a call ends early, by an error or its context, a
// Read that has begun may still be going on; none begins after it.
type FileUpload struct {
	Name        string // as the server shall call it
	ContentType string // empty: what the end of Name tells
	Content     io.Reader
	// Size is the number of bytes in Content where that is known; they are
	// counted then. 0 finds out by seeking, and sends without a length what cannot
	// be sought. What can be sought has to end where it says: hide the Seek of a
	// device.
	Size int64
}

func (f FileUpload) check() error {
	switch {
	case f.Name == "":
		return errors.New("a file to upload needs a name")
	case f.Content == nil:
		return fmt.Errorf("the file %q has no content; an empty one needs an empty reader", f.Name)
	case f.Size < 0:
		return fmt.Errorf("the size of the file %q is negative; use 0 if it is not known", f.Name)
	}
	return nil
}

func (f FileUpload) contentType() string {
	return cmp.Or(f.ContentType, mime.TypeByExtension(path.Ext(f.Name)), octetStreamMediaType)
}

// size is known if it is given or can be found out by seeking.
func (f FileUpload) size() (size int64, known bool) {
	seeker, ok := f.Content.(io.Seeker)
	if f.Size > 0 || !ok {
		return f.Size, f.Size > 0
	}
	here, err := seeker.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, false
	}
	end, err := seeker.Seek(0, io.SeekEnd)
	if _, back := seeker.Seek(here, io.SeekStart); err != nil || back != nil || end < here {
		return 0, false
	}
	return end - here, true
}

// form is the body of an upload: fields and files, one after the other, each
// read when it is its turn.
type form struct {
	parts   []io.Reader
	head    bytes.Buffer
	writer  *multipart.Writer
	length  int64
	unknown bool // how long it is
	invalid error
}

func newForm() *form {
	f := &form{}
	f.writer = multipart.NewWriter(&f.head)
	return f
}

func (f *form) field(name, value string) {
	_ = f.writer.WriteField(name, value) // a buffer never fails
}

func (f *form) file(field string, upload FileUpload) {
	if err := upload.check(); err != nil {
		if f.invalid == nil {
			f.invalid = err
		}
		return
	}
	header := textproto.MIMEHeader{}
	header.Set("Content-Disposition", multipart.FileContentDisposition(field, upload.Name))
	header.Set("Content-Type", upload.contentType())
	_, _ = f.writer.CreatePart(header)
	f.flush()
	size, known := upload.size()
	f.unknown = f.unknown || !known
	f.length += size
	f.parts = append(f.parts, &fileReader{name: upload.Name, content: upload.Content, size: size, known: known})
}

// flush makes what stands between the files a part of its own.
func (f *form) flush() {
	text := bytes.Clone(f.head.Bytes())
	f.head.Reset()
	f.length += int64(len(text))
	f.parts = append(f.parts, bytes.NewReader(text))
}

// into makes the form the body of a request, to be sent once.
func (f *form) into(req request) request {
	_ = f.writer.Close()
	f.flush()
	if req.invalid == nil {
		req.invalid = f.invalid
	}
	if !f.unknown {
		req.length = f.length
	}
	req.body, req.contentType, req.transfer = io.MultiReader(f.parts...), f.writer.FormDataContentType(), true
	req.reading = make(chan struct{}, 1)
	return req
}

// upload is a POST of files, all under the same field.
func upload(field string, files []FileUpload, segments ...string) request {
	form := newForm()
	for _, file := range files {
		form.file(field, file)
	}
	return form.into(newRequest(http.MethodPost, segments...)).needs(len(files) > 0, "there is no file to upload")
}

// uploadError is a file that could not be read, which is no fault of the
// connection.
type uploadError struct {
	name string
	err  error
}

func (e *uploadError) Error() string { return fmt.Sprintf("reading the file %q: %v", e.name, e.err) }
func (e *uploadError) Unwrap() error { return e.err }

// ErrFileSize ends the upload of a file that is not as long as it was said to
// be; it may have changed meanwhile.
var ErrFileSize = errors.New("the file is not as long as it was said to be")

// fileReader reads a file of an upload and counts its bytes.
type fileReader struct {
	name    string
	content io.Reader
	size    int64
	known   bool // the size
	read    int64
}

func (r *fileReader) Read(p []byte) (int, error) {
	n, err := r.content.Read(p)
	r.read += int64(n)
	ended := err == io.EOF
	switch {
	case r.known && (r.read > r.size || ended && r.read < r.size):
		return 0, &uploadError{r.name, fmt.Errorf("%w (%d bytes)", ErrFileSize, r.size)}
	case err != nil && !ended:
		return n, &uploadError{r.name, err}
	}
	return n, err
}

// watchedReader reads the body of a transfer. The clock that watches it stands
// still while the caller's reader is waited for, and no read begins once the
// call is over.
type watchedReader struct {
	call    context.Context
	idle    *time.Timer // nil if silence is not bounded
	wait    time.Duration
	body    io.Reader
	reading chan struct{}
}

func (r *watchedReader) Read(p []byte) (int, error) {
	r.reading <- struct{}{}
	defer func() { <-r.reading }()
	if err := r.call.Err(); err != nil {
		return 0, err
	}
	if r.idle != nil {
		r.idle.Stop()
		defer r.idle.Reset(r.wait)
	}
	return r.body.Read(p)
}
