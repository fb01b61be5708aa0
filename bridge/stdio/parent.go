package stdio

import (
	"context"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/rs/zerolog"

	"sema4mcp/bridge/exchange"
)

// A host that dies does not always close the bridge's input: another process may
// hold the pipe open, one that the host started and that inherited it. So the
// parent is watched, too. That it has gone proves little by itself, as the host
// may be somebody else: launchers start the bridge and exit. A host is there as
// long as it says something, and one that can be asked is asked.
const (
	// parentEvery is how often a system that tells nobody is looked at.
	parentEvery = time.Second
	// hostAnswersWithin bounds the wait for a sign of a host: hosts answer a
	// ping at once.
	hostAnswersWithin = 5 * time.Second
	// launchWithin is how soon a launcher exits that only starts the bridge.
	launchWithin = 30 * time.Second
)

// Option is what [Serve] does besides.
type Option func(*options)

type options struct {
	// parentGone returns a channel that is closed when the parent has ended; nil
	// where that would say nothing. It gives up with the context.
	parentGone func(context.Context) <-chan struct{}
	announce   Announcer // nil for one that tells of nothing
}

// EndWithParent has [Serve] take the end of the process that started this one for
// the end of the input, unless a host is still there. A line that comes within 5 s
// tells that, be it the answer to the ping that a host of a version before
// 2026-07-28 is sent. Later versions have no ping: there, a parent that exits in
// the first 30 s is taken for a launcher. What was started to outlive its parent,
// as by nohup, does so.
func EndWithParent() Option {
	return func(o *options) { o.parentGone = parentGone }
}

// outlive ends the reading side when the parent has gone and no host is found
// behind it.
func (s *stream) outlive(serving context.Context, gone <-chan struct{}, peer *exchange.Peer, log zerolog.Logger) {
	began := time.Now()
	select {
	case <-gone:
	case <-serving.Done():
		return
	}
	select {
	case <-s.arrived: // before: it proves nothing
	default:
	}
	if peer.ProtocolVersion() != "" { // settled by initialize, which hosts of later versions do not send
		ping := mcp.JSONRPCRequest{JSONRPC: mcp.JSONRPC_VERSION, ID: mcp.NewRequestId("parent-gone")}
		ping.Method = string(mcp.MethodPing)
		go s.write(ping) // nobody may be left to read it; a write that fails ends the connection by itself
	} else if time.Since(began) < launchWithin {
		return
	}
	silence := time.NewTimer(hostAnswersWithin)
	defer silence.Stop()
	select {
	case <-s.arrived:
		log.Debug().Msg("the process that started this one has gone, the host has not")
	case <-silence.C:
		log.Info().Msg("the process that started this one has gone, and no host is left")
		s.end()
	case <-serving.Done():
	}
}
