package bridge

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/bridge/exchange"
	"sema4mcp/restclient"
)

// Rows of a data frame in one result.
const (
	defaultRows = 100
	maxRows     = 1000
)

// listedDataFrame is a data frame as list_data_frames shows it.
type listedDataFrame struct {
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Rows        int      `json:"rows"`
	Columns     []string `json:"columns"`
	ColumnCount int      `json:"column_count,omitempty"` // where not all are shown
	Origin      string   `json:"made_from,omitempty"`    // the vendor's input_id_type
	File        string   `json:"file,omitempty"`
	SQL         string   `json:"sql,omitempty"`
	CreatedAt   string   `json:"created_at,omitempty"`
}

func (s scope) listDataFramesTool() tool {
	return tool{
		name:  "list_data_frames",
		title: "List data frames",
		description: "List the data frames in one thread" + s.withAgent() + ": tables that came out of the conversation, such as the result of a query or a file that was sent. " +
			"Read the rows of one with read_data_frame.",
		inputs: s.inputs(threadIDInput, cursorInput),
		hints:  reads,
		call:   s.listDataFrames,
	}
}

func (s scope) listDataFrames(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	agent, err := s.addressee(ctx, args)
	if err != nil {
		return nil, err
	}
	frames, err := s.dataFrames(ctx, agent.ID, args.text(threadIDInput.name))
	if err != nil {
		return nil, err
	}
	listed := make([]listedDataFrame, len(frames))
	for i, frame := range frames {
		listed[i] = listedDataFrame{frame.Name, cut(frame.Description, maxDescription), frame.NumRows, nonNil(frame.Columns), 0,
			frame.InputIDType, frame.FileRef, cut(frame.SQLQuery, maxToolResult), timestamp(frame.CreatedAt)}
		if shown := firstNames(frame.Columns, maxColumnNames); len(shown) < len(frame.Columns) {
			listed[i].Columns, listed[i].ColumnCount = nonNil(shown), len(frame.Columns)
		}
	}
	part, next, err := fitting(listed, args.text(cursorInput.name))
	if err != nil {
		return nil, err
	}
	return statusResult(struct {
		Frames []listedDataFrame `json:"data_frames"`
		Next   string            `json:"next_cursor,omitempty"`
	}{nonNil(part), next})
}

// maxColumnNames bounds the names of columns of one data frame in a list, in bytes.
const maxColumnNames = 4_000

// firstNames are as many names as fit into limit bytes of JSON.
func firstNames(names []string, limit int) []string {
	size := 0
	for i, name := range names {
		encoded, err := exchange.Encode(name)
		if size += len(encoded) + 1; err != nil || size > limit {
			return names[:i]
		}
	}
	return names
}

func (s scope) dataFrames(ctx context.Context, agentID, threadID string) ([]restclient.DataFrame, error) {
	var frames []restclient.DataFrame
	for frame, err := range s.tenant.client.Conversations.AllDataFrames(ctx, agentID, threadID, nil) {
		if err != nil {
			return nil, err
		}
		frames = append(frames, frame)
	}
	return frames, nil
}

func (s scope) readDataFrameTool() tool {
	return tool{
		name:        "read_data_frame",
		title:       "Read a data frame",
		description: "Read rows of one data frame" + s.withAgent() + ", as JSON: the columns, then each row as a list of values in their order. When there are more, pass next_offset as offset.",
		inputs: s.inputs(threadIDInput,
			input{name: "name", required: true, description: "The data frame's name, as list_data_frames shows it."},
			input{name: "columns", kind: array, description: "Optional. Only these columns, in this order."},
			input{name: "order_by", description: "Optional. The column to sort by; with a - in front, descending."},
			input{name: "offset", kind: integer, description: "How many rows to skip; default 0."},
			input{name: "limit", kind: integer, description: fmt.Sprintf("How many rows to read; default %d, and %d at most. Fewer come where they are long.", defaultRows, maxRows)}),
		hints: reads,
		call:  s.readDataFrame,
	}
}

// tableRows are rows of a data frame as read_data_frame shows them.
type tableRows struct {
	Columns []string         `json:"columns"`
	Rows    []restclient.Row `json:"rows"`
	Offset  int              `json:"offset"`
	Next    *int             `json:"next_offset,omitempty"`
	Total   *int             `json:"total_rows,omitempty"` // where the tenant tells
	Note    string           `json:"note,omitempty"`
}

func (s scope) readDataFrame(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	agent, err := s.addressee(ctx, args)
	if err != nil {
		return nil, err
	}
	threadID := args.text(threadIDInput.name)
	frame, err := s.findDataFrame(ctx, agent.ID, threadID, args.text("name"))
	if err != nil {
		return nil, err
	}
	options, err := rowsWanted(frame, args)
	if err != nil {
		return nil, err
	}
	read, err := s.tenant.client.Conversations.ReadDataFrame(ctx, agent.ID, threadID, frame.Name, &options)
	if err != nil {
		return nil, err
	}
	table, err := newTable(frame, options, read)
	if err != nil {
		return nil, err
	}
	return jsonResult(table)
}

