package restclient

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// DataFrameRows are rows of a data frame. Each has one value a column.
type DataFrameRows struct {
	Columns     []string // in the order the server writes them
	Rows        []Row
	Name        string // empty where the server sends rows alone
	Description string
}

// Row is the values of one row: nil, bool, string, [json.Number] with the digits
// as they came, []any or map[string]any.
type Row []any

// UnmarshalJSON keeps numbers exact.
func (r *Row) UnmarshalJSON(data []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	return decoder.Decode((*[]any)(r))
}

// maxCells bounds a table: rows that each name columns of their own would grow
// with their square.
const maxCells = 4 << 20

// UnmarshalJSON reads an array of row objects, or {columns, rows, name,
// description}.
func (d *DataFrameRows) UnmarshalJSON(data []byte) error {
	*d = DataFrameRows{}
	if data[0] == '[' {
		return d.readRows(data)
	}
	var wire struct {
		Name        string            `json:"name"`
		Description string            `json:"description"`
		Columns     []json.RawMessage `json:"columns"`
		Rows        json.RawMessage   `json:"rows"`
		Data        json.RawMessage   `json:"data"`
	}
	if err := json.Unmarshal(data, &wire); err != nil {
		return err
	}
	d.Name, d.Description = wire.Name, wire.Description
	for _, column := range wire.Columns {
		d.Columns = append(d.Columns, columnName(column))
	}
	switch {
	case wire.Rows != nil:
		return d.readRows(wire.Rows)
	case wire.Data != nil:
		return d.readRows(wire.Data)
	}
	return errors.New("it holds no rows")
}

// columnName reads a name, or the object that holds it.
func columnName(raw json.RawMessage) string {
	document, err := parseDocument(raw)
	if name := objectOf(document).text("name"); err == nil && name != "" {
		return name
	}
	return rawText(raw)
}

// readRows reads arrays and objects, and learns columns from the objects as
// they come: encoding/json alone would lose their order.
func (d *DataFrameRows) readRows(data []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if token, err := decoder.Token(); err != nil || token != json.Delim('[') {
		return errors.New("the rows are not a list")
	}
	index := map[string]int{}
	for i, column := range d.Columns {
		index[column] = i
	}
	for decoder.More() {
		row, err := d.readRow(decoder, index)
		if err != nil {
			return err
		}
		d.Rows = append(d.Rows, row)
		if len(d.Rows)*len(d.Columns) > maxCells {
			return fmt.Errorf("%w: over %d values; ask for fewer rows with a limit", errTooLarge, maxCells)
		}
	}
	if _, err := decoder.Token(); err != nil {
		return err
	}
	return d.square()
}

func (d *DataFrameRows) readRow(decoder *json.Decoder, index map[string]int) (Row, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('['):
		return readValues(decoder)
	case json.Delim('{'):
		return d.readMembers(decoder, index)
	}
	return nil, fmt.Errorf("row %d is neither an object nor a list", len(d.Rows)+1)
}

func readValues(decoder *json.Decoder) (Row, error) {
	row := Row{}
	for decoder.More() {
		var value any
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		row = append(row, value)
	}
	_, err := decoder.Token()
	return row, err
}

func (d *DataFrameRows) readMembers(decoder *json.Decoder, index map[string]int) (Row, error) {
	row := make(Row, len(d.Columns))
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		name, _ := token.(string)
		var value any
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		at, known := index[name]
		if !known {
			at = len(d.Columns)
			index[name] = at
			d.Columns = append(d.Columns, name)
		}
		for len(row) <= at {
			row = append(row, nil)
		}
		row[at] = value
	}
	_, err := decoder.Token()
	return row, err
}

// square gives every row a value a column.
func (d *DataFrameRows) square() error {
	for i, row := range d.Rows {
		if len(row) > len(d.Columns) {
			return fmt.Errorf("row %d has more values than there are columns", i+1)
		}
		for len(row) < len(d.Columns) {
			row = append(row, nil)
		}
		d.Rows[i] = row
	}
	return nil
}
