package bridge

import (
	"context"
	"fmt"
	"strconv"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/bridge/run"
)

var runIDInput = input{name: "run_id", required: true, description: "The run_id that an earlier result gave."}

func (s scope) getRunTool() tool {
	return tool{
		name:  "get_run",
		title: "Wait for an answer",
		description: "Get the answer of a run, waiting for it if the agent is still working. Works with any run_id of this workspace, " +
			"also after a restart. A long answer comes in parts: pass the cursor of the last part for the next.",
		inputs:    []input{runIDInput, waitInput, {name: "cursor", description: "Where to go on in a long answer, as the last part said."}},
		hints:     reads,
		untouched: runUntouched,
		asTask:    true,
		call:      s.getRun,
		resume:    s.resumeRun,
	}
}

func (s scope) getRun(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	start, err := cursorOf(args)
	if err != nil {
		return nil, err
	}
	id, name, err := s.runID(ctx, args)
	if err != nil {
		return nil, err
	}
	r, err := s.tenant.runs.Find(ctx, id, name)
	if err != nil {
		return nil, gone(err, "conversation")
	}
	return s.awaitResult(ctx, r, args, start)
}

// cursorOf is where in a long text a call wants to begin.
func cursorOf(args arguments) (int, error) {
	cursor := args.text("cursor")
	if cursor == "" {
		return 0, nil
	}
	start, err := strconv.ParseUint(cursor, 10, 31)
	if err != nil {
		return 0, &failure{what: "The cursor is not one of ours.", next: "Pass the cursor as the last part gave it, or leave it out to begin at the start."}
	}
	return int(start), nil
}

func (s scope) cancelRunTool() tool {
	return tool{
		name:        "cancel_run",
		title:       "Stop an agent",
		description: "Stop the agent that is working on a run. What it has written so far is kept in the thread.",
		inputs:      []input{runIDInput},
		hints:       cancels,
		untouched:   runUntouched,
		call:        s.cancelRun,
	}
}

func (s scope) cancelRun(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	id, name, err := s.runID(ctx, args)
	if err != nil {
		return nil, err
	}
	r, err := s.tenant.runs.Cancel(ctx, id, name)
	if err != nil {
		return nil, gone(err, "conversation")
	}
	return statusResult(struct {
		RunID string    `json:"run_id"`
		State run.State `json:"state"`
	}{id.String(), r.Report().State})
}

// gone says what became of a run whose conversation or agent is not there any
// more: nothing but the conversation keeps an answer.
func gone(err error, what string) error {
	if !isNotFound(err) {
		return err
	}
	return &failure{what: fmt.Sprintf("The %s of this run is gone: it was deleted since.", what), ran: "The answer went with it, and cannot be had again.",
		next: "To have another answer, ask an agent in a new thread."}
}

// runID is the run that a call is about and the name of its agent.
func (s scope) runID(ctx context.Context, args arguments) (run.ID, string, error) {
	return s.runOf(ctx, args.text(runIDInput.name))
}

// runOf reads a run_id. A run of another agent than the server's is refused.
func (s scope) runOf(ctx context.Context, text string) (run.ID, string, error) {
	id, err := run.ParseID(text)
	if err != nil {
		return run.ID{}, "", err
	}
	if !s.tenant.runs.Owns(id) {
		return run.ID{}, "", errOthersRun
	}
	if s.agent == nil {
		agent, err := s.tenant.catalogue.agent(ctx, id.AgentID)
		return id, agent.Name, gone(err, "agent")
	}
	if id.AgentID != s.agent.ID {
		return run.ID{}, "", errForeignRun
	}
	return id, s.agent.Name, nil
}

// errOthersRun refuses a run of another user of the same API key.
var errOthersRun error = &failure{what: "This run belongs to another user.", next: "Ask the agent yourself, or read the thread's messages."}

// errForeignRun refuses a run of another agent than the server's.
var errForeignRun error = &failure{what: "This run belongs to another agent.", next: "Use the get_run tool of the server that began it."}
