package bridge

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/bridge/exchange"
	"sema4mcp/restclient"
)

// rowsAtOnce is how many rows of a data frame are asked for at a time.
const rowsAtOnce = 10_000

// readFrameResource is the rows of a data frame, all or those that are asked for,
// under the names of its columns.
func (s scope) readFrameResource(ctx context.Context, at resourceURI) (mcp.ResourceContents, error) {
	var out tableText
	mimeType := csvType
	switch strings.ToLower(at.format) {
	case "", "csv":
		out = new(csvText)
	case "json":
		out, mimeType = new(jsonText), jsonType
	default:
		return nil, unfound(&failure{what: fmt.Sprintf("There is no format %s.", quoted(at.format)), next: "The formats are csv and json."})
	}
	frame, err := s.findDataFrame(ctx, at.agent, at.thread, at.frame)
	if err != nil {
		return nil, unnamed(err)
	}
	if frame.NumRows > 0 && at.offset > frame.NumRows {
		return nil, unfound(&failure{what: fmt.Sprintf("The data frame ends before the offset %d: it has %d rows.", at.offset, frame.NumRows), next: "Begin at a lower offset, or leave it out."})
	}
	more, err := s.writeFrame(ctx, out, at, frame)
	if err != nil {
		return nil, err
	}
	var meta map[string]any
	if more {
		meta = map[string]any{nextMeta: at.next().at(at.uri)}
	}
	text, err := out.end()
	return mcp.TextResourceContents{Meta: meta, URI: at.uri, MIMEType: mimeType, Text: text}, err
}

// writeFrame goes on until it has every row that is asked for, and tells whether
// there are more: a tenant may give fewer at a time than it is asked for.
func (s scope) writeFrame(ctx context.Context, out tableText, at resourceURI, frame restclient.DataFrame) (more bool, err error) {
	var columns []string
	for written := 0; ; {
		atOnce := rowsAtOnce
		if at.limit > 0 {
			atOnce = min(rowsAtOnce, at.limit-written+1) // one more tells whether there are more
		}
		read, err := s.tenant.client.Conversations.ReadDataFrame(ctx, at.agent, at.thread, frame.Name, &restclient.DataFrameReadOptions{Offset: at.offset + written, Limit: atOnce})
		if err != nil {
			return false, err
		}
		switch {
		case written == 0:
			if columns = read.Columns; len(columns) == 0 {
				columns = frame.Columns
			}
			if err := out.begin(columns); err != nil {
				return false, err
			}
		case len(read.Rows) > 0 && !slices.Equal(columns, read.Columns):
			return false, &failure{what: fmt.Sprintf("The data frame %s was changed while it was read.", quoted(frame.Name)), next: "Read it again."}
		}
		for _, row := range read.Rows {
			if at.limit > 0 && written == at.limit {
				return true, nil
			}
			if err := out.row(row); err != nil {
				return false, err
			}
			if out.size() > maxResource {
				return false, s.tooManyRows(at, frame.Name, written)
			}
			written++
		}
		if len(read.Rows) == 0 || frame.NumRows > 0 && at.offset+written >= frame.NumRows {
			return false, nil
		}
	}
}

// tooManyRows says how to read rows of which fewer fit into one read.
func (s scope) tooManyRows(at resourceURI, name string, fit int) error {
	what := fmt.Sprintf("The rows of the data frame %s have more than %d bytes, which are the most that one read returns.", quoted(name), maxResource)
	tool := fmt.Sprintf("read_data_frame with %s and name %q", s.threadArguments(at.agent, at.thread), name)
	if fit == 0 {
		return &failure{what: what, next: fmt.Sprintf("One row alone has that much: call %s, and the columns that are needed.", tool)}
	}
	first := extent{offset: at.offset, limit: fit}
	return &failure{what: what, next: fmt.Sprintf("%s Or call %s, and then with each next_offset.", first.inParts(at.uri), tool)}
}

// tableText is a table that is being written.
type tableText interface {
	begin(columns []string) error
	row(restclient.Row) error
	size() int // bytes so far
	end() (string, error)
}

// csvText is RFC 4180: numbers as they came, nothing for null, and JSON for what
// is nested.
type csvText struct {
	text strings.Builder
	csv  *csv.Writer
}

func (c *csvText) begin(columns []string) error {
	c.csv = csv.NewWriter(&c.text)
	return c.write(columns)
}

func (c *csvText) row(row restclient.Row) error {
	fields := make([]string, len(row))
	for i, value := range row {
		switch value := value.(type) {
		case nil:
		case string:
			fields[i] = value
		case json.Number:
			fields[i] = value.String()
		default:
			encoded, err := exchange.Encode(value)
			if err != nil {
				return err
			}
			fields[i] = string(encoded)
		}
	}
	return c.write(fields)
}

// write flushes, so that the size is known. An empty field alone would be an empty
// line, which readers pass over.
func (c *csvText) write(fields []string) error {
	if len(fields) == 1 && fields[0] == "" {
		c.text.WriteString("\"\"\n")
		return nil
	}
	if err := c.csv.Write(fields); err != nil {
		return err
	}
	c.csv.Flush()
	return c.csv.Error()
}

func (c *csvText) size() int { return c.text.Len() }

func (c *csvText) end() (string, error) { return c.text.String(), nil }

// jsonText is {"columns":[…],"rows":[[…],…]}, as read_data_frame shows it.
type jsonText struct {
	text strings.Builder
	rows int
}

func (j *jsonText) begin(columns []string) error {
	encoded, err := exchange.Encode(nonNil(columns))
	j.text.WriteString(`{"columns":`)
	j.text.Write(encoded)
	j.text.WriteString(`,"rows":[`)
	return err
}

func (j *jsonText) row(row restclient.Row) error {
	encoded, err := exchange.Encode(row)
	if j.rows++; j.rows > 1 {
		j.text.WriteByte(',')
	}
	j.text.WriteString("\n")
	j.text.Write(encoded)
	return err
}

func (j *jsonText) size() int { return j.text.Len() }

func (j *jsonText) end() (string, error) {
	j.text.WriteString("\n]}\n")
	return j.text.String(), nil
}
