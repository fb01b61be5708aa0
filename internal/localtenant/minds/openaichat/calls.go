package openaichat

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/internal/localtenant/minds"
)

const (
	atOnce    = 8       // calls
	maxResult = 100_000 // characters: what a model still reads
)

// step is what happened to a call: it was started, or it ended.
type step struct {
	index  int
	ended  bool
	failed bool
	text   string // the result, or what went wrong
}

// run makes the calls of one reply and gives their results as messages, in the
// order of the calls. Those of a server that forces it follow one another.
func (b *toolbox) run(ctx context.Context, calls []*call, out minds.Emitter) []message {
	told := make([]minds.Call, len(calls))
	for i, c := range calls {
		arguments, _ := c.object()
		if b.tools[c.name].own != nil {
			told[i] = out.Call(c.name, arguments)
		} else {
			told[i] = out.CallMCP(c.name, arguments)
		}
	}
	results := make([]message, len(calls))
	for s := range b.start(ctx, calls) {
		switch {
		case !s.ended:
			told[s.index].Start()
		case s.failed:
			told[s.index].Fail(s.text)
			results[s.index] = toolResult(calls[s.index].id, "Error: "+s.text)
		default:
			told[s.index].Finish(s.text)
			results[s.index] = toolResult(calls[s.index].id, s.text)
		}
	}
	return results
}

// start makes the calls beside the caller, who hears of every step of each: an
// emitter is for one goroutine. The channel closes when all have ended.
func (b *toolbox) start(ctx context.Context, calls []*call) <-chan step {
	steps := make(chan step)
	lanes := b.lanes(calls)
	waiting := make(chan []int, len(lanes))
	for _, lane := range lanes {
		waiting <- lane
	}
	close(waiting)
	var workers sync.WaitGroup
	for range min(atOnce, len(lanes)) {
		workers.Go(func() {
			for lane := range waiting {
				for _, i := range lane {
					steps <- step{index: i}
					text, failed := b.call(ctx, calls[i])
					steps <- step{index: i, ended: true, failed: failed, text: text}
				}
			}
		})
	}
	go func() {
		workers.Wait()
		close(steps)
	}()
	return steps
}

// lanes are the indexes of calls that follow one another; lanes run beside each
// other.
func (b *toolbox) lanes(calls []*call) [][]int {
	var lanes [][]int
	laneOf := map[*connection]int{}
	for i, c := range calls {
		server := b.tools[c.name].connection
		if server == nil || !server.server.ForceSerial {
			lanes = append(lanes, []int{i})
			continue
		}
		lane, ok := laneOf[server]
		if !ok {
			lane = len(lanes)
			laneOf[server] = lane
			lanes = append(lanes, nil)
		}
		lanes[lane] = append(lanes[lane], i)
	}
	return lanes
}

// call makes one call and gives its result, or what the model should know of why
// there is none.
func (b *toolbox) call(ctx context.Context, c *call) (text string, failed bool) {
	t, known := b.tools[c.name]
	if !known {
		return b.unknown(c.name), true
	}
	arguments, ok := c.object()
	if !ok {
		return "The arguments are not a JSON object: " + quoted(c.arguments.String()), true
	}
	if t.own != nil {
		return t.own(ctx, arguments)
	}
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	var request mcp.CallToolRequest
	request.Params.Name, request.Params.Arguments = t.remote, json.RawMessage(arguments)
	result, err := t.connection.client.CallTool(ctx, request)
	if err != nil {
		return fmt.Sprintf("The MCP server “%s” gave no result: %v.", t.connection.server.Name, t.connection.reason(err)), true
	}
	text = cut(t.connection.secrets.hide(resultText(result)), maxResult, "\n[The rest is left out.]")
	if text == "" {
		text = "(no content)"
	}
	return text, result.IsError
}

func (b *toolbox) unknown(name string) string {
	if len(b.tools) == 0 {
		return fmt.Sprintf("There is no tool called %q; there are none at all.", name)
	}
	return fmt.Sprintf("There is no tool called %q. The tools are: %s.", name, strings.Join(slices.Sorted(maps.Keys(b.tools)), ", "))
}

// resultText is what a model without eyes can read of a result.
func resultText(result *mcp.CallToolResult) string {
	var texts []string
	for _, content := range result.Content {
		if text := contentText(content); text != "" {
			texts = append(texts, text)
		}
	}
	if len(texts) == 0 && result.StructuredContent != nil {
		if data, err := json.Marshal(result.StructuredContent); err == nil {
			return string(data)
		}
	}
	return strings.Join(texts, "\n\n")
}

func contentText(content mcp.Content) string {
	switch content := content.(type) {
	case mcp.TextContent:
		return content.Text
	case mcp.ImageContent:
		return "[image]"
	case mcp.AudioContent:
		return "[audio]"
	case mcp.ResourceLink:
		return fmt.Sprintf("[file %s: %s]", content.Name, content.URI)
	case mcp.EmbeddedResource:
		if resource, ok := content.Resource.(mcp.TextResourceContents); ok {
			return resource.Text
		}
	}
	return "[content that is no text]"
}
