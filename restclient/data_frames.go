package restclient

import (
	"context"
	"errors"
	"iter"
	"strconv"
	"strings"
)

// DataFrame is a table that came out of a conversation: the result of a query,
// or a file read as one.
type DataFrame struct {
	ID                 string    `json:"data_frame_id,omitzero"`
	ThreadID           string    `json:"thread_id,omitzero"`
	Name               string    `json:"name,omitzero"` // what its rows are read by
	SheetName          string    `json:"sheet_name,omitzero"`
	Description        string    `json:"description,omitzero"`
	NumRows            int       `json:"num_rows,omitzero"`
	NumColumns         int       `json:"num_columns,omitzero"`
	CreatedAt          Time      `json:"created_at,omitzero"`
	Columns            []string  `json:"column_headers,omitzero"`
	SampleRows         []Row     `json:"sample_rows,omitzero"`   // as many as asked for
	InputIDType        string    `json:"input_id_type,omitzero"` // "file", "sql_computation" and others
	ParentDataFrameIDs []string  `json:"parent_data_frame_ids,omitzero"`
	FileID             string    `json:"file_id,omitzero"`
	FileRef            string    `json:"file_ref,omitzero"`
	SQLQuery           string    `json:"sql_query,omitzero"`
	SQLDialect         string    `json:"sql_dialect,omitzero"`
	Extra              RawObject `json:"-"`
}

// UnmarshalJSON keeps what it does not understand in Extra.
func (d *DataFrame) UnmarshalJSON(data []byte) error {
	type plain DataFrame
	return decodeMembers(data, (*plain)(d), &d.Extra)
}

// MarshalJSON writes the fields, and Extra.
func (d DataFrame) MarshalJSON() ([]byte, error) {
	type plain DataFrame
	return encodeMembers(plain(d), d.Extra)
}

// AllSamples asks for every row as a sample.
const AllSamples = -1

// DataFrameListOptions say how much of each data frame to list.
type DataFrameListOptions struct {
	NumSamples int    // rows of each; 0 for none, [AllSamples] for all
	Limit      int    // items a page, where the server makes pages; 0 leaves it to the server
	Cursor     string // [Page.Next] of the page before; empty for the first
}

// DataFrames fetches the data frames of a conversation: all of them, or one page
// where the server makes pages.
func (s *ConversationsService) DataFrames(ctx context.Context, agentID, conversationID string, opts *DataFrameListOptions) (*Page[DataFrame], error) {
	o := valueOf(opts)
	return s.dataFrames(agentID, conversationID, o).page(ctx, o.Cursor)
}

// AllDataFrames walks the data frames of a conversation from opts.Cursor on.
func (s *ConversationsService) AllDataFrames(ctx context.Context, agentID, conversationID string, opts *DataFrameListOptions) iter.Seq2[DataFrame, error] {
	o := valueOf(opts)
	return s.dataFrames(agentID, conversationID, o).all(ctx, o.Cursor)
}

func (s *ConversationsService) dataFrames(agentID, conversationID string, o DataFrameListOptions) list[DataFrame] {
	l := newList[DataFrame](s.client, cursorParameter, o.Limit, "agents", agentID, "conversations", conversationID, "data-frames")
	if o.NumSamples < AllSamples && l.invalid == nil {
		l.invalid = errors.New("the number of sample rows cannot be negative; use AllSamples for all")
	}
	return l.whole(o.Limit).filter("num_samples", strconv.Itoa(o.NumSamples))
}

// DataFrameReadOptions choose rows and columns of a data frame.
type DataFrameReadOptions struct {
	Offset  int      // rows to skip
	Limit   int      // rows to read at most; 0 leaves it to the server
	Columns []string // in this order; none means all
	OrderBy string   // a column; with a "-" before it, descending
}

// ReadDataFrame fetches rows of the data frame with a name.
func (s *ConversationsService) ReadDataFrame(ctx context.Context, agentID, conversationID, name string, opts *DataFrameReadOptions) (*DataFrameRows, error) {
	return call[DataFrameRows](ctx, s.client, valueOf(opts).request(agentID, conversationID, name, "json"))
}

// DownloadDataFrame opens rows of the data frame with a name as a Parquet file,
// which deployments may refuse (400). Close it when done with it.
func (s *ConversationsService) DownloadDataFrame(ctx context.Context, agentID, conversationID, name string, opts *DataFrameReadOptions) (*Download, error) {
	return s.client.download(ctx, valueOf(opts).request(agentID, conversationID, name, "parquet"), "text/html", jsonMediaType)
}

func (o DataFrameReadOptions) request(agentID, conversationID, name, format string) request {
	req := get("agents", agentID, "conversations", conversationID, "data-frames", name).
		with("output_format", format).
		with("column_names", strings.Join(o.Columns, ",")).
		with("order_by", o.OrderBy).
		needs(o.Offset >= 0 && o.Limit >= 0, "the offset and the limit of a data frame cannot be negative")
	for _, column := range o.Columns {
		req = req.needs(column != "" && !strings.Contains(column, ","),
			"a column cannot be asked for if its name is empty or holds a comma; leave the columns out to read all")
	}
	if o.Offset > 0 {
		req = req.with("offset", strconv.Itoa(o.Offset))
	}
	if o.Limit > 0 {
		req = req.with("limit", strconv.Itoa(o.Limit))
	}
	return req
}
