// Package checks is the mind that checks a payload against databases: its runbook
// says which fields the payload has and which queries to run with them. Every row
// that a query gives is a finding. Without findings it says what it has checked;
// with findings it gives each with its reason and asks the user to decide.
//
// A runbook is Markdown with sections, in any order; all else in it is for people:
//
//	## Data connections
//	- purchasing: 5a1e0000-0000-4000-8000-0000000000d2
//
//	## Payload
//	- po_number (text): the number of the purchase order
//	- amount (money): the total of the invoice
//
//	## Check: The purchase order exists
//	```sql purchasing
//	SELECT :po_number AS po_number
//	WHERE NOT EXISTS (SELECT 1 FROM purchase_orders WHERE number = :po_number)
//	```
//	Finding: There is no purchase order {{po_number}}.
//
// Every field of the payload is required, and a named parameter of every query. A
// field is text, integer, date (as 2026-03-31) or money (a decimal number, which
// the queries get in whole cents). The finding may name columns of the row.
//
// The payload is the newest JSON object that the user sent, alone or after other
// words. A user decides, in a message that comes after the question and after the
// payload, with approve or accept, reject or decline, in any form of these words;
// whatever else the message says is the reason. A question, a denied word ("do not
// approve") and a message with both kinds of words decide nothing: what is not
// plain is asked again.
package checks

import (
	"context"
	"encoding/json"
	"time"

	"sema4mcp/internal/localtenant/minds"
	"sema4mcp/internal/localtenant/thread"
)

// Architecture is the architecture_name of agents with this mind.
const Architecture = "payload-checks"

// askTimeout is how long the user is told to have for an answer.
const askTimeout = 24 * time.Hour

// Databases runs queries on data connections.
type Databases interface {
	// Query runs SQL whose parameters are written as :name. Values are int64,
	// float64, string or nil.
	Query(ctx context.Context, connectionID, sql string, named map[string]any) (columns []string, rows [][]any, err error)
}

// Mind is a [minds.Mind].
type Mind struct{ databases Databases }

// NewMind makes a mind that queries these databases.
func NewMind(databases Databases) *Mind { return &Mind{databases} }

// Answer checks the payload, or records what the user has decided about it. A
// runbook that does not parse, and a query that does not run, are a
// [minds.Failure].
func (mind *Mind) Answer(ctx context.Context, turn minds.Turn, out minds.Emitter) error {
	book, err := Parse(turn.Agent.Runbook)
	if err != nil {
		return &minds.Failure{Code: "bad_request", Message: "The runbook cannot be followed: " + err.Error()}
	}
	history, err := turn.History(ctx)
	if err != nil {
		return err
	}
	c := read(history, turn.Message)
	if c.decision != nil {
		record(*c.decision, out)
		return nil
	}
	values, faults := book.bind(c.payload)
	if len(faults) > 0 {
		out.Think("I cannot check this: the payload is not complete.")
		out.Ask(payloadQuestion(book, c.payload != nil, faults), askTimeout)
		return nil
	}
	findings, err := mind.check(ctx, book, values, out)
	if err != nil {
		return err
	}
	keep(findings, out)
	if len(findings) == 0 {
		out.Text(allClear(book))
		return nil
	}
	out.Text(listed(findings))
	out.Ask(decisionQuestion, askTimeout)
	return nil
}

// check runs every check, each as a tool call.
func (mind *Mind) check(ctx context.Context, book Runbook, values map[string]any, out minds.Emitter) ([]finding, error) {
	var findings []finding
	for _, check := range book.Checks {
		call := out.Call("run_check", object(map[string]any{
			"check": check.Title, "data_connection": check.Connection, "sql_query": check.SQL, "parameters": values,
		}))
		call.Start()
		columns, rows, err := mind.databases.Query(ctx, book.Connections[check.Connection], check.SQL, values)
		if err != nil {
			call.Fail("The query failed.")
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return nil, &minds.Failure{Code: "bad_request", Message: "The check “" + check.Title + "” cannot be run: " + err.Error()}
		}
		call.Finish(object(map[string]any{"columns": columns, "rows": append([][]any{}, rows...)}))
		for _, row := range rows {
			findings = append(findings, finding{check.Title, check.describe(columns, row)})
		}
	}
	return findings, nil
}

// keep leaves the findings in the conversation, none as well: an earlier frame
// would speak of an earlier payload.
func keep(findings []finding, out minds.Emitter) {
	frame := thread.DataFrame{Name: "findings", Columns: []string{"check", "finding"}, Rows: [][]any{}}
	for _, f := range findings {
		frame.Rows = append(frame.Rows, []any{f.check, f.text})
	}
	out.Keep(frame)
}

// record leaves the user's decision in the conversation.
func record(d decision, out minds.Emitter) {
	call := out.Call("record_decision", object(map[string]any{"decision": d.verdict, "reason": d.reason}))
	call.Start()
	out.Keep(thread.DataFrame{Name: "decision", Columns: []string{"decision", "reason"}, Rows: [][]any{{d.verdict, d.reason}}})
	call.Finish(object(map[string]any{"recorded": true}))
	out.Text(recorded(d))
}

// object encodes arguments and results of tool calls, which are made of texts
// and numbers.
func object(fields map[string]any) string {
	data, err := json.Marshal(fields)
	if err != nil {
		panic("checks: " + err.Error())
	}
	return string(data)
}
