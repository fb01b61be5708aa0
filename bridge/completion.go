package bridge

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

// blank is an argument of a prompt, or a variable of a template, that is being
// filled in.
type blank struct {
	name     string
	typed    string            // so far
	others   map[string]string // what was filled in before
	template string            // which the variable is of; "" for a prompt's argument
}

// suggester finds what fits into a blank.
type suggester func(context.Context, blank) (suggestions, error)

// suggestions are what a blank may be filled with, the likeliest first.
type suggestions struct {
	values []suggestion
	more   bool // that were not looked at
}

// suggestion is a value, and what else people may type to find it. Nobody types
// the midst of an id.
type suggestion struct {
	value string
	also  []string
	id    string
}

// maxSuggested is how many values the protocol has in an answer.
const maxSuggested = 100

// suggestWithin bounds the time of a completion: the user types on.
const suggestWithin = 5 * time.Second

// CompletePromptArgument is completion/complete for an argument of a prompt. A
// name that is not one of the server's is an error.
func (e extras) CompletePromptArgument(ctx context.Context, name string, argument mcp.CompleteArgument, before mcp.CompleteContext) (*mcp.Completion, error) {
	i := slices.IndexFunc(e.prompts, func(p prompt) bool { return p.name == name })
	if i < 0 {
		return nil, errNoPrompt
	}
	p := e.prompts[i]
	if !slices.ContainsFunc(p.inputs, func(in input) bool { return in.name == argument.Name }) {
		return nil, badArguments(p.inputs, []string{"there is no argument " + quoted(argument.Name)})
	}
	return complete(ctx, p.scope.suggest, blank{name: argument.Name, typed: argument.Value, others: before.Arguments})
}

// CompleteResourceArgument is completion/complete for a variable of a template.
// The URI is the template's.
func (e extras) CompleteResourceArgument(ctx context.Context, uri string, argument mcp.CompleteArgument, before mcp.CompleteContext) (*mcp.Completion, error) {
	i := slices.IndexFunc(resourceTemplates(), func(t mcp.ResourceTemplate) bool { return t.URITemplate.Raw() == uri })
	if i < 0 {
		return nil, &failure{what: "There is no such resource template here.", next: "Pass as uri a uriTemplate of resources/templates/list, as it stands there."}
	}
	if variables := resourceTemplates()[i].URITemplate.Varnames(); !slices.Contains(variables, argument.Name) {
		return nil, &failure{what: "The template has no variable " + quoted(argument.Name) + ".", next: "It has: " + strings.Join(variables, ", ") + "."}
	}
	return complete(ctx, e.suggest, blank{name: argument.Name, typed: argument.Value, others: before.Arguments, template: uri})
}

// complete answers with nothing, rather than an error, where the tenant takes too
// long.
func complete(ctx context.Context, suggest suggester, b blank) (*mcp.Completion, error) {
	ctx, cancel := context.WithTimeout(ctx, suggestWithin)
	defer cancel()
	found, err := suggest(ctx, b)
	if errors.Is(err, context.DeadlineExceeded) {
		return &mcp.Completion{HasMore: true}, nil
	}
	if err != nil {
		return nil, err
	}
	fitting := found.fitting(b.typed)
	shown := &mcp.Completion{Values: fitting[:min(len(fitting), maxSuggested)], HasMore: found.more || len(fitting) > maxSuggested}
	if !found.more { // else nobody knows
		shown.Total = len(fitting)
	}
	return shown, nil
}

// fitting are the values that begin with what was typed, then those that hold it;
// among each, those for which that is true of the value itself come first.
func (s suggestions) fitting(typed string) []string {
	typed = strings.ToLower(strings.TrimSpace(typed))
	ranked := make([][]string, 4)
	for _, each := range s.values {
		best := len(ranked)
		for i, text := range append([]string{each.value, each.id}, each.also...) {
			switch lower := strings.ToLower(text); {
			case text != "" && strings.HasPrefix(lower, typed):
				best = min(best, min(i, 1))
			case text != each.id && strings.Contains(lower, typed):
				best = min(best, 2+min(i, 1))
			}
		}
		if best < len(ranked) {
			ranked[best] = append(ranked[best], each.value)
		}
	}
	return slices.Concat(ranked...)
}
