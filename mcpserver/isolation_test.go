package mcpserver_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/testtenant"
	"sema4mcp/mcpserver"
	"sema4mcp/restclient"
)

// visitor is one client of a server that many use: it has a key, and talks to one
// agent of one tenant in one era. Visitors send the same ids, threads, progress
// tokens and idempotency keys as others do; only what they say differs.
type visitor struct {
	key, tenant, agent string // the agent's name
	era                string
	session            string // of the legacy era; "" in the modern one
}

func (v visitor) String() string {
	return strings.Join([]string{v.key, v.tenant, v.agent, v.era}, "/")
}

func (v visitor) modern() bool { return v.era == "modern" }

// sees tells whether v may see what another has set going: who has another key of
// a tenant sees the same tenant.
func (v visitor) sees(other visitor) bool { return v.tenant == other.tenant && v.agent == other.agent }

// shares tells whether both are answered by the same runs.
func (v visitor) shares(other visitor) bool { return v.sees(other) && v.key == other.key }

func (v visitor) tool() string { return "message_" + strings.ToLower(v.agent) + "_agent" }

// world is a server before two tenants with the same agents, and its visitors.
type world struct {
	t        *testing.T
	f        *front
	tenants  testtenant.Gateway
	gate     *gate
	ids      map[string]string // of the agents, in each tenant the same
	visitors []visitor
	random   *rand.Rand

	words  map[string]visitor // who has said which word
	counts map[string]int     // calls of those who share their runs
	open   []*openCall
	known  []*knownRun
	states []carriedState
}

// openCall is one that is being answered.
type openCall struct {
	visitor
	word     string
	question json.RawMessage // its id, where the user is being asked
	response *http.Response
	stream   *bufio.Reader
	raw      strings.Builder // what has been read of the stream
}

// knownRun is one whose id others have come to know.
type knownRun struct {
	visitor
	word, runID, threadID string
}

// carriedState is what a modern client carries from one round to the next.
type carriedState struct {
	visitor
	tool      string
	arguments form
	answers   form
	reply     string
}

// gate holds back what the server sends to agents, while it says so.
type gate struct {
	http.RoundTripper
	mu   sync.Mutex // guards held
	held map[string]*heldBack
}

type heldBack struct{ arrived, released chan struct{} }

func (g *gate) hold(word string) *heldBack {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held[word] = &heldBack{make(chan struct{}), make(chan struct{})}
	return g.held[word]
}

func (g *gate) release(word string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if held := g.held[word]; held != nil {
		close(held.released)
		delete(g.held, word)
	}
}

