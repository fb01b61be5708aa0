package stdio

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// startWithParent is start with a parent that exits when it is told to.
func startWithParent(t *testing.T) (h *host, exit func()) {
	gone := make(chan struct{})
	h = serve(t, fixture(nil, nil), func(o *options) { o.parentGone = func(context.Context) <-chan struct{} { return gone } })
	return h, func() { close(gone) }
}

const (
	legacyOpening = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`
	modernOpening = `{"jsonrpc":"2.0","id":0,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`
)

func TestWhoIsThereWhenTheParentHasGone(t *testing.T) {
	const pinged = `"method":"ping"`
	for name, c := range map[string]struct {
		opening string
		after   time.Duration // of the start, the parent exits
		asked   bool
		answer  string // of a host that is not the parent
		ends    bool
	}{
		"nobody, before 2026-07-28":             {opening: legacyOpening, after: time.Second, asked: true, ends: true},
		"a host that answers":                   {opening: legacyOpening, after: time.Hour, asked: true, answer: response("parent-gone", `"result":{}`)},
		"a host that knows no ping":             {opening: legacyOpening, after: time.Hour, asked: true, answer: response("parent-gone", `"error":{"code":-32601,"message":"x"}`)},
		"nobody, since 2026-07-28":              {opening: modernOpening, after: launchWithin, ends: true},
		"a host that goes on, since 2026-07-28": {opening: modernOpening, after: launchWithin, answer: `{"jsonrpc":"2.0","method":"notifications/x"}`},
		"the host of a launcher":                {opening: modernOpening, after: launchWithin - 1},
		"nobody ever":                           {after: launchWithin, ends: true},
		"a host that has not opened yet":        {after: launchWithin, answer: modernOpening},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, exit := startWithParent(t)
				if c.opening != "" {
					h.send(c.opening)
					h.expect(`"id":0,`)
				}
				time.Sleep(c.after)
				exit()
				synctest.Wait()
				if c.asked {
					h.expect(pinged)
				}
				if c.answer != "" {
					h.send(c.answer)
				}
				if c.answer == modernOpening {
					h.expect(`"id":0,`)
				}
				time.Sleep(hostAnswersWithin + time.Hour)
				synctest.Wait()
				select {
				case err := <-h.done:
					if !c.ends || err != nil {
						t.Fatalf("ended with %v", err)
					}
				default:
					if c.ends {
						t.Fatal("goes on")
					}
					h.send(ping("2"))
					h.expect(`"id":2,`)
					h.in.Close()
					if err := <-h.done; err != nil {
						t.Error(err)
					}
				}
			})
		})
	}
}

func TestACallIsReportedWhenNobodyIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, exit := startWithParent(t)
		h.send(legacyOpening)
		h.expect(`"id":0,`)
		h.send(toolCall("1", "wait"))
		synctest.Wait() // the parent is alive when it sends this
		exit()
		h.expect(`"method":"ping"`)
		h.expect(`"id":1,`, "cut short")
		if err := <-h.done; err != nil {
			t.Error(err)
		}
	})
}

func TestNobodyIsLeftToReadThePing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, exit := startWithParent(t)
		h.send(legacyOpening)
		h.expect(`"id":0,`)
		exit()
		if err := <-h.done; err != nil {
			t.Error(err)
		}
	})
}

func TestTheParentIsNotLookedForWhereItSaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, fixture(nil, nil), func(o *options) { o.parentGone = func(context.Context) <-chan struct{} { return nil } })
		time.Sleep(time.Hour)
		h.send(ping("1"))
		h.expect(`"id":1,`)
		h.in.Close()
		if err := <-h.done; err != nil {
			t.Error(err)
		}
	})
}
