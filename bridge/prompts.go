package bridge

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"sema4mcp/restclient"
)

// prompt is one MCP prompt before it is offered: hosts show it to people as a
// command, and what it writes goes to the host's model.
type prompt struct {
	name        string
	title       string
	description string
	inputs      []input
	scope       scope // of its completions
	write       func(context.Context, arguments) ([]mcp.PromptMessage, error)
}

// The arguments of prompts.
var (
	promptAgentInput  = input{name: agentInput.name, required: true, description: "The agent: its name or its id."}
	questionInput     = input{name: "question", required: true, description: "What to tell or ask the agent."}
	newThreadInput    = input{name: "thread", description: "The conversation to go on with. Left out, a new one is begun."}
	knownThreadInput  = input{name: "thread", required: true, description: "The conversation to go on with."}
	nextQuestionInput = input{name: questionInput.name, description: "What to tell or ask the agent next. Left out, the conversation is only read."}
)

// promptInputs puts the agent in front where there is a choice.
func (s scope) promptInputs(others ...input) []input {
	if s.agent != nil {
		return others
	}
	return append([]input{promptAgentInput}, others...)
}

// agentPrompts are those of an agent's own server.
func (t *Tenant) agentPrompts(s scope, name string) []prompt {
	if t.config.ReadOnly {
		return nil
	}
	return []prompt{s.askPrompt("ask_" + name), s.continuePrompt("continue_" + name + "_thread")}
}

// tenantPrompts are those of all agents together, and one for each that has a
// tool of its own.
func (t *Tenant) tenantPrompts(agents []restclient.Agent) []prompt {
	if t.config.ReadOnly {
		return nil
	}
	s := t.scope()
	prompts := []prompt{s.askPrompt(askAnyPrompt), s.continuePrompt("continue_thread")}
	names := agentNames(agents)
	for _, each := range s.each(agents) {
		prompts = append(prompts, each.askPrompt(askPromptName(*each.agent, names[each.agent.ID])))
	}
	return prompts
}

func (s scope) askPrompt(name string) prompt {
	p := prompt{name: name, title: "Ask an agent", description: "Ask a Sema4.ai agent something.",
		inputs: s.promptInputs(questionInput, newThreadInput), scope: s, write: s.ask}
	if s.agent != nil {
		p.title = "Ask " + cut(oneLine(s.agent.Name), 60)
		p.description = strings.TrimSpace(fmt.Sprintf("Ask the Sema4.ai agent %s something. %s", quoted(s.agent.Name), about(*s.agent)))
	}
	return p
}

func (s scope) continuePrompt(name string) prompt {
	return prompt{name: name, title: s.titled("Continue a thread"), description: "Go on with a conversation" + s.withAgent() + ".",
		inputs: s.promptInputs(knownThreadInput, nextQuestionInput), scope: s, write: s.goOn}
}

const waitAdvice = "If the agent is not done in time, wait with get_run as the result says; do not send the message again."

// ask writes what makes a model send the message, once, and to which thread.
func (s scope) ask(ctx context.Context, args arguments) ([]mcp.PromptMessage, error) {
	agent, err := s.addressee(ctx, args)
	if err != nil {
		return nil, err
	}
	question, thread := args.text(questionInput.name), args.text(newThreadInput.name)
	if isUUID(thread) {
		found, err := s.namedThread(ctx, agent.ID, thread)
		if err != nil {
			return nil, err
		}
		thread = found.Name
	}
	if thread == "" {
		thread = threadNameFor(question)
	}
	return userSays(paragraphs(
		fmt.Sprintf("Ask the Sema4.ai agent %s the following, and show me its answer:", quoted(agent.Name)),
		question,
		fmt.Sprintf("Call the tool %s with %sthread_identifier %q, and as message what I wrote above, word for word. %s", s.replyTool, s.agentArgument(agent.ID), thread, waitAdvice),
	)), nil
}

