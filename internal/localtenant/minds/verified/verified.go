// Package verified is the mind that answers from a semantic data model: it finds
// the verified query a question asks for, runs its SQL on the real database, and
// shows the numbers. It needs no language model. It guesses nothing: what no
// query answers, it says it cannot answer.
package verified

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sema4mcp/internal/localtenant/minds"
	"sema4mcp/internal/localtenant/thread"
)

// Architecture is the architecture_name of agents with this mind.
const Architecture = "verified-queries"

// Mind is a [minds.Mind].
type Mind struct {
	models func(ctx context.Context, agentID string) ([]Model, error)
	query  QueryFunc
}

// NewMind makes a mind that answers from the models of an agent, over the data
// connections that query reaches.
func NewMind(models func(ctx context.Context, agentID string) ([]Model, error), query QueryFunc) *Mind {
	return &Mind{models: models, query: query}
}

// Answer answers one question. A question that gives nothing but values, such as
// "and in 2024?", is taken to ask the last answered question again with them.
func (mind *Mind) Answer(ctx context.Context, turn minds.Turn, out minds.Emitter) error {
	models, err := mind.models(ctx, turn.Agent.ID)
	if err != nil {
		return err
	}
	now := time.Now()
	for _, model := range models {
		k := newKnowledge(model, now)
		m, ok, err := k.understand(ctx, turn, now)
		if err != nil {
			return err
		}
		if ok {
			return mind.answerFrom(ctx, k.model, m, out)
		}
	}
	out.Think("No verified query is like this question. I will not guess.")
	return speak(ctx, out, refusal(models))
}

// understand matches the question, or for a follow-up the last question that has
// words of its own.
func (k *knowledge) understand(ctx context.Context, turn minds.Turn, now time.Time) (match, bool, error) {
	question := k.analyse(turn.Message, now)
	if !question.isFollowUp() {
		m, ok := k.find(question)
		return m, ok, nil
	}
	history, err := turn.History(ctx)
	if err != nil {
		return match{}, false, err
	}
	for _, message := range slices.Backward(history) {
		if message.Role != thread.RoleUser {
			continue
		}
		earlier := k.analyse(message.Text(), now)
		if earlier.isFollowUp() {
			continue
		}
		m, ok := k.find(earlier.with(question.entities))
		return m, ok, nil
	}
	return match{}, false, nil
}

// answerFrom runs the query and shows what it gives.
func (mind *Mind) answerFrom(ctx context.Context, model Model, m match, out minds.Emitter) error {
	out.Think(fmt.Sprintf("This asks for the verified query %q of the model %q.%s", m.query.Name, model.Name, assumptions(m)))
	if err := minds.Pause(ctx, stepPause); err != nil {
		return err
	}
	r, err := mind.call(ctx, model, m, out)
	if err != nil {
		return err
	}
	if len(r.Rows) == 0 {
		return speak(ctx, out, "The query ran and found nothing: no rows answer “"+m.query.NLQ+"”"+valuesInWords(m)+".")
	}
	keep(m, r, out)
	if spec, ok := chart(m, r); ok {
		out.Chart(spec)
	}
	return speak(ctx, out, summary(m, r)+assumptions(m)+"\n\n"+table(r))
}

// call runs the SQL as a tool call.
func (mind *Mind) call(ctx context.Context, model Model, m match, out minds.Emitter) (Result, error) {
	call := out.Call("query_semantic_data_model", object(map[string]any{
		"semantic_data_model": model.Name, "verified_query": m.query.Name, "sql_query": m.query.SQL, "parameters": m.values,
	}))
	call.Start()
	connection := model.Tables[0].BaseTable.DataConnectionID
	r, err := mind.run(ctx, connection, m)
	if err != nil {
		call.Fail("The query failed.")
		if errors.Is(err, ErrNoConnection) {
			return Result{}, &minds.Failure{Code: "bad_request", Message: fmt.Sprintf("The model %q is on the data connection %q, which does not exist.", model.Name, connection)}
		}
		return Result{}, err
	}
	call.Finish(object(map[string]any{"columns": r.Columns, "rows": append([][]any{}, r.Rows...)}))
	return r, nil
}

// keep leaves the result in the conversation as a tool call of its own.
func keep(m match, r Result, out minds.Emitter) {
	call := out.Call("create_data_frame", object(map[string]any{"name": m.query.Name, "columns": r.Columns}))
	call.Start()
	out.Keep(thread.DataFrame{
		Name: m.query.Name, SQLQuery: m.query.SQL, SQLDialect: r.Dialect, Columns: r.Columns, Rows: r.Rows,
	})
	call.Finish(object(map[string]any{"name": m.query.Name, "num_rows": len(r.Rows), "num_columns": len(r.Columns)}))
}

// object encodes arguments and results of tool calls, which are made of texts
// and numbers.
func object(fields map[string]any) string {
	data, err := json.Marshal(fields)
	if err != nil {
		panic("verified: " + err.Error())
	}
	return string(data)
}

func refusal(models []Model) string {
	if len(models) == 0 {
		return "I have no semantic data model to answer from. Attach one to this agent."
	}
	var out strings.Builder
	out.WriteString("I have no verified query for that, so I would be guessing. I can answer these:\n\n")
	for _, model := range models {
		for _, query := range model.VerifiedQueries {
			out.WriteString("- " + query.NLQ + "\n")
		}
	}
	return out.String()
}
