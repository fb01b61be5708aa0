package worker

import (
	"context"
	"errors"
	"fmt"

	"sema4mcp/internal/localtenant/store"
	"sema4mcp/internal/localtenant/threadfiles"
)

// copyFiles makes files of a thread of those attached to its item. They are copies:
// an item can outlive its thread, and have another.
func (w *Worker) copyFiles(ctx context.Context, item store.WorkItem, files []store.WorkItemFile, conversationID string) error {
	if len(files) == 0 {
		return nil
	}
	batch := w.files.NewBatch(conversationID)
	err := w.addAll(ctx, batch, item, files)
	if err == nil {
		err = batch.Keep(ctx)
	}
	if err != nil {
		return errors.Join(err, batch.Discard(ctx))
	}
	return nil
}

func (w *Worker) addAll(ctx context.Context, batch *threadfiles.Batch, item store.WorkItem, files []store.WorkItemFile) error {
	for _, file := range files {
		if err := w.copyFile(ctx, batch, item, file); err != nil {
			return fmt.Errorf("file %q of the work item: %w", file.Name, err)
		}
	}
	return nil
}

func (w *Worker) copyFile(ctx context.Context, batch *threadfiles.Batch, item store.WorkItem, file store.WorkItemFile) error {
	content, err := w.files.Blobs.Get(file.BlobID)
	if err != nil {
		return err
	}
	defer content.Close()
	return batch.Add(ctx, threadfiles.Source{Name: file.Name, MIMEType: file.MIMEType, Content: content, WorkItemID: &item.ID})
}
