package faultmatrix_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sema4mcp/internal/localtenant/faults"
)

// proxy stands between the products and a tenant. It counts what the tenant sees,
// and loses what its rules say. Rules are for the requests about one agent, and
// every row has an agent of its own.
type proxy struct {
	upstream string // the tenant's host and port
	address  string
	client   *http.Transport
	life     context.Context // of what goes on behind the products' backs
	end      context.CancelFunc

	open   atomic.Int64 // connections of products that carry a request
	states sync.Map     // of all their connections

	mu       sync.Mutex // guards what follows
	server   *http.Server
	serving  sync.WaitGroup
	rules    map[string][]*rule
	seen     map[string][]string // sends that reached the tenant: their paths' last segments
	handling sync.WaitGroup
}

func newProxy(t testing.TB, upstream string) *proxy {
	life, end := context.WithCancel(context.Background())
	p := &proxy{upstream: strings.TrimPrefix(upstream, "http://"), client: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64}, life: life, end: end,
		rules: make(map[string][]*rule), seen: make(map[string][]string)}
	if err := p.listen(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.end()
		p.hangUp()
		p.handling.Wait()
		p.client.CloseIdleConnections()
	})
	return p
}

func (p *proxy) baseURL() string { return "http://" + p.address + "/tenants/local/api/v2" }

// listen begins to accept connections, at the same address each time.
func (p *proxy) listen() error {
	at := "127.0.0.1:0"
	if p.address != "" {
		at = p.address
	}
	listener, err := net.Listen("tcp", at)
	if err != nil {
		return err
	}
	p.address = listener.Addr().String()
	p.server = &http.Server{Handler: p, ConnState: func(conn net.Conn, state http.ConnState) {
		before, _ := p.states.Swap(conn, state)
		if state == http.StateActive {
			p.open.Add(1)
		} else if before == http.StateActive {
			p.open.Add(-1)
		}
		if state == http.StateClosed || state == http.StateHijacked {
			p.states.Delete(conn)
		}
	}}
	server := p.server
	p.serving.Go(func() { _ = server.Serve(listener) })
	return nil
}

// hangUp refuses connections and drops those that are open.
func (p *proxy) hangUp() {
	_ = p.server.Close()
	p.serving.Wait()
}

// closeIdle drops the products' connections that carry no request.
func (p *proxy) closeIdle() {
	p.states.Range(func(conn, state any) bool {
		if state == http.StateIdle {
			_ = conn.(net.Conn).Close()
		}
		return true
	})
}

// obey sets the rules of an agent.
func (p *proxy) obey(agentID string, rules ...*rule) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules[agentID] = rules
}

// sends are the paths' last segments of the messages the tenant saw.
func (p *proxy) sends(agentID string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen[agentID]
}

func (p *proxy) take(agentID string, what kind) rule {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.rules[agentID] {
		if r.on != what {
			continue
		}
		r.used++
		if r.used > r.skip && (r.times == 0 || r.used <= r.skip+r.times) {
			return *r
		}
	}
	return rule{}
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.handling.Add(1)
	defer p.handling.Done()
	what, agentID := classify(r)
	c := &carriage{proxy: p, w: w, r: r, rule: p.take(agentID, what), agentID: agentID, what: what}
	c.carry()
}

// kind is what a request is about.
type kind uint8

const (
	other  kind = iota
	agent       // GET one agent
	list        // GET its conversations
	create      // POST a conversation
	read        // GET the messages of one
	send        // POST a message, either way
)

func classify(r *http.Request) (what kind, agentID string) {
	_, path, found := strings.Cut(r.URL.Path, "/agents/")
	if !found {
		return other, ""
	}
	segments := strings.Split(strings.Trim(path, "/"), "/")
	agentID = segments[0]
	last := segments[len(segments)-1]
	get, post := r.Method == http.MethodGet, r.Method == http.MethodPost
	switch {
	case len(segments) == 1 && get:
		what = agent
	case len(segments) == 2 && last == "conversations" && get:
		what = list
	case len(segments) == 2 && last == "conversations" && post:
		what = create
	case len(segments) == 4 && last == "messages" && get:
		what = read
	case len(segments) == 4 && post && (last == "messages" || last == "stream"):
		what = send
	}
	return what, agentID
}

