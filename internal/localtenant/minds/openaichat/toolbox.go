package openaichat

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/internal/localtenant/minds"
)

// OpenAI's limits; other endpoints have none below them.
const (
	maxTools       = 128
	maxName        = 64
	maxDescription = 1024
)

// toolbox is what the model may call in one turn.
type toolbox struct {
	connections []*connection
	tools       map[string]tool // by the name the model knows
	specs       []toolSpec
	unreachable []string // names of servers
	reader      fileReader
}

// tool is a tool of a server, or one of the mind's own.
type tool struct {
	connection *connection // nil for the mind's own
	remote     string      // its name there
	own        func(ctx context.Context, arguments string) (text string, failed bool)
}

// openToolbox connects to all servers of the agent at once.
func (m *Mind) openToolbox(ctx context.Context, turn minds.Turn, out minds.Emitter) (*toolbox, error) {
	files, err := turn.Files(ctx)
	if err != nil {
		return nil, err
	}
	box := &toolbox{tools: map[string]tool{}, reader: fileReader{turn: turn, files: files}}
	var servers []Server
	if m.config.Servers != nil {
		if servers, err = m.config.Servers(ctx, turn.Agent.ID); err != nil {
			return nil, err
		}
	}
	connections := make([]*connection, len(servers))
	problems := make([]error, len(servers))
	invocation := invocationOf(turn, m.config.TenantID)
	var all sync.WaitGroup
	for i, server := range servers {
		all.Go(func() { connections[i], problems[i] = m.connect(ctx, server, invocation) })
	}
	all.Wait()
	for i, server := range servers {
		if problems[i] != nil {
			out.Think(fmt.Sprintf("The MCP server “%s” cannot be used: %v. I go on without its tools.", server.Name, problems[i]))
			box.unreachable = append(box.unreachable, server.Name)
		} else {
			box.connections = append(box.connections, connections[i])
		}
	}
	box.fill(out)
	if err := ctx.Err(); err != nil {
		box.close()
		return nil, err
	}
	return box, nil
}

// close ends all connections at once: a server may take its time.
func (b *toolbox) close() {
	var all sync.WaitGroup
	for _, c := range b.connections {
		all.Go(c.close)
	}
	all.Wait()
}

// fill names the tools. Those of different servers with one name get the names of
// their servers before it; the mind's own keeps its name.
func (b *toolbox) fill(out minds.Emitter) {
	count := map[string]int{}
	left := 0
	if len(b.reader.files) > 0 {
		count[readFile]++
		b.tools[readFile] = tool{own: b.reader.call}
		b.specs = append(b.specs, toolSpec{Type: "function", Function: readFileSpec})
	}
	for _, c := range b.connections {
		for _, t := range c.tools {
			count[validName(t.Name)]++
		}
	}
	for _, c := range b.connections {
		for _, t := range c.tools {
			if len(b.specs) == maxTools {
				left++
				continue
			}
			name := validName(t.Name)
			if count[name] > 1 {
				name = validName(c.server.Name + "_" + t.Name)
			}
			b.add(b.unused(name), c, t)
		}
	}
	if left > 0 {
		out.Think(fmt.Sprintf("The MCP servers have more tools than the %d a model takes; I go on without the last %d.", maxTools, left))
	}
}

func (b *toolbox) add(name string, c *connection, t mcp.Tool) {
	b.tools[name] = tool{connection: c, remote: t.Name}
	if t.InputSchema.Type == "" {
		t.InputSchema.Type = "object"
	}
	description := t.Description
	if description == "" {
		description = t.Title
	}
	b.specs = append(b.specs, toolSpec{Type: "function", Function: functionSpec{
		Name: name, Description: cut(description, maxDescription-1, "…"), Parameters: t.InputSchema,
	}})
}

// unused numbers a name that is taken.
func (b *toolbox) unused(name string) string {
	free := name
	for n := 2; ; n++ {
		if _, taken := b.tools[free]; !taken {
			return free
		}
		number := "_" + strconv.Itoa(n)
		free = name[:min(len(name), maxName-len(number))] + number
	}
}

var notInNames = regexp.MustCompile(`[^a-zA-Z0-9_-]+`)

// validName is a name as OpenAI takes it.
func validName(name string) string {
	name = notInNames.ReplaceAllString(name, "_")
	if name == "" {
		name = "tool"
	}
	return name[:min(len(name), maxName)]
}
