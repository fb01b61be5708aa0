package contracttest

import (
	"maps"
	"net/http"
)

// Handler puts the checker in front of a handler: each of its answers is checked,
// and so is whoever asks.
func (c *Checker) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := c.begin(r)
		watched := &answerWriter{ResponseWriter: w, exchange: e}
		complete := false
		defer func() { watched.finish(complete) }() // also of a handler that cuts its answer by a panic
		next.ServeHTTP(watched, e.outgoing(r))
		complete = r.Context().Err() == nil // or nobody is left to be answered
	})
}

// answerWriter shows an answer to the checker while a handler writes it.
type answerWriter struct {
	http.ResponseWriter
	exchange *exchange
	begun    bool
}

// Unwrap lets http.ResponseController flush.
func (a *answerWriter) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answerWriter) WriteHeader(status int) {
	if !a.begun && status >= http.StatusOK {
		a.begun = true
		a.exchange.answered(status, maps.Clone(a.Header()), -1)
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answerWriter) Write(p []byte) (int, error) {
	if !a.begun {
		a.WriteHeader(http.StatusOK)
	}
	n, err := a.ResponseWriter.Write(p)
	a.exchange.passed(p[:n])
	return n, err
}

// finish ends the exchange. A handler that returns without a word answers 200; one
// that panics before it has begun does not answer.
func (a *answerWriter) finish(complete bool) {
	if !a.begun && complete {
		a.exchange.answered(http.StatusOK, maps.Clone(a.Header()), 0)
		a.begun = true
	}
	if a.begun {
		a.exchange.end(complete)
	}
}
