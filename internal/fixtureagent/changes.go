package fixtureagent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"sema4mcp/bridge/exchange"
)

// changes tells those who listen of changed lists. The zero value is ready, and
// safe for concurrent use.
type changes struct {
	mu        sync.Mutex // guards all below
	count     int
	listeners map[chan string]bool
}

func (c *changes) listen() (changed chan string, stop func()) {
	changed = make(chan string, 16)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.listeners == nil {
		c.listeners = make(map[chan string]bool)
	}
	c.listeners[changed] = true
	return changed, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.listeners, changed)
	}
}

// next counts a change.
func (c *changes) next() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count++
	return c.count
}

// tell leaves out a listener that is far behind.
func (c *changes) tell(notification string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for listener := range c.listeners {
		select {
		case listener <- notification:
		default:
		}
	}
}

// errListened ends mcp-go's part in a request that is answered here.
var errListened = errors.New("the request is answered")

// listen is subscriptions/listen: mcp-go's own neither knows the id that the
// client gave the request nor whom to tell.
func (a *agent) listen(ctx context.Context, _ any, _ any) error {
	x := exchange.FromContext(ctx)
	if x.Request().Method != string(mcp.MethodSubscriptionsListen) {
		return nil
	}
	var params struct {
		Meta struct {
			Capabilities json.RawMessage `json:"io.modelcontextprotocol/clientCapabilities"`
		} `json:"_meta"`
		Notifications mcp.SubscriptionFilter `json:"notifications"`
	}
	if json.Unmarshal(x.Request().Params, &params) != nil || params.Meta.Capabilities == nil {
		return nil // mcp-go says what is wrong with it
	}
	changed, stop := a.changes.listen()
	defer stop()
	wanted := map[string]bool{
		mcp.MethodNotificationToolsListChanged:   params.Notifications.ToolsListChanged,
		mcp.MethodNotificationPromptsListChanged: params.Notifications.PromptsListChanged,
	}
	meta := map[string]any{mcp.MetaKeySubscriptionID: x.Request().ID}
	told := x.Notify(ctx, mcp.MethodNotificationSubscriptionsAcknowledged,
		mcp.NotificationParams{Meta: meta, AdditionalFields: map[string]any{"notifications": params.Notifications}})
	for told == nil {
		select {
		case notification := <-changed:
			if wanted[notification] {
				told = x.Notify(ctx, notification, mcp.NotificationParams{Meta: meta})
			}
		case <-ctx.Done():
			told = ctx.Err()
		}
	}
	x.Answer(map[string]any{"resultType": mcp.ResultTypeComplete, "_meta": meta})
	return errListened
}

// changingTools change a list of the server's.
func (a *agent) changingTools() []server.ServerTool {
	return []server.ServerTool{
		changedTool(0),
		tool("test_trigger_tool_change", "Changes one of the tools.", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			a.mcp.AddTools(changedTool(a.changes.next()))
			a.changes.tell(mcp.MethodNotificationToolsListChanged)
			return mcp.NewToolResultText("A tool has changed."), nil
		}),
		tool("test_trigger_prompt_change", "Changes one of the prompts.", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			a.mcp.AddPrompts(changingPrompt(a.changes.next()))
			a.changes.tell(mcp.MethodNotificationPromptsListChanged)
			return mcp.NewToolResultText("A prompt has changed."), nil
		}),
	}
}

// changedTool tells its changes apart. Its name stays, so that whoever lists the
// tools meanwhile finds the same ones.
func changedTool(change int) server.ServerTool {
	return tool("test_changing_tool", fmt.Sprintf("Has changed %d times.", change), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText(fmt.Sprint(change)), nil
	})
}

func changingPrompt(change int) server.ServerPrompt {
	return server.ServerPrompt{
		Prompt: mcp.NewPrompt("test_changing_prompt", mcp.WithPromptDescription(fmt.Sprintf("Has changed %d times.", change))),
		Handler: func(context.Context, mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			return said(mcp.NewTextContent(fmt.Sprint(change))), nil
		},
	}
}