// goOn writes what makes a model read a thread first.
func (s scope) goOn(ctx context.Context, args arguments) ([]mcp.PromptMessage, error) {
	agent, err := s.addressee(ctx, args)
	if err != nil {
		return nil, err
	}
	thread, err := s.namedThread(ctx, agent.ID, args.text(knownThreadInput.name))
	if err != nil {
		return nil, err
	}
	send := fmt.Sprintf("the tool %s with %sthread_identifier %q", s.replyTool, s.agentArgument(agent.ID), thread.Name)
	next := fmt.Sprintf("Then tell me in short where it stands. What I want to tell the agent after that goes to it by %s.", send)
	if question := args.text(questionInput.name); question != "" {
		next = fmt.Sprintf("Then call %s, and as message what follows, word for word, and show me the answer. %s\n\n%s", send, waitAdvice, question)
	}
	messages := userSays(paragraphs(
		fmt.Sprintf("Let us go on with the conversation %s with the Sema4.ai agent %s.", quoted(thread.Name), quoted(agent.Name)),
		fmt.Sprintf("First read it: call the tool %s with %s.", s.threadTool, s.threadArguments(agent.ID, thread.ID)),
		next,
	))
	if knowsLinks(ctx) {
		link := mcp.NewResourceLink(threadURI(agent.ID, thread.ID), shortName(thread.Name), "The conversation so far.", markdownType)
		messages = append(messages, mcp.NewPromptMessage(mcp.RoleUser, link))
	}
	return messages, nil
}

// namedThread finds a thread that a message can go to: tools know threads by their
// names.
func (s scope) namedThread(ctx context.Context, agentID, wanted string) (restclient.Conversation, error) {
	thread, err := s.findThread(ctx, agentID, wanted)
	if err == nil && strings.TrimSpace(thread.Name) == "" {
		err = &failure{what: "The thread has no name, by which it could be gone on with.", next: "Go on with it in the Sema4.ai application."}
	}
	return thread, err
}

// agentArgument is the argument that names the agent to a tool for all of them.
func (s scope) agentArgument(agentID string) string {
	if s.agent != nil {
		return ""
	}
	return fmt.Sprintf("agent %q, ", agentID)
}

func userSays(text string) []mcp.PromptMessage {
	return []mcp.PromptMessage{mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent(text))}
}

// serverPrompt is the prompt as mcp-go offers it. One that panics is answered by
// its exchange.
func (p prompt) serverPrompt(budget time.Duration) server.ServerPrompt {
	return server.ServerPrompt{Prompt: p.listed(), Handler: func(ctx context.Context, request mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		ctx, cancel := context.WithTimeoutCause(ctx, budget, errOverBudget)
		defer cancel()
		args, err := p.arguments(request.Params.Arguments)
		if err != nil {
			return nil, err
		}
		messages, err := p.write(ctx, args)
		if err != nil {
			return nil, overBudget(ctx, err)
		}
		return &mcp.GetPromptResult{Description: p.description, Messages: messages}, nil
	}}
}

// listed is the prompt as hosts see it.
func (p prompt) listed() mcp.Prompt {
	listed := mcp.NewPrompt(p.name, mcp.WithPromptTitle(p.title), mcp.WithPromptDescription(p.description))
	for _, in := range p.inputs {
		listed.Arguments = append(listed.Arguments, mcp.PromptArgument{Name: in.name, Description: in.description, Required: in.required})
	}
	return listed
}

// arguments checks what was passed, as parseArguments does for tools. The error
// names every fault.
func (p prompt) arguments(given map[string]string) (arguments, error) {
	args := make(arguments)
	var faults []string
	for _, in := range p.inputs {
		text := strings.TrimSpace(given[in.name])
		if text == "" && in.required {
			faults = append(faults, in.name+" is missing")
		}
		args[in.name] = text
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if _, known := args[name]; !known {
			faults = append(faults, fmt.Sprintf("there is no argument %q", name))
		}
	}
	if len(faults) > 0 {
		return nil, badArguments(p.inputs, faults)
	}
	return args, nil
}

// errNoPrompt is for a name that is no prompt's.
var errNoPrompt = &failure{what: "There is no such prompt here.", next: "See prompts/list for those there are."}

// promptsAtOnce is how many prompts a page of the list has.
const promptsAtOnce = 100

// promptPage is the page that begins behind the prompt that the cursor names, in
// base64 as mcp-go looks into it, and the cursor of the next.
func promptPage(prompts []prompt, cursor string) (page []mcp.Prompt, next string, err error) {
	from := 0
	if cursor != "" {
		name, err := base64.StdEncoding.DecodeString(cursor)
		from = 1 + slices.IndexFunc(prompts, func(p prompt) bool { return p.name == string(name) })
		if err != nil || from == 0 {
			return nil, "", errBadCursor
		}
	}
	to := min(from+promptsAtOnce, len(prompts))
	page = make([]mcp.Prompt, 0, to-from)
	for _, p := range prompts[from:to] {
		page = append(page, p.listed())
	}
	if to < len(prompts) {
		next = base64.StdEncoding.EncodeToString([]byte(prompts[to-1].name))
	}
	return page, next, nil
}
