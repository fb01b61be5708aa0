package runs

import (
	"time"

	"sema4mcp/internal/localtenant/minds"
	"sema4mcp/internal/localtenant/thread"
)

func (o *recorder) Call(name, arguments string) minds.Call {
	return o.call(func(c *thread.Composer) *thread.ToolCall { return c.ToolCall(name, arguments, time.Now()) })
}

func (o *recorder) CallMCP(name, arguments string) minds.Call {
	return o.call(func(c *thread.Composer) *thread.ToolCall { return c.MCPToolCall(name, arguments, time.Now()) })
}

func (o *recorder) call(add func(*thread.Composer) *thread.ToolCall) minds.Call {
	call := &recordedCall{recorder: o}
	o.compose(func(c *thread.Composer) { call.item = add(c) })
	o.save()
	return call
}

// recordedCall is the [minds.Call] of a recorder; item is nil when the run had
// ended before the call.
type recordedCall struct {
	recorder *recorder
	item     *thread.ToolCall
}

func (c *recordedCall) Start() {
	c.change(func() { c.item.Start(time.Now()) })
}

func (c *recordedCall) Finish(result string) {
	c.change(func() { c.item.Finish(result, time.Now()) })
}

func (c *recordedCall) Fail(message string) {
	c.change(func() { c.item.Fail(message, time.Now()) })
}

func (c *recordedCall) change(step func()) {
	if c.item == nil {
		return
	}
	c.recorder.compose(func(*thread.Composer) { step() })
	c.recorder.save()
}
