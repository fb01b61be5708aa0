// Package csvframe reads CSV files as tables with typed columns, in constant
// memory: [Inspect] goes through a file once to learn its shape, [Table.Read] a
// second time for the rows.
package csvframe

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// The bounds of a table. A file beyond them is none.
const (
	MaxRows    = 1_000_000
	MaxColumns = 1000
	maxRecord  = 1 << 20 // bytes; an unclosed quote would swallow the file
	maxHeader  = 255     // characters of a column's name
)

// Error says why a file is no table.
type Error struct{ Reason string }

func (e *Error) Error() string { return e.Reason }

func refuse(format string, arguments ...any) error {
	return &Error{fmt.Sprintf(format, arguments...)}
}

// Table is what [Inspect] has learnt of a file.
type Table struct {
	Columns []string // names, each unlike the others
	NumRows int64

	comma rune
	kinds []kind
}

// Inspect reads a file to its end. The first record names the columns. A record
// that is longer brings further columns; one that is shorter lacks values. The
// error is an [*Error] when the file is no table, else r's or the context's.
func Inspect(ctx context.Context, r io.Reader) (*Table, error) {
	records, err := newRecords(ctx, r, 0)
	if err != nil {
		return nil, err
	}
	header, err := records.next()
	if errors.Is(err, io.EOF) {
		return nil, refuse("the file is empty")
	}
	if err != nil {
		return nil, err
	}
	t := &Table{comma: records.csv.Comma}
	names := trimmed(header)
	t.kinds = make([]kind, len(names))
	for {
		record, err := records.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if t.NumRows++; t.NumRows > MaxRows {
			return nil, refuse("there are more than %d rows", MaxRows)
		}
		for len(t.kinds) < len(record) {
			t.kinds = append(t.kinds, 0)
		}
		for i, field := range record {
			t.kinds[i] = t.kinds[i].with(field)
		}
	}
	t.Columns = columnNames(names, len(t.kinds))
	return t, nil
}

// Read hands over the rows of the file that was inspected, each with a value for
// each column: a json.Number, string, bool or nil.
func (t *Table) Read(ctx context.Context, r io.Reader, take func(row []any) error) error {
	records, err := newRecords(ctx, r, t.comma)
	if err != nil {
		return err
	}
	if _, err := records.next(); err != nil { // the header
		return err
	}
	row := make([]any, len(t.Columns))
	for {
		record, err := records.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for i := range row {
			row[i] = nil
			if i < len(record) {
				row[i] = t.kinds[i].value(record[i])
			}
		}
		if err := take(row); err != nil {
			return err
		}
	}
}

func trimmed(header []string) []string {
	names := make([]string, len(header))
	for i, name := range header {
		if names[i] = strings.TrimSpace(name); utf8.RuneCountInString(names[i]) > maxHeader {
			names[i] = string([]rune(names[i])[:maxHeader])
		}
	}
	return names
}

// columnNames names n columns; those without a name are called by their place.
func columnNames(header []string, n int) []string {
	taken := map[string]bool{}
	for _, name := range header {
		taken[name] = true
	}
	used := map[string]bool{}
	names := make([]string, n)
	for i := range names {
		base := fmt.Sprintf("column_%d", i+1)
		if i < len(header) && header[i] != "" {
			base = header[i]
		}
		name := base
		for number := 2; used[name] || name != base && taken[name]; number++ {
			name = fmt.Sprintf("%s_%d", base, number)
		}
		names[i], used[name] = name, true
	}
	return names
}

// records reads the records of a file.
type records struct {
	ctx  context.Context
	csv  *csv.Reader
	from *meter
}

// meter fails when more is read than it allows.
type meter struct {
	r     io.Reader
	spent int64 // bytes since the last record
}

func (m *meter) Read(p []byte) (int, error) {
	if m.spent > maxRecord {
		return 0, refuse("a record is longer than %d bytes", maxRecord)
	}
	n, err := m.r.Read(p)
	m.spent += int64(n)
	return n, err
}

// newRecords begins behind a byte order mark; without a comma it finds out which
// character is used as one.
func newRecords(ctx context.Context, r io.Reader, comma rune) (*records, error) {
	begin := make([]byte, sniffed)
	n, err := io.ReadFull(r, begin)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	text := strings.TrimPrefix(string(begin[:n]), "\ufeff")
	if comma == 0 {
		comma = findComma(text)
	}
	from := &meter{r: io.MultiReader(strings.NewReader(text), r)}
	reader := csv.NewReader(from)
	reader.Comma, reader.FieldsPerRecord, reader.ReuseRecord, reader.LazyQuotes = comma, -1, true, true
	return &records{ctx: ctx, csv: reader, from: from}, nil
}

// next is the next record, which is good until the one after it, or io.EOF.
func (r *records) next() ([]string, error) {
	if err := r.ctx.Err(); err != nil {
		return nil, err
	}
	r.from.spent = 0
	record, err := r.csv.Read()
	if syntax, ok := errors.AsType[*csv.ParseError](err); ok {
		return nil, refuse("line %d: %v", syntax.Line, syntax.Err)
	}
	if err != nil {
		return nil, err
	}
	if len(record) > MaxColumns {
		return nil, refuse("there are more than %d columns", MaxColumns)
	}
	for _, field := range record {
		if !utf8.ValidString(field) || strings.ContainsRune(field, 0) {
			line, _ := r.csv.FieldPos(0)
			return nil, refuse("line %d is not UTF-8 text", line)
		}
	}
	return record, nil
}
