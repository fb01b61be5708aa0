package checks_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sema4mcp/internal/localtenant/minds"
	"sema4mcp/internal/localtenant/minds/checks"
	"sema4mcp/internal/localtenant/thread"
)

const runbook = "# Stock\n\nprose: with (words)\n\n## Data connections\n\n- stock: d1\n\n## Payload\n\n" +
	"- item (text): the article\n- pieces (integer): how many\n- price (money): of one\n- due (date): when\n\nmore prose\n\n" +
	"## Check: It is in stock\n\nThe shelf counts.\n\n```sql stock\nSELECT name,\n\tleft\nFROM shelf\n```\n\nfinding: Of {{name}} there are {{ left }}, not {{more}}.\n\n" +
	"### check: second\n\n```sql stock\nSELECT 2\n```\nFinding: Two.\n"

// databases answers with rows by the query.
type databases struct {
	asked []string
	rows  map[string][][]any
	err   error
}

func (d *databases) Query(_ context.Context, connectionID, sql string, named map[string]any) ([]string, [][]any, error) {
	d.asked = append(d.asked, fmt.Sprint(connectionID, " ", sql, " ", named))
	return []string{"name", "left"}, d.rows[sql], d.err
}

// notes is an emitter that writes down what it is told.
type notes struct{ lines []string }

func (n *notes) note(format string, arguments ...any) {
	n.lines = append(n.lines, fmt.Sprintf(format, arguments...))
}
func (n *notes) Think(thought string)          { n.note("think %s", thought) }
func (n *notes) Text(piece string)             { n.note("say %s", piece) }
func (n *notes) Chart(string)                  { n.note("chart") }
func (n *notes) Attach(thread.Attachment)      { n.note("attach") }
func (n *notes) Keep(f thread.DataFrame)       { n.note("keep %s %v", f.Name, f.Rows) }
func (n *notes) Ask(q string, _ time.Duration) { n.note("ask %s", q) }
func (n *notes) NextMessage()                  { n.note("next") }
func (n *notes) Cut()                          { n.note("cut") }
func (n *notes) Call(name, arguments string) minds.Call {
	n.note("call %s", name)
	return noted{n}
}

func (n *notes) CallMCP(name, arguments string) minds.Call { return n.Call(name, arguments) }

type noted struct{ *notes }

func (noted) Start()                 {}
func (n noted) Finish(result string) { n.note("finish %s", result) }
func (n noted) Fail(message string)  { n.note("fail %s", message) }

const good = `{"item":" Pen ","pieces":3,"price":"1.5","due":"2026-03-31"}`

func answer(d *databases, book, message string, history ...thread.Message) (*notes, error) {
	out := &notes{}
	err := checks.NewMind(d).Answer(context.Background(), minds.Turn{
		Agent: minds.Agent{Runbook: book}, Message: message,
		History: func(context.Context) ([]thread.Message, error) { return history, nil },
	}, out)
	return out, err
}

func TestChecks(t *testing.T) {
	d := &databases{}
	out, err := answer(d, runbook, good)
	if err != nil {
		t.Fatal(err)
	}
	const named = " map[due:2026-03-31 item:Pen pieces:3 price:150]"
	if want := []string{"d1 SELECT name,\n\tleft\nFROM shelf" + named, "d1 SELECT 2" + named}; !slices.Equal(d.asked, want) {
		t.Errorf("asked %q, want %q", d.asked, want)
	}
	want := []string{
		"call run_check", `finish {"columns":["name","left"],"rows":[]}`, "call run_check", `finish {"columns":["name","left"],"rows":[]}`,
		"keep findings []", "say I found nothing against it. I have checked:\n\n- It is in stock\n- second\n",
	}
	if !slices.Equal(out.lines, want) {
		t.Errorf("said %q, want %q", out.lines, want)
	}
	d = &databases{rows: map[string][][]any{"SELECT name,\n\tleft\nFROM shelf": {{"Pen", nil}, {"Ink", int64(2)}}}}
	if out, err = answer(d, runbook, good); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"keep findings [[It is in stock Of Pen there are nothing, not {{more}}.] [It is in stock Of Ink there are 2, not {{more}}.]]",
		"say I cannot pass this; 2 things speak against it:\n\n- Of Pen there are nothing, not {{more}}. (It is in stock)\n- Of Ink there are 2, not {{more}}. (It is in stock)\n",
	} {
		if !slices.Contains(out.lines, line) {
			t.Errorf("%q is not in %q", line, out.lines)
		}
	}
	if last := out.lines[len(out.lines)-1]; !strings.HasPrefix(last, "ask Please decide") {
		t.Errorf("last %q", last)
	}
}

