package contracttest

import (
	"net/http"
	"net/url"
	"sync"

	"sema4mcp/internal/localtenant/faults"
)

// exchange is one request and its answer as they pass.
type exchange struct {
	checker *Checker

	target
	method string
	url    *url.URL
	header http.Header
	length int64
	sent   capture

	answer answer
	once   sync.Once
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	length int64
	got    capture
	events *events // of a stream; nothing is kept then
}

func (c *Checker) begin(r *http.Request) *exchange {
	e := &exchange{checker: c, method: r.Method, url: r.URL, header: r.Header, length: r.ContentLength}
	switch {
	case r.Body == nil || r.Body == http.NoBody:
		e.length = 0
	case e.length == 0: // a client's way to say that it does not know
		e.length = -1
	}
	e.target = c.doc.find(r.Method, r.URL)
	return e
}

// name is how reports call the operation.
func (e *exchange) name() string {
	if e.route == nil {
		return e.method + " " + e.url.Path
	}
	return e.method + " " + e.route.Path + " (" + e.route.Operation.OperationID + ")"
}

func (e *exchange) report(what string) { e.checker.report(e.name(), what) }

// answered takes the head of the answer. A header map that may still change must
// be a copy.
func (e *exchange) answered(status int, header http.Header, length int64) {
	e.answer.status, e.answer.header, e.answer.length = status, header, length
	if e.route != nil && status == http.StatusOK && mediaType(header) == eventStream && !e.spoiled() {
		e.answer.events = &events{schemas: e.checker.doc.events, report: func(what string) { e.report("stream: " + what) }}
	}
}

// passed takes a piece of the answer's body.
func (e *exchange) passed(p []byte) {
	if e.answer.events != nil {
		e.answer.events.write(p)
		return
	}
	if keeps(mediaType(e.answer.header)) {
		e.answer.got.add(p)
		return
	}
	e.answer.got.count(p)
}

// nothingLeft tells whether all of the answer that the headers promise has come.
func (e *exchange) nothingLeft() bool {
	return e.method == http.MethodHead || e.answer.got.body(e.answer.length).whole
}

// spoiled tells whether a fault was asked for or has had its effect.
func (e *exchange) spoiled() bool {
	return e.header.Get(faults.Header) != "" || e.answer.header.Get(faults.Header) != ""
}

// end checks the exchange; complete says that the answer came to its end.
func (e *exchange) end(complete bool) {
	e.once.Do(func() {
		if complete {
			e.answer.got.end()
		}
		if !e.spoiled() {
			e.check(complete)
		}
	})
}

func (e *exchange) check(complete bool) {
	wrong, known := e.checkRequest()
	if wrong != "" {
		if e.checker.insistsOnRequests() && !e.foreign {
			e.report("request: " + wrong)
		}
		e.checkRefusal(wrong)
		return
	}
	if problem := e.checkAnswer(complete); problem != "" {
		e.report(problem)
		return
	}
	if stream := e.answer.events; stream != nil {
		complete = stream.finished.Load()
	}
	if known && complete {
		exercised.add(e.route.Operation.OperationID, e.answer.status)
	}
}