// carriage is one request on its way.
type carriage struct {
	*proxy
	w       http.ResponseWriter
	r       *http.Request
	rule    rule
	agentID string
	what    kind
}

func (c *carriage) streams() bool {
	return c.what == send && strings.HasSuffix(c.r.URL.Path, "/stream")
}

func (c *carriage) carry() {
	switch c.rule.at {
	case atHeaders:
		c.rule.happen()
		c.lose()
		return
	case insideRequest:
		_, _ = io.CopyN(io.Discard, c.r.Body, max(c.r.ContentLength/2, 1))
		c.rule.happen()
		c.lose()
		return
	}
	body, err := io.ReadAll(c.r.Body)
	if err != nil {
		return // the product has gone
	}
	ctx, cancel := context.WithCancel(c.r.Context())
	if c.rule.unnoticed {
		ctx, cancel = context.WithCancel(c.life)
	}
	defer cancel()
	arriving := make(chan *http.Response, 1)
	go func() { arriving <- c.forward(ctx, body) }()
	var response *http.Response
	if c.rule.at == atWork && !c.streams() {
		if response = c.waitAtWork(arriving); response == nil {
			return
		}
	} else {
		response = <-arriving
	}
	if response == nil {
		c.lose()
		return
	}
	defer response.Body.Close()
	c.deliver(response)
}

// waitAtWork lets the agent begin, then does what is to be done while it works. It
// returns the answer where that is still to be delivered.
func (c *carriage) waitAtWork(arriving <-chan *http.Response) *http.Response {
	for !c.atWork() {
		select {
		case response := <-arriving:
			if response != nil {
				c.rule.happen()
			}
			return response
		case <-time.After(20 * time.Millisecond):
		}
	}
	c.rule.happen()
	if c.rule.do == pass {
		return <-arriving
	}
	c.spoil()
	if !c.rule.unnoticed {
		return nil
	}
	if response := <-arriving; response != nil {
		_, _ = io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
	return nil
}

// atWork tells that the agent has begun to answer a message that was posted.
func (c *carriage) atWork() bool {
	request, err := http.NewRequestWithContext(c.life, http.MethodGet, "http://"+c.upstream+c.r.URL.Path, http.NoBody)
	if err != nil {
		return false
	}
	request.Header.Set("Authorization", c.r.Header.Get("Authorization"))
	response, err := c.client.RoundTrip(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return err == nil && bytes.Contains(body, []byte(`"role":"agent"`))
}

// forward gives the answer of the tenant, nil where there is none.
func (c *carriage) forward(ctx context.Context, body []byte) *http.Response {
	if c.what == send {
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(info httptrace.WroteRequestInfo) {
			if info.Err == nil {
				c.count()
			}
		}})
	}
	request, err := http.NewRequestWithContext(ctx, c.r.Method, "http://"+c.upstream+c.r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return nil
	}
	for _, name := range []string{"Authorization", "Accept", "Content-Type", "User-Agent"} {
		if value := c.r.Header.Get(name); value != "" {
			request.Header.Set(name, value)
		}
	}
	if c.rule.fault != "" {
		request.Header.Set(faults.Header, c.rule.fault)
	}
	response, err := c.client.RoundTrip(request)
	if err != nil {
		return nil
	}
	return response
}

func (c *carriage) count() {
	c.mu.Lock()
	defer c.mu.Unlock()
	segments := strings.Split(c.r.URL.Path, "/")
	c.seen[c.agentID] = append(c.seen[c.agentID], segments[len(segments)-1])
}

// lose resets the product's connection.
func (c *carriage) lose() { c.hangUpOn(true) }

func (c *carriage) hangUpOn(reset bool) {
	conn, _, err := http.NewResponseController(c.w).Hijack()
	if err != nil {
		return // it has gone
	}
	if tcp, ok := conn.(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