func TestPayloads(t *testing.T) {
	for payload, says := range map[string]string{
		`{"item":7,"pieces":"3","price":-1.50,"due":"2026-12-31"}`:                "say I found nothing",
		`say {"a": or {x} then ` + good + ` and {"item":1}`:                       "say I found nothing",
		strings.Repeat("{", 99) + good:                                            "say I found nothing",
		strings.Repeat("{", 100) + good:                                           "ask Please send a JSON object",
		`["x"]`:                                                                   "ask Please send a JSON object with these fields:\n\n- `item` (text): the article\n",
		`{"item":true,"pieces":3.5,"price":"1.234","due":"31.3.2026"}`:            "- `item` must be a text\n- `pieces` must be a whole number\n- `price` must be an amount such as 1250.00, with at most two decimals\n- `due` must be a date such as 2026-03-31\n",
		`{"item":"","pieces":99999999999999999999,"price":1e3,"due":{}}`:          "- `item` is missing: the article\n- `pieces` must be a whole number\n- `price` must be an amount",
		`{"item":"x","pieces":1,"price":"999999999999999.99","due":"2026-02-30"}`: "cannot be checked:\n\n- `due` must be a date",
		`{"item":"x","pieces":1,"price":"9999999999999999","due":"2026-02-28"}`:   "- `price` must be an amount",
	} {
		out, err := answer(&databases{}, runbook, payload)
		if err != nil {
			t.Fatal(err)
		}
		if last := out.lines[len(out.lines)-1]; !strings.Contains(last, says) {
			t.Errorf("%s: %q does not say %q", payload, last, says)
		}
	}
}

func TestRunbooksThatCannotBeFollowed(t *testing.T) {
	for says, change := range map[string][2]string{
		"line 7: write a data connection as - name: id":              {"- stock: d1", "- stock"},
		"line 11: write a field as - name (text)":                    {"(text)", ""},
		`no field is of the kind "number"`:                           {"(integer)", "(number)"},
		"it has no fields":                                           {"## Payload", "## Other"},
		"it has no checks":                                           {"heck: ", "heck "},
		`the check "second" has no SQL`:                              {"SELECT 2", " "},
		`is on the data connection "stock"`:                          {"- stock: d1", ""},
		`is on the data connection ""`:                               {"```sql stock", "```sql"},
		"the check \"It is in stock\" does not say what a row means": {"finding: ", "found: "},
		"the last SQL has no end":                                    {"```\nFinding: Two.", ""},
		"a check has one SQL":                                        {"Finding: Two.", "```sql stock\n"},
	} {
		_, err := answer(&databases{}, strings.ReplaceAll(runbook, change[0], change[1]), good)
		var failure *minds.Failure
		if !errors.As(err, &failure) || !strings.Contains(failure.Message, says) {
			t.Errorf("%q for %q: %v", change[1], change[0], err)
		}
	}
}

func TestQueriesThatFail(t *testing.T) {
	out, err := answer(&databases{err: errors.New("no such table: shelf")}, runbook, good)
	var failure *minds.Failure
	if !errors.As(err, &failure) || failure.Message != "The check “It is in stock” cannot be run: no such table: shelf" {
		t.Errorf("%v", err)
	}
	if !slices.Contains(out.lines, "fail The query failed.") {
		t.Errorf("said %q", out.lines)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err = checks.NewMind(&databases{err: context.Canceled}).Answer(ctx, minds.Turn{
		Agent: minds.Agent{Runbook: runbook}, Message: good,
		History: func(context.Context) ([]thread.Message, error) { return nil, nil },
	}, &notes{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	broken := errors.New("broken")
	err = checks.NewMind(&databases{}).Answer(ctx, minds.Turn{
		Agent:   minds.Agent{Runbook: runbook},
		History: func(context.Context) ([]thread.Message, error) { return nil, broken },
	}, &notes{})
	if !errors.Is(err, broken) {
		t.Errorf("a history that cannot be read: %v", err)
	}
}

func TestDecisions(t *testing.T) {
	const question = "x\n\nPlease decide: write “approve” or “reject”, with your reason."
	id := func() string { return "id" }
	user := func(text string) thread.Message { return thread.UserMessage("m", "c", text, time.Now()) }
	agent := func(text string) thread.Message {
		return thread.TextMessage(thread.RoleAgent, []string{text}, id, time.Now())
	}
	for name, test := range map[string]struct {
		history []thread.Message
		message string
		want    string
	}{
		"asked":            {[]thread.Message{user(good), agent(question)}, "Approval granted", "approved"},
		"not asked":        {[]thread.Message{user(good)}, "approve", ""},
		"asked again":      {[]thread.Message{user(good), agent(question), user("approve"), agent(question)}, "so?", ""},
		"thanks":           {[]thread.Message{user(good), agent(question), user("declining, sorry")}, "thanks", "rejected"},
		"changed":          {[]thread.Message{user(good), agent(question), user("approve")}, "Reject it after all", "rejected"},
		"other payload":    {[]thread.Message{user(good), agent(question), user("approve")}, good, ""},
		"denied":           {[]thread.Message{user(good), agent(question)}, "I wouldn't accept that", ""},
		"both":             {[]thread.Message{user(good), agent(question)}, "Accept or decline", ""},
		"denied elsewhere": {[]thread.Message{user(good), agent(question)}, "Not late. Accept.", "approved"},
	} {
		out, err := answer(&databases{}, runbook, test.message, test.history...)
		if err != nil {
			t.Fatal(err)
		}
		last := out.lines[len(out.lines)-1]
		if got := strings.HasPrefix(last, "say Recorded: "+test.want+" by the user."); got != (test.want != "") {
			t.Errorf("%s: %q", name, last)
		}
	}
	out, err := answer(&databases{}, runbook, "Approve.\nSeen.", user(good), agent(question))
	want := []string{
		"call record_decision", "keep decision [[approved Approve.\nSeen.]]", `finish {"recorded":true}`, "say Recorded: approved by the user.\n\n> Approve.\n> Seen.",
	}
	if err != nil || !slices.Equal(out.lines, want) {
		t.Errorf("said %q, %v; want %q", out.lines, err, want)
	}
}
