package faultmatrix_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// rule is what goes wrong with the requests of one kind.
type rule struct {
	on    kind
	skip  int // so many pass first
	times int // so often; 0: always

	fault string // the tenant's own switch: see package faults

	at        point
	event     func(event) bool // for atEvent and insideEvent
	do        deed
	unnoticed bool          // the tenant goes on as if the product still listened
	hook      func()        // called at that point, before the deed
	latency   time.Duration // of a stall

	used int
}

func (r *rule) happen() {
	if r.hook != nil {
		r.hook()
	}
}

// point is where a rule takes effect.
type point uint8

const (
	nowhere       point = iota
	atHeaders           // the request's headers have come, nothing goes on to the tenant
	insideRequest       // half of the body has come, nothing goes on to the tenant
	atWork              // the message stands and the agent has begun to answer
	atAnswer            // the answer, or the stream's last event, has come from the tenant
	atEvent             // the event has been passed on
	insideEvent         // half of the event has been passed on
)

// deed is what is done there to the product's connection.
type deed uint8

const (
	pass         deed = iota
	reset             // RST
	cut               // closed in the middle
	finish            // closed as if that were all
	cutHeaders        // closed inside the answer's headers
	cutBody           // closed inside the answer's body
	timeOut           // a gateway's page with the status 504
	page              // a page with the status 200
	silence           // nothing more comes, and the connection stays
	briefSilence      // nothing comes for the rule's latency
)

// spoil does the deed in place of an answer.
func (c *carriage) spoil() {
	const html = "<html><body><h1>Please wait</h1></body></html>\n"
	switch c.rule.do {
	case timeOut, page:
		c.w.Header().Set("Content-Type", "text/html")
		if c.rule.do == timeOut {
			c.w.WriteHeader(http.StatusGatewayTimeout)
		}
		_, _ = io.WriteString(c.w, html)
	case silence:
		c.wait(0)
	case cutHeaders:
		if conn, _, err := http.NewResponseController(c.w).Hijack(); err == nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Ty")
			_ = conn.Close()
		}
	default:
		c.hangUpOn(c.rule.do == reset)
	}
}

// wait keeps the product waiting, until it gives up or so long.
func (c *carriage) wait(atMost time.Duration) {
	var over <-chan time.Time
	if atMost > 0 {
		over = time.After(atMost)
	}
	select {
	case <-over:
	case <-c.r.Context().Done():
	case <-c.life.Done():
	}
}

// deliver passes the tenant's answer on, as far as the rule lets it.
func (c *carriage) deliver(response *http.Response) {
	stream := strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream")
	if c.rule.at == atAnswer && !stream || c.rule.do == cutHeaders || c.rule.do == page {
		c.rule.happen()
		if c.rule.do != pass && c.rule.do != cutBody {
			c.spoil()
			c.ignore(response)
			return
		}
	}
	for _, name := range []string{"Content-Type", "Retry-After"} {
		if value := response.Header.Get(name); value != "" {
			c.w.Header().Set(name, value)
		}
	}
	if stream {
		c.w.WriteHeader(response.StatusCode)
		c.relay(response)
		return
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		c.hangUpOn(false)
		return
	}
	c.w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	c.w.WriteHeader(response.StatusCode)
	if c.rule.do == cutBody {
		_, _ = c.w.Write(body[:len(body)/2])
		_ = http.NewResponseController(c.w).Flush()
		c.hangUpOn(false)
		return
	}
	_, _ = c.w.Write(body)
}

// ignore reads an answer that nobody gets to its end, for as long as the tenant is
// to think that it is read.
func (c *carriage) ignore(response *http.Response) {
	if c.rule.unnoticed {
		_, _ = io.Copy(io.Discard, response.Body)
	}
}

// event is one of a stream, as rules look at it.
type event struct {
	Type  string `json:"event_type"`
	Delta struct {
		Op    string
		Path  string
		Value json.RawMessage
	}
}

// relay passes events on until the rule's.
func (c *carriage) relay(response *http.Response) {
	control := http.NewResponseController(c.w)
	frames := bufio.NewReader(response.Body)
	var frame bytes.Buffer
	for {
		line, err := frames.ReadBytes('\n')
		frame.Write(line)
		if err != nil {
			_, _ = c.w.Write(frame.Bytes())
			_ = control.Flush()
			if err != io.EOF {
				c.hangUpOn(false)
			}
			return
		}
		if len(bytes.TrimSpace(line)) > 0 {
			continue
		}
		gone := c.pass(frame.Bytes(), control)
		frame.Reset()
		if gone {
			c.ignore(response)
			return
		}
	}
}

// pass tells that the product has been left there.
func (c *carriage) pass(frame []byte, control *http.ResponseController) (gone bool) {
	this := c.meets(frame)
	shown := frame
	switch {
	case this && c.rule.at == atAnswer:
		shown = nil
	case this && c.rule.at == insideEvent:
		shown = frame[:len(frame)/2]
	}
	if _, err := c.w.Write(shown); err != nil {
		return true
	}
	_ = control.Flush()
	if !this {
		return false
	}
	c.rule.happen()
	switch c.rule.do {
	case pass, briefSilence:
		if c.rule.do == briefSilence {
			c.wait(c.rule.latency)
		}
		_, _ = c.w.Write(frame[len(shown):])
		_ = control.Flush()
		return false
	case finish:
	case silence:
		c.wait(0)
	default:
		c.hangUpOn(c.rule.do == reset)
	}
	return true
}

// meets tells whether a frame is the event that the rule waits for.
func (c *carriage) meets(frame []byte) bool {
	_, data, found := bytes.Cut(frame, []byte("data: "))
	var e event
	if !found || json.Unmarshal(data, &e) != nil {
		return false
	}
	switch c.rule.at {
	case atWork:
		return e.Delta.Op == "add" && e.Delta.Path == "/content/1"
	case atAnswer:
		return e.Type == "agent_finished"
	case atEvent, insideEvent:
		return c.rule.event(e)
	}
	return false
}
