package thread

import "time"

// ToolCall is a tool-call item of a message under composition.
type ToolCall struct {
	composer *Composer
	item     *toolCallItem
	index    int
}

// ToolCall adds a call of the named tool, pending; arguments is a JSON object.
func (c *Composer) ToolCall(name, arguments string, now time.Time) *ToolCall {
	return c.toolCall(subTypeInternal, name, arguments, now)
}

// MCPToolCall adds a call of a tool that an MCP server has.
func (c *Composer) MCPToolCall(name, arguments string, now time.Time) *ToolCall {
	return c.toolCall(subTypeMCP, name, arguments, now)
}

func (c *Composer) toolCall(subType, name, arguments string, now time.Time) *ToolCall {
	at := Timestamp(now)
	item := &toolCallItem{
		itemHead: c.head(kindToolCall, false),
		Name:     name, ToolCallID: c.newID(), ArgumentsRaw: arguments, SubType: subType, Status: toolPending,
		DiscoveredAt: &at, PendingAt: &at, Metadata: emptyObject,
	}
	c.add(item)
	return &ToolCall{composer: c, item: item, index: len(c.items) - 1}
}

// Start marks the call as running.
func (t *ToolCall) Start(now time.Time) {
	at := Timestamp(now)
	t.item.StartedAt = &at
	t.composer.replace(t.index, "started_at", at)
	t.setStatus(toolRunning)
}

// Finish ends the call with a result.
func (t *ToolCall) Finish(result string, now time.Time) {
	t.item.Result = &result
	t.composer.replace(t.index, "result", result)
	t.end(toolFinished, now)
}

// Fail ends the call with an error message.
func (t *ToolCall) Fail(message string, now time.Time) {
	t.item.Error = &message
	t.composer.replace(t.index, "error", message)
	t.end(toolFailed, now)
}

func (t *ToolCall) end(status string, now time.Time) {
	at := Timestamp(now)
	t.item.EndedAt = &at
	t.composer.replace(t.index, "ended_at", at)
	t.setStatus(status)
	t.item.Complete = true
	t.composer.replace(t.index, "complete", true)
}

func (t *ToolCall) setStatus(status string) {
	t.item.Status = status
	t.composer.replace(t.index, "status", status)
}