func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodPost || r.Body == nil {
		return g.RoundTripper.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body.Close()
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	g.mu.Lock()
	var held *heldBack
	for word, h := range g.held {
		if bytes.Contains(body, []byte(word)) {
			held = h
		}
	}
	g.mu.Unlock()
	if held != nil {
		close(held.arrived)
		select {
		case <-held.released:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	return g.RoundTripper.RoundTrip(r)
}

func newWorld(t *testing.T) *world {
	agents := []localtenant.AgentSpec{{Name: "Parrot"}, asker}
	one, two := testtenant.Start(t, agents...), testtenant.Start(t, agents...)
	w := &world{t: t, words: make(map[string]visitor),
		tenants: testtenant.Gateway{"one": {Tenant: one, Keys: []string{"first", "second"}}, "two": {Tenant: two, Keys: []string{"first", "third"}}},
		ids:     map[string]string{"Parrot": one.AgentID("Parrot"), "Asker": one.AgentID("Asker")},
	}
	for name, id := range w.ids {
		if two.AgentID(name) != id {
			t.Fatalf("the tenants have different agents called %s: ids of one would prove nothing at the other", name)
		}
	}
	w.gate = &gate{RoundTripper: w.tenants, held: make(map[string]*heldBack)}
	w.f = frontOf(t, one, func(c *mcpserver.Config) {
		c.BaseURL, c.Transport, c.Bridge.CallBudget = w.tenants.BaseURL(), w.gate, time.Minute // what is held back waits for the test
	})
	for _, at := range [][2]string{{"first", "one"}, {"second", "one"}, {"first", "two"}, {"third", "two"}} {
		for _, agent := range []string{"Parrot", "Asker"} {
			for _, era := range []string{"legacy", "legacy too", "modern"} {
				v := visitor{key: at[0], tenant: at[1], agent: agent, era: era}
				if !v.modern() {
					v.session = w.f.begin(w.path(v), elicits, otherKey(v.key))
				}
				w.visitors = append(w.visitors, v)
			}
		}
	}
	return w
}

func (w *world) path(v visitor) string {
	return "/tenants/" + v.tenant + agentPath(w.ids[v.agent])
}

// send posts a message as the visitor does, and its headers besides.
func (w *world) send(v visitor, method, name string, body any, headers ...string) *http.Response {
	w.t.Helper()
	encoded, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	all := []string{otherKey(v.key), "Accept: " + accepting}
	if v.modern() {
		all = append(all, "Mcp-Protocol-Version: 2026-07-28", "Mcp-Method: "+method, "Mcp-Name: "+name)
	} else {
		all = append(all, session(v.session))
	}
	return w.f.request(context.WithoutCancel(w.t.Context()), w.path(v), string(encoded), append(all, headers...)...)
}

// ask sends a request and returns all that comes back. Nobody gets to read what
// another has said.
func (w *world) ask(v visitor, method, name string, params form, headers ...string) (int, string) {
	w.t.Helper()
	response := w.send(v, method, name, form{"jsonrpc": "2.0", "id": 1, "method": method, "params": v.params(params)}, headers...)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	w.overhears(v, string(body))
	return response.StatusCode, string(body)
}

// params are those of a request, with what the era wants.
func (v visitor) params(params form) form {
	meta := form{"progressToken": "same for all"}
	if v.modern() {
		meta["io.modelcontextprotocol/protocolVersion"] = "2026-07-28"
		meta["io.modelcontextprotocol/clientCapabilities"] = json.RawMessage(tasksDeclared)
		if params["name"] == v.tool() { // the questions of the agent are to be seen
			meta["io.modelcontextprotocol/clientCapabilities"] = json.RawMessage(`{"elicitation":{"form":{}}}`)
		}
	}
	params = maps.Clone(params)
	params["_meta"] = meta
	return params
}

// overhears fails the test where a visitor reads a word that one said whose
// conversations it has no business with.
func (w *world) overhears(v visitor, raw string) {
	w.t.Helper()
	for word, who := range w.words {
		if strings.Contains(raw, word) && !v.sees(who) {
			w.t.Errorf("%s reads what %s said: %s", v, who, raw)
		}
	}
}

func pick[T any](random *rand.Rand, from []T) T { return from[random.IntN(len(from))] }

// message are the arguments of the visitor's next call: another visitor's with
// another word.
func (w *world) message(v visitor) (word string, arguments form) {
	word = fmt.Sprintf("word-%06d.", len(w.words))
	w.words[word] = v
	group := v.key + v.tenant + v.agent
	w.counts[group]++
	n := w.counts[group]
	thread := fmt.Sprintf("thread %d of %s", n, w.t.Name())
	if v.agent == "Asker" { // who goes on with another's thread takes the question away, and is told so
		thread += " by " + v.key
	}
	return word, form{"message": word, "thread_identifier": thread, "idempotency_key": fmt.Sprint("key ", n)}
}

// begin has a visitor call its agent. Parrots are held back until finish; askers
// have asked when begin returns.
func (w *world) begin() {
	v, ok := w.other(visitor{}, w.idle)
	if !ok {
		return
	}
	word, arguments := w.message(v)
	if v.agent == "Asker" && v.modern() {
		w.beginAsking(v, word, arguments)
		return
	}
	if w.random.IntN(3) == 0 {
		w.beginAndLeave(v, word, arguments)
		return
	}
	call := &openCall{visitor: v, word: word}
	var held *heldBack
	if v.agent == "Parrot" {
		held = w.gate.hold(word)
	}
	call.response = w.send(v, "tools/call", v.tool(), form{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": v.params(form{"name": v.tool(), "arguments": arguments})})
	call.stream = bufio.NewReader(call.response.Body)
	w.open = append(w.open, call)
	if held != nil {
		<-held.arrived
		return
	}
	for call.question == nil {
		message := call.next(w.t)
		if message.Method == "elicitation/create" {
			call.question = message.ID
		} else if message.ID != nil {
			w.t.Fatalf("%s: the agent did not ask: %s", v, message.raw)
		}
	}
}

func (c *openCall) next(t *testing.T) event {
	t.Helper()
	got := next(t, c.stream)
	c.raw.WriteString(got.raw)
	return got
}

// beginAsking gets a state that the client is to carry.
func (w *world) beginAsking(v visitor, word string, arguments form) {
	w.t.Helper()
	_, raw := w.ask(v, "tools/call", v.tool(), form{"name": v.tool(), "arguments": arguments})
	first := lastAsked(w.t, raw)
	if !first.asks("reply", word) {
		w.t.Fatalf("%s: got %s", v, raw)
	}
	reply := "reply to " + word
	w.states = append(w.states, carriedState{v, v.tool(), arguments, first.accepted(form{"reply": reply}), reply})
}

// beginAndLeave lets a call go with its run's id, which others come to know.
func (w *world) beginAndLeave(v visitor, word string, arguments form) {
	w.t.Helper()
	arguments["wait_seconds"] = 0
	_, raw := w.ask(v, "tools/call", v.tool(), form{"name": v.tool(), "arguments": arguments})
	run := lastAsked(w.t, raw).run(w.t)
	w.known = append(w.known, &knownRun{v, word, run.RunID, run.ThreadID})
}

// lastAsked is the last message of a stream.
func lastAsked(t *testing.T, raw string) asked {
	t.Helper()
	var last asked
	for line := range strings.Lines(raw) {
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			last = asked{}
			if err := json.Unmarshal([]byte(data), &last); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(data), &last.answer); err != nil {
				t.Fatal(err)
			}
		}
	}
	return last
}

func (a asked) run(t *testing.T) struct {
	RunID    string `json:"run_id"`
	ThreadID string `json:"thread_id"`
	State    string
} {
	t.Helper()
	run := a.answer.Result.Meta["ai.sema4/run"]
	if run.RunID == "" || run.ThreadID == "" {
		t.Fatalf("got %+v", a)
	}
	return run
}

// finish ends a call that is open, and holds what its client was told against
// what it said: one result, to its own id, of its own words.
func (w *world) finish() {
	if len(w.open) == 0 {
		return
	}
	at := w.random.IntN(len(w.open))
	call := w.open[at]
	w.open = slices.Delete(w.open, at, at+1)
	defer call.response.Body.Close()
	want := call.word
	if call.question != nil {
		w.respond(call.visitor, call.question, `{"action":"accept","content":{"reply":"reply to `+call.word+`"}}`, http.StatusAccepted)
		want = "I was told reply to " + call.word
	}
	w.gate.release(call.word)
	for {
		got := call.next(w.t)
		switch {
		case got.Method == "elicitation/create":
			w.respond(call.visitor, got.ID, `{"action":"decline"}`, http.StatusAccepted)
			continue
		case got.ID == nil:
			if string(got.Params.ProgressToken) != `"same for all"` {
				w.t.Errorf("%s: got %s", call, got.raw)
			}
			continue
		}
		if string(got.ID) != "1" || got.Result.IsError || !strings.Contains(got.text(), want) && !strings.Contains(call.raw.String(), want) {
			w.t.Errorf("%s said %s: got %s", call, call.word, got.raw)
		}
		break
	}
	if rest, err := io.ReadAll(call.stream); err != nil || strings.Contains(string(rest), "data:") {
		w.t.Errorf("%s: after the result came %s, %v", call, rest, err)
	}
	w.overhears(call.visitor, call.raw.String())
	for word, who := range w.words {
		if word != call.word && strings.Contains(call.raw.String(), word) {
			w.t.Errorf("%s said %s and was told what %s said: %s", call, call.word, who, call.raw.String())
		}
	}
}

// collect has a visitor fetch the answer of a run that it left.
func (w *world) collect() {
	if len(w.known) == 0 {
		return
	}
	run := pick(w.random, w.known)
	_, raw := w.ask(run.visitor, "tools/call", "get_run", form{"name": "get_run", "arguments": form{"run_id": run.runID}}, "Accept: application/json")
	if !strings.Contains(raw, run.word) || strings.Contains(raw, `"isError":true`) || strings.Contains(raw, "cancelled") {
		w.t.Errorf("%s said %s: get_run got %s", run, run.word, raw)
	}
}

func (w *world) respond(v visitor, id json.RawMessage, result string, want int, headers ...string) {
	w.t.Helper()
	response := w.send(v, "", "", form{"jsonrpc": "2.0", "id": id, "result": json.RawMessage(result)}, headers...)
	response.Body.Close()
	if response.StatusCode != want {
		w.t.Errorf("%s: a response got %d, want %d", v, response.StatusCode, want)
	}
}

// other is a visitor for whom the condition holds against another.
func (w *world) other(than visitor, fits func(visitor) bool) (visitor, bool) {
	for range 20 {
		if v := pick(w.random, w.visitors); v != than && fits(v) {
			return v, true
		}
	}
	return visitor{}, false
}

// idle visitors have no call of that id themselves.
func (w *world) idle(v visitor) bool {
	return !slices.ContainsFunc(w.open, func(call *openCall) bool { return call.visitor == v })
}

// cancelByID has another visitor cancel a call by the id that all use.
func (w *world) cancelByID() {
	if len(w.open) == 0 {
		return
	}
	call := pick(w.random, w.open)
	attacker, ok := w.other(call.visitor, w.idle)
	if !ok {
		return
	}
	cancelled := form{"jsonrpc": "2.0", "method": "notifications/cancelled", "params": form{"requestId": 1}}
	response := w.send(attacker, "notifications/cancelled", "", cancelled)
	response.Body.Close()
	if response.StatusCode != http.StatusAccepted {
		w.t.Errorf("%s: a cancellation got %d", attacker, response.StatusCode)
	}
	if attacker.modern() || call.modern() || attacker.key == call.key && w.path(attacker) == w.path(call.visitor) {
		return
	}
	stolen := w.send(attacker, "notifications/cancelled", "", cancelled, session(call.session))
	stolen.Body.Close()
	if stolen.StatusCode != http.StatusNotFound {
		w.t.Errorf("%s uses the session of %s: got %d, want 404", attacker, call, stolen.StatusCode)
	}
}

// answerForOthers has another visitor answer a question whose id it has got hold of.
func (w *world) answerForOthers() {
	for _, call := range w.open {
		if call.question == nil {
			continue
		}
		if attacker, ok := w.other(call.visitor, func(visitor) bool { return true }); ok {
			w.respond(attacker, call.question, `{"action":"accept","content":{"reply":"forged"}}`, http.StatusAccepted)
		}
	}
}

// reachForRuns has a visitor of another agent or tenant try what it can do with
// the id of a run.
func (w *world) reachForRuns() {
	if len(w.known) == 0 {
		return
	}
	run := pick(w.random, w.known)
	attacker, ok := w.other(run.visitor, func(v visitor) bool { return !v.sees(run.visitor) })
	if !ok {
		return
	}
	refused := func(what, raw string) {
		if !strings.Contains(raw, `"isError":true`) && !strings.Contains(raw, `"error":{`) {
			w.t.Errorf("%s: %s of %s got %s", attacker, what, run, raw)
		}
	}
	tool := pick(w.random, []string{"get_run", "cancel_run", "list_files", "get_" + strings.ToLower(attacker.agent) + "_agent_thread_messages"})
	arguments := form{"run_id": run.runID}
	if strings.HasSuffix(tool, "s") {
		arguments = form{"thread_id": run.threadID}
	}
	_, raw := w.ask(attacker, "tools/call", tool, form{"name": tool, "arguments": arguments}, "Accept: application/json")
	refused(tool, raw)
	method := pick(w.random, []string{"tasks/get", "tasks/cancel", "tasks/update", "tasks/result"})
	_, raw = w.ask(attacker, method, run.runID, form{"taskId": run.runID, "inputResponses": form{}})
	refused(method, raw)
	uri := pick(w.random, []string{"sema4://runs/" + run.runID, "sema4://agents/" + w.ids[run.agent] + "/threads/" + url.PathEscape(run.threadID)})
	_, raw = w.ask(attacker, "resources/read", uri, form{"uri": uri})
	refused("reading "+uri, raw)
}

// replayStates has a state used by another visitor, and for other arguments.
func (w *world) replayStates() {
	if len(w.states) == 0 {
		return
	}
	state := pick(w.random, w.states)
	attacker, ok := w.other(state.visitor, func(v visitor) bool { return v.modern() && !v.shares(state.visitor) })
	if !ok {
		return
	}
	arguments := maps.Clone(state.arguments)
	if w.random.IntN(3) == 0 {
		attacker = state.visitor
		arguments["message"] = "something else"
	}
	params := form{"name": attacker.tool(), "arguments": arguments}
	maps.Copy(params, state.answers)
	_, raw := w.ask(attacker, "tools/call", attacker.tool(), params)
	if !strings.Contains(raw, `"isError":true`) {
		w.t.Errorf("%s uses the state of %s: got %s", attacker, state, raw)
	}
}

// useState has the right client come back with its state, for the last time.
func (w *world) useState() {
	if len(w.states) == 0 {
		return
	}
	at := w.random.IntN(len(w.states))
	state := w.states[at]
	w.states = slices.Delete(w.states, at, at+1)
	params := form{"name": state.tool, "arguments": state.arguments}
	maps.Copy(params, state.answers)
	if _, raw := w.ask(state.visitor, "tools/call", state.tool, params); !strings.Contains(raw, "I was told "+state.reply) {
		w.t.Errorf("%s: got %s", state, raw)
	}
}

// TestNoClientSeesOrAffectsAnother lets visitors work and get at one another in
// whatever order chance has it. A seed that fails fails again.
func TestNoClientSeesOrAffectsAnother(t *testing.T) {
	w := newWorld(t)
	for _, seed := range []uint64{1, 2, 3, 4, 5, 6, rand.Uint64()} {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			w.t, w.random, w.counts = t, rand.New(rand.NewPCG(seed, 0)), make(map[string]int)
			w.known, w.states = nil, nil
			steps := []func(){w.begin, w.begin, w.begin, w.collect, w.cancelByID, w.cancelByID, w.answerForOthers, w.reachForRuns, w.reachForRuns, w.replayStates, w.replayStates, w.useState}
			for range 60 {
				if pick(w.random, steps)(); len(w.open) > 5 {
					w.finish()
				}
			}
			for len(w.open) > 0 {
				w.cancelByID()
				w.answerForOthers()
				w.finish()
			}
			for len(w.states) > 0 {
				w.replayStates()
				w.useState()
			}
			for range w.known {
				w.reachForRuns()
				w.collect()
			}
		})
	}
	w.t = t
	w.countWords()
}

