package api

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"sema4mcp/internal/localtenant/store"
)

const (
	maxSampleRows  = 1000 // of each data frame in a list
	defaultRows    = 1000
	maxRows        = 10_000
	maxColumnNames = 64 << 10 // bytes
)

func (s *server) dataFrameRoutes() []route {
	const frames = "agents/{agent}/conversations/{conversation}/data-frames"
	return []route{
		newRoute(frames, methods{http.MethodGet: s.listDataFrames}),
		newRoute(frames+"/{name}", methods{http.MethodGet: s.readDataFrame}),
	}
}

// listDataFrames gives each data frame with its first num_samples rows; -1 stands
// for as many as a list may have.
func (s *server) listDataFrames(w http.ResponseWriter, r *http.Request, ids ids) error {
	samples, err := wholeNumber(r.URL.Query(), "num_samples", 0, -1)
	if err != nil {
		return err
	}
	if samples < 0 || samples > maxSampleRows {
		samples = maxSampleRows
	}
	conversation, err := s.Store.Conversation(r.Context(), ids["agent"], ids["conversation"])
	if err != nil {
		return err
	}
	frames, err := s.Store.DataFrames(r.Context(), conversation.ID, samples)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, frames)
}

// readDataFrame answers with an array of row objects.
func (s *server) readDataFrame(w http.ResponseWriter, r *http.Request, ids ids) error {
	conversation, err := s.Store.Conversation(r.Context(), ids["agent"], ids["conversation"])
	if err != nil {
		return err
	}
	frame, err := s.Store.DataFrame(r.Context(), conversation.ID, ids["name"])
	if err != nil {
		return err
	}
	query := r.URL.Query()
	if err := checkFormat(query.Get("output_format")); err != nil {
		return err
	}
	slice, err := readSlice(query, frame.ColumnHeaders)
	if err != nil {
		return err
	}
	columns, err := chooseColumns(query.Get("column_names"), frame.ColumnHeaders)
	if err != nil {
		return err
	}
	rows, err := s.Store.DataFrameRows(r.Context(), frame.ID, slice)
	if err != nil {
		return err
	}
	body, err := rowObjects(rows, frame.ColumnHeaders, columns)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, body)
}

func checkFormat(format string) error {
	switch format {
	case "", "json":
		return nil
	case "parquet":
		return &problem{status: http.StatusBadRequest, message: "This tenant does not write parquet; use output_format=json."}
	}
	return invalid("query -> output_format", "must be one of json, parquet")
}

// readSlice reads which rows are asked for. A limit beyond the maximum is cut to
// it.
func readSlice(query url.Values, columns []string) (store.Slice, error) {
	slice := store.Slice{OrderBy: store.Unordered}
	var err error
	if slice.Offset, err = wholeNumber(query, "offset", 0, 0); err != nil {
		return slice, err
	}
	if slice.Limit, err = wholeNumber(query, "limit", defaultRows, 1); err != nil {
		return slice, err
	}
	slice.Limit = min(slice.Limit, maxRows)
	order := query.Get("order_by")
	if order == "" {
		return slice, nil
	}
	name, descending := strings.CutPrefix(order, "-")
	if slices.Contains(columns, order) { // its name begins with a hyphen
		name, descending = order, false
	}
	if slice.OrderBy = slices.Index(columns, name); slice.OrderBy < 0 {
		return slice, unknownColumn("query -> order_by", name, columns)
	}
	slice.Descending = descending
	return slice, nil
}

func unknownColumn(where, name string, columns []string) error {
	return invalid(where, fmt.Sprintf("there is no column %q; the columns are %s", name, strings.Join(columns, ", ")))
}

// chooseColumns gives the places of the columns in a comma-separated list, in its
// order. A name with a comma is quoted, as CSV has it.
func chooseColumns(list string, columns []string) ([]int, error) {
	if list == "" {
		all := make([]int, len(columns))
		for i := range all {
			all[i] = i
		}
		return all, nil
	}
	if len(list) > maxColumnNames {
		return nil, invalid("query -> column_names", "is too long")
	}
	names, err := csv.NewReader(strings.NewReader(list)).Read()
	if err != nil {
		return nil, invalid("query -> column_names", "must be a comma-separated list")
	}
	var chosen []int
	for _, name := range names {
		place := slices.Index(columns, name)
		if place < 0 {
			place = slices.Index(columns, strings.TrimSpace(name))
		}
		if place < 0 {
			return nil, unknownColumn("query -> column_names", name, columns)
		}
		if slices.Contains(chosen, place) { // a row is an object: it holds a column once
			return nil, invalid("query -> column_names", fmt.Sprintf("names the column %q twice", columns[place]))
		}
		chosen = append(chosen, place)
	}
	return chosen, nil
}

// rowObjects makes objects of rows, with the chosen columns in their order.
func rowObjects(rows []json.RawMessage, columns []string, chosen []int) (json.RawMessage, error) {
	names := make([][]byte, len(columns))
	for i, column := range columns {
		var err error
		if names[i], err = json.Marshal(column); err != nil {
			return nil, fmt.Errorf("encode column: %w", err)
		}
	}
	var out bytes.Buffer
	out.WriteByte('[')
	for i, row := range rows {
		var cells []json.RawMessage
		if err := json.Unmarshal(row, &cells); err != nil || len(cells) != len(columns) {
			return nil, fmt.Errorf("row %d does not fit its columns: %s", i, row)
		}
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteByte('{')
		for n, place := range chosen {
			if n > 0 {
				out.WriteByte(',')
			}
			out.Write(names[place])
			out.WriteByte(':')
			out.Write(cells[place])
		}
		out.WriteByte('}')
	}
	out.WriteByte(']')
	return out.Bytes(), nil
}
