package api

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"sema4mcp/internal/localtenant/blobs"
	"sema4mcp/internal/localtenant/csvframe"
	"sema4mcp/internal/localtenant/store"
	"sema4mcp/internal/localtenant/thread"
)

// upload is a body of files on their way into a conversation.
type upload struct {
	*server
	ctx            context.Context
	conversationID string
	files          []store.NewFile
}

// receive keeps the bytes of the parts called files.
func (u *upload) receive(r *http.Request) error {
	err := eachPart(r, func(part *multipart.Part) error {
		if part.FormName() != "files" {
			return nil
		}
		if len(u.files) == maxFiles {
			return invalid("body -> files", fmt.Sprintf("must not be more than %d; send the rest by itself", maxFiles))
		}
		return u.receiveFile(part)
	})
	if err == nil && len(u.files) == 0 {
		return invalid("body -> files", "is required")
	}
	return err
}

func (u *upload) receiveFile(part *multipart.Part) error {
	name, err := fileName(part)
	if err != nil {
		return err
	}
	if slices.Contains(u.refs(), name) {
		return invalid("body -> files", fmt.Sprintf("%q is there twice; give each file its own name", name))
	}
	from := &observed{r: part}
	content := bufio.NewReaderSize(from, sniffedBytes)
	begin, _ := content.Peek(sniffedBytes) // an error comes again when it is read
	blob, err := u.Blobs.Put(u.ctx, content, maxFile)
	if err != nil {
		return u.explainPut(name, from, err)
	}
	u.files = append(u.files, store.NewFile{File: store.File{
		ID: blob.ID, Ref: name, SHA256: blob.SHA256, Size: blob.Size, MIMEType: mediaType(part, name, begin),
		CreatedAt: thread.Timestamp(time.Now()).String(),
	}})
	return nil
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

func (u *upload) explainPut(name string, from *observed, err error) error {
	switch {
	case errors.Is(err, blobs.ErrTooLarge):
		return &problem{
			status:  http.StatusRequestEntityTooLarge,
			message: fmt.Sprintf("The file %q is larger than %d bytes; send a smaller one. No file of this upload was kept.", name, maxFile),
		}
	case from.err != nil:
		return unreadable(from.err)
	}
	return err
}

// fileName is the last part of the name that was sent, which may be a path of any
// system.
func fileName(part *multipart.Part) (string, error) {
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
		return "", invalid("body -> files", "each file needs a name")
	case utf8.RuneCountInString(name) > maxName:
		return "", invalid("body -> files", fmt.Sprintf("the name of a file must not be longer than %d characters", maxName))
	}
	return name, nil
}

func (u *upload) refs() []string {
	refs := make([]string, len(u.files))
	for i, file := range u.files {
		refs[i] = file.Ref
	}
	return refs
}

// keep puts the files into the conversation, with the tables among them.
func (u *upload) keep() error {
	for i := range u.files {
		if err := u.readTable(&u.files[i]); err != nil {
			return err
		}
	}
	return u.Store.AddConversationFiles(u.ctx, u.conversationID, u.files)
}

// readTable reads a file of comma-separated values into a data frame. One that
// is no table is a file nevertheless.
func (u *upload) readTable(file *store.NewFile) error {
	if !isTable(file.File) {
		return nil
	}
	content, err := u.Blobs.Get(file.ID)
	if err != nil {
		return fmt.Errorf("read table: %w", err)
	}
	defer content.Close()
	table, err := csvframe.Inspect(u.ctx, content)
	if reason, ok := errors.AsType[*csvframe.Error](err); ok {
		u.Logger.Info().Str("file_id", file.ID).Str("reason", reason.Reason).Msg("uploaded file has no data frame")
		return nil
	}
	if err != nil {
		return fmt.Errorf("read table: %w", err)
	}
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read table: %w", err)
	}
	file.Frame = u.Store.NewFrame(u.conversationID, store.DataFrame{
		Name: frameName(file.Ref), Description: "Rows of the file " + file.Ref,
		InputIDType: store.FromFile, ColumnHeaders: table.Columns, CreatedAt: file.CreatedAt,
	})
	return table.Read(u.ctx, content, func(row []any) error { return file.Frame.Append(u.ctx, row) })
}

// frameName makes an identifier of the name of a file.
func frameName(ref string) string {
	base := strings.ToLower(strings.TrimSuffix(ref, path.Ext(ref)))
	words := strings.FieldsFunc(base, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) })
	name := strings.Join(words, "_")
	if first, _ := utf8.DecodeRuneInString(name); !unicode.IsLetter(first) {
		name = strings.TrimSuffix("data_"+name, "_")
	}
	return string([]rune(name)[:min(utf8.RuneCountInString(name), maxFrameName)])
}

const maxFrameName = 100 // characters

// discard removes what was received of an upload that failed.
func (u *upload) discard() error {
	var errs []error
	for _, file := range u.files {
		errs = append(errs, u.Blobs.Delete(file.ID))
		if file.Frame != nil {
			errs = append(errs, file.Frame.Discard(u.ctx))
		}
	}
	return errors.Join(errs...)
}