// countWords wants each word once where it was said, and nowhere else.
func (w *world) countWords() {
	said := make(map[string][]string) // tenant and agent, by word
	for tenant, door := range w.tenants {
		for agent, id := range w.ids {
			for _, message := range allMessages(w.t, door.Tenant, id) {
				if message.Role == restclient.RoleUser {
					said[message.Text()] = append(said[message.Text()], tenant+"/"+agent)
				}
			}
		}
	}
	for word, who := range w.words {
		if want := []string{who.tenant + "/" + who.agent}; !slices.Equal(said[word], want) {
			w.t.Errorf("%s said %s: it stands in %v", who, word, said[word])
		}
		delete(said, word)
		if replied := said["reply to "+word]; len(replied) > 1 || len(replied) == 1 && replied[0] != who.tenant+"/"+who.agent {
			w.t.Errorf("%s replied: it stands in %v", who, replied)
		}
		delete(said, "reply to "+word)
	}
	if len(said) > 0 {
		w.t.Errorf("nobody said %v", said)
	}
}

// allMessages are those of every conversation of an agent.
func allMessages(t *testing.T, tenant *testtenant.Tenant, agentID string) (messages []restclient.Message) {
	t.Helper()
	client := tenant.Client()
	for conversation, err := range client.Conversations.All(t.Context(), agentID, nil) {
		if err != nil {
			t.Fatal(err)
		}
		for message, err := range client.Conversations.AllMessages(t.Context(), agentID, conversation.ID, nil) {
			if err != nil {
				t.Fatal(err)
			}
			messages = append(messages, message)
		}
	}
	return messages
}
