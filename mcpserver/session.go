package mcpserver

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/sourcegraph/jsonrpc2"

	"sema4mcp/bridge/exchange"
)

// headerSession names a client of the legacy era from its initialize on. No
// request needs it; with it a client can be asked what it declared to answer, and
// can cancel its calls.
const headerSession = "Mcp-Session-Id"

// A session id says by itself what its client declared, so that any replica, and
// a process begun later, accepts it: a version, the capabilities, and random
// bytes that tell clients apart; then a code that only who has the principal's
// secret can make, for it and this path alone. Nothing about the secret can be read
// from it.
const (
	sessionVersion = 1
	sessionRandom  = 16
	sessionBody    = 2 + sessionRandom
	sessionCode    = 16
)

// The capabilities that matter after initialize, as bits of the second byte.
const (
	declaresForms    = 1 << iota // elicitation, by form
	declaresTasks                // of 2025-11-25
	declaresSampling             // a model to ask
	declaresRoots                // folders of the user's that it works in
)

// sessions are those of one principal on one path.
type sessions struct{ secret, path string }

func sessionsOf(r *http.Request, secret string) sessions {
	return sessions{secret, r.PathValue("tenant") + "\x00" + r.PathValue("aid")}
}

// begin returns the id of a new session.
func (s sessions) begin(declared mcp.ClientCapabilities) string {
	body := make([]byte, sessionBody, sessionBody+sessionCode)
	body[0] = sessionVersion
	if exchange.ElicitsForms(declared) {
		body[1] |= declaresForms
	}
	if declared.Tasks != nil {
		body[1] |= declaresTasks
	}
	if declared.Sampling != nil {
		body[1] |= declaresSampling
	}
	if declared.Roots != nil {
		body[1] |= declaresRoots
	}
	rand.Read(body[2:]) // never fails, see crypto/rand
	return base64.RawURLEncoding.EncodeToString(append(body, s.code(body)...))
}

// open returns what the client of a session declared; ok is false for an id that
// was not made for this principal and path.
func (s sessions) open(id string) (declared mcp.ClientCapabilities, ok bool) {
	data, err := base64.RawURLEncoding.Strict().DecodeString(id)
	if err != nil || len(data) != sessionBody+sessionCode || data[0] != sessionVersion {
		return declared, false
	}
	body, code := data[:sessionBody], data[sessionBody:]
	if !hmac.Equal(code, s.code(body)) {
		return declared, false
	}
	if body[1]&declaresForms != 0 {
		declared.Elicitation = &mcp.ElicitationCapability{Form: new(struct{})}
	}
	if body[1]&declaresTasks != 0 {
		declared.Tasks = new(mcp.TasksCapability)
	}
	if body[1]&declaresSampling != 0 {
		declared.Sampling = new(mcp.SamplingCapability)
	}
	if body[1]&declaresRoots != 0 {
		declared.Roots = new(struct {
			ListChanged bool `json:"listChanged,omitempty"`
		})
	}
	return declared, true
}

func (s sessions) code(body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(s.secret))
	mac.Write([]byte("MCP session\x00" + s.path + "\x00"))
	mac.Write(body)
	return mac.Sum(nil)[:sessionCode]
}

// caller is the client that a request comes from.
type caller struct {
	session string // its id; "" without one
	begun   string // the id of the session that this request begins
	peer    *exchange.Peer
}

// callerOf begins a session with a client's initialize, and takes one up that a
// later request names. In the modern era there are none.
func callerOf(w http.ResponseWriter, r *http.Request, p principal, batch exchange.Batch, era era) (caller, *refusal) {
	c := caller{peer: exchange.NewPeer(era.version)}
	if era.modern {
		return c, nil
	}
	if declared, begins := initializes(batch); begins {
		c.begun = sessionsOf(r, p.secret).begin(declared)
		w.Header().Set(headerSession, c.begun)
		return c, nil
	}
	id, declared, refused := sessionOf(r, p)
	c.session = id
	c.peer.Declare(declared)
	return c, refused
}

// sessionOf is the session that the request names, "" where it names none, and
// what its client declared.
func sessionOf(r *http.Request, p principal) (id string, declared mcp.ClientCapabilities, refused *refusal) {
	id = r.Header.Get(headerSession)
	if id == "" {
		return "", declared, nil
	}
	declared, ok := sessionsOf(r, p.secret).open(id)
	if !ok {
		return "", declared, &refusal{status: http.StatusNotFound, code: jsonrpc2.CodeInvalidRequest,
			message: "there is no such session for this caller and path: send initialize again, without the header " + headerSession}
	}
	return id, declared, nil
}

// initializes tells whether the batch is a client's first request, and what the
// client declares in it. One that cannot be read is left for mcp-go to refuse.
func initializes(batch exchange.Batch) (declared mcp.ClientCapabilities, begins bool) {
	message := batch.Messages[0]
	if message.Kind != exchange.Request || message.Method != string(mcp.MethodInitialize) {
		return declared, false
	}
	var params struct {
		Capabilities mcp.ClientCapabilities `json:"capabilities"`
	}
	err := json.Unmarshal(message.Params, &params)
	return params.Capabilities, err == nil
}