func (s scope) findDataFrame(ctx context.Context, agentID, threadID, wanted string) (restclient.DataFrame, error) {
	frames, err := s.dataFrames(ctx, agentID, threadID)
	if err != nil {
		return restclient.DataFrame{}, err
	}
	names := make([]string, len(frames))
	for i, frame := range frames {
		if names[i] = frame.Name; frame.Name == wanted {
			return frame, nil
		}
	}
	return restclient.DataFrame{}, missing("data frame", wanted, "thread", names)
}

// rowsWanted checks what is asked for against the data frame, as far as that is
// known.
func rowsWanted(frame restclient.DataFrame, args arguments) (options restclient.DataFrameReadOptions, err error) {
	for _, column := range args.list("columns") {
		if column, err = columnOf(frame, column); err != nil {
			return options, err
		}
		if slices.Contains(options.Columns, column) {
			return options, &failure{what: fmt.Sprintf("The column %s is asked for twice.", quoted(column)), next: "Name each column once."}
		}
		options.Columns = append(options.Columns, column)
	}
	if order := args.text("order_by"); order != "" {
		column, descending := strings.CutPrefix(order, "-")
		if slices.Contains(frame.Columns, order) { // a name may begin so
			column, descending = order, false
		}
		if column, err = columnOf(frame, column); err != nil {
			return options, err
		}
		if options.OrderBy = column; descending {
			options.OrderBy = "-" + column
		}
	}
	if options.Offset, _ = args.number("offset"); options.Offset > frame.NumRows && frame.NumRows > 0 {
		return options, &failure{what: fmt.Sprintf("The data frame %s ends before the offset %d: it has %d rows.", quoted(frame.Name), options.Offset, frame.NumRows),
			next: "Pass next_offset as the last part gave it, or leave it out to begin at the start."}
	}
	limit, given := args.number("limit")
	if !given || limit == 0 {
		limit = defaultRows
	}
	options.Limit = min(limit, maxRows)
	return options, nil
}

func columnOf(frame restclient.DataFrame, wanted string) (string, error) {
	if len(frame.Columns) == 0 || slices.Contains(frame.Columns, wanted) {
		return wanted, nil
	}
	for _, column := range frame.Columns {
		if strings.EqualFold(column, wanted) {
			return column, nil
		}
	}
	return "", missing("column", wanted, "data frame", frame.Columns)
}

// newTable holds as many of the rows as fit into one result.
func newTable(frame restclient.DataFrame, asked restclient.DataFrameReadOptions, read *restclient.DataFrameRows) (*tableRows, error) {
	table := &tableRows{Columns: read.Columns, Offset: asked.Offset, Rows: []restclient.Row{}}
	if len(table.Columns) == 0 {
		if table.Columns = asked.Columns; len(table.Columns) == 0 {
			table.Columns = nonNil(frame.Columns)
		}
	}
	if len(firstNames(table.Columns, maxText/2)) < len(table.Columns) {
		return nil, &failure{what: fmt.Sprintf("The data frame %s has %d columns, which are too many for one result.", quoted(frame.Name), len(table.Columns)),
			next: "Name those that you need with columns."}
	}
	names, err := exchange.Encode(table.Columns)
	if err != nil {
		return nil, err
	}
	budget, size := maxText-len(names), 0
	for i, row := range read.Rows {
		encoded, err := exchange.Encode(row)
		if err != nil {
			return nil, err
		}
		long := len(encoded) > budget
		if long {
			row = shortRow(row)
			encoded, _ = exchange.Encode(row) // what it is made of was encoded before
		}
		if size += len(encoded) + 1; size > budget && i > 0 {
			break
		}
		table.Rows = append(table.Rows, row)
		if long {
			table.Note = cutNote(len(row))
		}
	}
	end := asked.Offset + len(table.Rows)
	switch {
	case frame.NumRows > 0 || end == 0:
		table.Total = &frame.NumRows
		if end < frame.NumRows && len(table.Rows) > 0 {
			table.Next = &end
		}
	case len(table.Rows) < len(read.Rows) || len(read.Rows) == asked.Limit:
		table.Next = &end
	}
	return table, nil
}

// cutNote says how to see more of values that are cut.
func cutNote(columns int) string {
	if columns > 1 {
		return "Long values are cut: with fewer columns more of them is shown."
	}
	return "Long values are cut: more of them cannot be shown."
}

// shortRow cuts the values of a row that would not fit into a result by itself,
// nested ones too: each to its share of half a result.
func shortRow(row restclient.Row) restclient.Row {
	share := maxText / 2 / len(row)
	short := make(restclient.Row, len(row))
	for i, value := range row {
		encoded, err := exchange.Encode(value)
		if err != nil || len(encoded) <= share {
			short[i] = value
			continue
		}
		text, ok := value.(string)
		if !ok {
			text = string(encoded)
		}
		note := fmt.Sprintf("\n[cut: %d bytes in all]", len(text))
		if share < 2*len(note) {
			short[i] = "…"
			continue
		}
		short[i] = cut(text, (share-len(note))*len(text)/len(encoded)) + note // escaping takes its part of the share
	}
	return short
}
