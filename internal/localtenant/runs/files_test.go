package runs_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"

	"sema4mcp/internal/localtenant/blobs"
	"sema4mcp/internal/localtenant/minds"
	"sema4mcp/internal/localtenant/store"
)

func TestMindsReadFiles(t *testing.T) {
	bytes := blobs.Open(t.TempDir())
	blob, err := bytes.Put(t.Context(), strings.NewReader("hello"), 5)
	if err != nil {
		t.Fatal(err)
	}
	f := start(t, func(ctx context.Context, turn minds.Turn, out minds.Emitter) error {
		files, err := turn.Files(ctx)
		if err != nil {
			return err
		}
		out.Text(fmt.Sprint(files))
		if _, err := turn.OpenFile(ctx, "none"); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("a file that is not there: %w", err)
		}
		file, err := turn.OpenFile(ctx, "a.txt")
		if errors.Is(err, fs.ErrNotExist) {
			out.Text(" unreadable")
			return nil
		}
		if err != nil {
			return err
		}
		defer file.Close()
		content, err := io.ReadAll(file)
		out.Text(" " + string(content))
		return err
	})
	if err := f.store.AddConversationFiles(t.Context(), f.conversation, []store.NewFile{{File: store.File{
		ID: blob.ID, Ref: "a.txt", MIMEType: "text/plain", Size: blob.Size, SHA256: blob.SHA256,
	}}}); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"[{a.txt text/plain 5}] unreadable", "[{a.txt text/plain 5}] hello"} {
		if err := f.post(t, "x"); err != nil {
			t.Fatal(err)
		}
		messages, err := f.store.AllMessages(t.Context(), f.conversation)
		if err != nil || messages[2*i+1].Text() != want {
			t.Errorf("%q, %v; want %q", messages[2*i+1].Text(), err, want)
		}
		f.runner.ReadFiles(bytes)
	}
}
