package threadfiles

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"sema4mcp/internal/localtenant/csvframe"
	"sema4mcp/internal/localtenant/store"
)

const maxFrameName = 100 // characters

// readTable reads a file of comma-separated values into a data frame. One that
// is no table is a file nevertheless.
func (b *Batch) readTable(ctx context.Context, file *store.NewFile) error {
	if !isTable(file.File) {
		return nil
	}
	content, err := b.keeper.Blobs.Get(file.ID)
	if err != nil {
		return fmt.Errorf("read table: %w", err)
	}
	defer content.Close()
	table, err := csvframe.Inspect(ctx, content)
	if reason, ok := errors.AsType[*csvframe.Error](err); ok {
		b.keeper.Logger.Info().Str("file_id", file.ID).Str("reason", reason.Reason).Msg("file has no data frame")
		return nil
	}
	if err != nil {
		return fmt.Errorf("read table: %w", err)
	}
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read table: %w", err)
	}
	file.Frame = b.keeper.Store.NewFrame(b.conversationID, store.DataFrame{
		Name: frameName(file.Ref), Description: "Rows of the file " + file.Ref,
		InputIDType: store.FromFile, ColumnHeaders: table.Columns, CreatedAt: file.CreatedAt,
	})
	return table.Read(ctx, content, func(row []any) error { return file.Frame.Append(ctx, row) })
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
