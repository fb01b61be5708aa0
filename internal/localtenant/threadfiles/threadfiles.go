// Package threadfiles puts files into conversations: their bytes among the blobs,
// what is known of them into the store, and the rows of those that are tables into
// data frames. Start from a [Keeper].
package threadfiles

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/rs/zerolog"

	"sema4mcp/internal/localtenant/blobs"
	"sema4mcp/internal/localtenant/store"
	"sema4mcp/internal/localtenant/thread"
)

// MaxSize is how large a file can be, in bytes.
const MaxSize = 100 << 20

// Keeper is where files go. All fields are required.
type Keeper struct {
	Store  *store.Store
	Blobs  *blobs.Store
	Logger zerolog.Logger // is told of tables that cannot be read, and bytes that cannot be removed
}

// Source is a file as it comes.
type Source struct {
	Name       string
	MIMEType   string // as the sender says; "" when it says nothing
	Content    io.Reader
	WorkItemID *string // of the work item it came with
}

// Batch is files on their way into one conversation: all of them get there, or
// none. It ends with Keep or Discard, and is for one goroutine.
type Batch struct {
	keeper         *Keeper
	conversationID string
	files          []store.NewFile
}

// NewBatch begins a batch without files.
func (k *Keeper) NewBatch(conversationID string) *Batch {
	return &Batch{keeper: k, conversationID: conversationID}
}

// Add keeps the bytes of a file. Errors are those of [blobs.Store.Put]; a file
// larger than [MaxSize] is [blobs.ErrTooLarge].
func (b *Batch) Add(ctx context.Context, from Source) error {
	mimeType, content := Sniff(from.MIMEType, from.Name, from.Content)
	blob, err := b.keeper.Blobs.Put(ctx, content, MaxSize)
	if err != nil {
		return err
	}
	b.files = append(b.files, store.NewFile{File: store.File{
		ID: blob.ID, Ref: from.Name, SHA256: blob.SHA256, Size: blob.Size, MIMEType: mimeType,
		CreatedAt: thread.Timestamp(time.Now()).String(), WorkItemID: from.WorkItemID,
	}})
	return nil
}

// Names are the names of the files, in the order they were added.
func (b *Batch) Names() []string {
	names := make([]string, len(b.files))
	for i, file := range b.files {
		names[i] = file.Ref
	}
	return names
}

// Files are the files; all is known of them once they are kept.
func (b *Batch) Files() []store.File {
	files := make([]store.File, len(b.files))
	for i, file := range b.files {
		files[i] = file.File
	}
	return files
}

// Keep puts the files into the conversation, with the tables among them. The error
// wraps [store.ErrNotFound] when the conversation is gone; after any error, Discard
// the batch.
func (b *Batch) Keep(ctx context.Context) error {
	for i := range b.files {
		if err := b.readTable(ctx, &b.files[i]); err != nil {
			return err
		}
	}
	return b.keeper.Store.AddConversationFiles(ctx, b.conversationID, b.files)
}

// Discard removes what came of a batch that is not to be, also when ctx has ended.
func (b *Batch) Discard(ctx context.Context) error {
	var errs []error
	for _, file := range b.files {
		errs = append(errs, b.keeper.Blobs.Delete(file.ID))
		if file.Frame != nil {
			errs = append(errs, file.Frame.Discard(ctx))
		}
	}
	return errors.Join(errs...)
}
