// Package faults makes an HTTP server fail on demand, so that its clients can be
// tested: a [Fault] is parsed from text, [Switches] hold the standing ones and
// wrap a handler.
//
// A fault is a list of directives separated by commas:
//
//	latency=200ms          wait before anything else
//	status=503             answer this error; nothing is done
//	status=503;store       do what was asked, then answer this error; a run is only started, and goes on
//	html=502               answer an HTML error page, as a gateway does; also with ;store
//	retry-after=2s         give status or html a Retry-After
//	cut=body               read the request, then drop the connection; nothing is done
//	cut=headers            do what was asked, then drop the connection before the answer's headers;
//	                       a synchronous run is only started, and goes on
//	cut=event:N            drop the connection after N events of the stream
//	cut=mid-event:N        drop the connection inside the N-th event
//	stall=event:N;30s      after N events, send nothing for that long
//	garbage=event:N        the data of the N-th event is not JSON
//	unknown-op=event:N     the N-th event, or the next one with a delta, has an operation nobody knows
//	match=POST …/stream    only requests of this method with a path that ends so
//	times=K                only the first K of them
//
// A request carries faults of its own in the header [Header]. Standing faults hold
// for all requests; several are written one to a line.
package faults

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

// Header is the request header that asks for a fault. In an answer it says that a
// fault has spoiled it.
const Header = "X-Local-Fault"

// spoiled is the Header of such an answer.
const spoiled = "spoiled"

// Path is where, below the API's base, standing faults are set. Requests to it
// never fail.
const Path = "local/faults"

// Fault is what goes wrong with a request. The zero Fault is none.
type Fault struct {
	Method string // empty: any
	Suffix string // of the path
	Times  int    // 0: every time

	Latency    time.Duration
	Status     int
	HTML       bool // the answer with Status is an HTML page
	Store      bool // the answer with Status comes after the work
	RetryAfter time.Duration

	Cut       Cut
	Stall     Stall
	Garbage   int // the number of an event, from 1; 0: none
	UnknownOp int // likewise
}

// Cut is where a connection is dropped.
type Cut struct {
	Where CutPoint
	Event int
}

// CutPoint is a kind of Cut.
type CutPoint string

// The points at which a connection can be dropped; CutNever is the zero value.
const (
	CutNever       CutPoint = ""
	CutBody        CutPoint = "body"
	CutHeaders     CutPoint = "headers"
	CutAfterEvent  CutPoint = "event"
	CutInsideEvent CutPoint = "mid-event"
)

// Stall is a silence of a stream after some of its events.
type Stall struct {
	AfterEvent int
	For        time.Duration // 0: no stall
}

func (f Fault) matches(r *http.Request) bool {
	return (f.Method == "" || f.Method == r.Method) &&
		strings.HasSuffix(strings.TrimSuffix(r.URL.Path, "/"), f.Suffix)
}

func (f Fault) inStream() bool {
	return f.Cut.Where == CutAfterEvent || f.Cut.Where == CutInsideEvent ||
		f.Stall.For > 0 || f.Garbage > 0 || f.UnknownOp > 0
}

// Switches hold the standing faults. They are safe for concurrent use; the zero
// Switches hold none.
type Switches struct {
	mu       sync.Mutex // guards what follows
	text     string
	standing []*countdown
}

type countdown struct {
	Fault
	used int
}

// Set replaces the standing faults by those in text, one to a line.
func (s *Switches) Set(text string) error {
	var standing []*countdown
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		fault, err := Parse(line)
		if err != nil {
			return err
		}
		standing = append(standing, &countdown{Fault: fault})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text, s.standing = strings.TrimSpace(text), standing
	return nil
}

// Clear ends all standing faults.
func (s *Switches) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text, s.standing = "", nil
}

// Text is what was last set.
func (s *Switches) Text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text
}

// take gives the faults of a request: those it asks for, then standing ones.
func (s *Switches) take(r *http.Request) ([]Fault, error) {
	if strings.HasSuffix(strings.TrimSuffix(r.URL.Path, "/"), "/"+Path) {
		return nil, nil
	}
	var taken []Fault
	for _, text := range r.Header.Values(Header) {
		fault, err := Parse(text)
		if err != nil {
			return nil, err
		}
		if fault.matches(r) {
			taken = append(taken, fault)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, standing := range s.standing {
		if standing.matches(r) && (standing.Times == 0 || standing.used < standing.Times) {
			standing.used++
			taken = append(taken, standing.Fault)
		}
	}
	return taken, nil
}
