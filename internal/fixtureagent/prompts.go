package fixtureagent

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"sema4mcp/bridge/exchange"
)

func prompts() []server.ServerPrompt {
	return []server.ServerPrompt{
		{Prompt: mcp.NewPrompt("test_simple_prompt", mcp.WithPromptDescription("A prompt without arguments.")),
			Handler: func(context.Context, mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
				return said(mcp.NewTextContent("This is a simple prompt for testing.")), nil
			}},
		{Prompt: mcp.NewPrompt("test_prompt_with_arguments", mcp.WithPromptDescription("A prompt that repeats its arguments."),
			mcp.WithArgument("arg1", mcp.ArgumentDescription("The first."), mcp.RequiredArgument()),
			mcp.WithArgument("arg2", mcp.ArgumentDescription("The second."), mcp.RequiredArgument())),
			Handler: func(_ context.Context, request mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
				arguments := request.Params.Arguments
				return said(mcp.NewTextContent(fmt.Sprintf("Prompt with arguments: arg1='%s', arg2='%s'", arguments["arg1"], arguments["arg2"]))), nil
			}},
		{Prompt: mcp.NewPrompt("test_prompt_with_embedded_resource", mcp.WithPromptDescription("A prompt with a resource in it."),
			mcp.WithArgument("resourceUri", mcp.ArgumentDescription("The URI of the resource."), mcp.RequiredArgument())),
			Handler: func(_ context.Context, request mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
				return said(
					mcp.NewEmbeddedResource(mcp.TextResourceContents{
						URI: request.Params.Arguments["resourceUri"], MIMEType: "text/plain", Text: "Embedded resource content for testing."}),
					mcp.NewTextContent("Please process the embedded resource above."),
				), nil
			}},
		{Prompt: mcp.NewPrompt("test_prompt_with_image", mcp.WithPromptDescription("A prompt with an image in it.")),
			Handler: func(context.Context, mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
				return said(mcp.NewImageContent(picture, "image/png"), mcp.NewTextContent("Please analyze the image above.")), nil
			}},
	}
}

// said are the messages of a user, one for each content.
func said(contents ...mcp.Content) *mcp.GetPromptResult {
	result := new(mcp.GetPromptResult)
	for _, content := range contents {
		result.Messages = append(result.Messages, mcp.NewPromptMessage(mcp.RoleUser, content))
	}
	return result
}

// askingPrompt asks the user before it is made.
func (a *agent) askingPrompt() server.ServerPrompt {
	ask := play(askFor("user_context", "context", "What context should the prompt use?", "The context is %s."))
	return server.ServerPrompt{
		Prompt: mcp.NewPrompt("test_input_required_result_prompt", mcp.WithPromptDescription("A prompt that asks the user for its context.")),
		Handler: func(ctx context.Context, request mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			r, fault := ask.next(ctx, request.Params.MultiRoundTripParams)
			switch {
			case fault != nil:
				exchange.FromContext(ctx).Refuse(fault)
				return nil, fault
			case len(r.questions) == 0:
				return said(mcp.NewTextContent(r.said)), nil
			}
			return r.builder().PromptResult(), nil
		},
	}
}

// completer knows what the arguments of the prompts may begin with.
type completer struct{}

func (completer) CompletePromptArgument(_ context.Context, _ string, argument mcp.CompleteArgument, _ mcp.CompleteContext) (*mcp.Completion, error) {
	values := slices.DeleteFunc([]string{"paris", "park", "party", "testing"}, func(value string) bool {
		return !strings.HasPrefix(value, argument.Value)
	})
	return &mcp.Completion{Values: values, Total: len(values)}, nil
}
