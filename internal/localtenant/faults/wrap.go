package faults

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"time"
)

// Answer writes an error in the wrapped server's own form.
type Answer func(w http.ResponseWriter, status int, message string)

// Wrap gives a handler that fails as the standing faults and the requests demand.
// A fault that does not parse is answered with 422.
func (s *Switches) Wrap(next http.Handler, answer Answer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		taken, err := s.take(r)
		if err != nil {
			answer(w, http.StatusUnprocessableEntity, "header -> "+Header+": "+err.Error())
			return
		}
		handler := next
		for _, fault := range taken {
			handler = fault.wrap(handler, answer)
		}
		handler.ServeHTTP(w, r)
	})
}

func (f Fault) wrap(next http.Handler, answer Answer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.Latency > 0 && !delay(r, f.Latency) {
			return
		}
		r = r.WithContext(withFault(r.Context(), f))
		switch {
		case f.Cut.Where == CutBody:
			_, _ = io.Copy(io.Discard, r.Body)
			abort()
		case f.Cut.Where == CutHeaders:
			next.ServeHTTP(&nowhere{begin: abort}, r)
			abort()
		case f.Status != 0:
			if f.Store {
				next.ServeHTTP(&nowhere{begin: func() {}}, r)
			}
			f.respond(w, answer)
		case f.inStream():
			w.Header().Set(Header, spoiled)
			next.ServeHTTP(&streamWriter{ResponseWriter: w, ctx: r.Context(), fault: f}, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func (f Fault) respond(w http.ResponseWriter, answer Answer) {
	w.Header().Set(Header, spoiled)
	if f.RetryAfter > 0 {
		seconds := int(math.Ceil(f.RetryAfter.Seconds()))
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
	}
	if !f.HTML {
		answer(w, f.Status, "This error was asked for as a fault.")
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(f.Status)
	title := strconv.Itoa(f.Status) + " " + http.StatusText(f.Status)
	_, _ = fmt.Fprintf(w, "<html><head><title>%[1]s</title></head><body><h1>%[1]s</h1></body></html>\n", title)
}

// abort drops the connection as a crash would: the client sees no clean end.
func abort() { panic(http.ErrAbortHandler) }

// readAhead is how much of a body is held in memory during a delay.
const readAhead = 8 << 20

// delay waits unless the client goes away, which net/http notices only once the
// body has been read.
func delay(r *http.Request, d time.Duration) bool {
	ahead, err := io.ReadAll(io.LimitReader(r.Body, readAhead))
	rest := r.Body
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(ahead), errorReader{err}, rest), rest}
	return sleep(r.Context(), d)
}

// errorReader repeats the error of a body, if it had one.
type errorReader struct{ err error }

func (e errorReader) Read([]byte) (int, error) {
	if e.err != nil {
		return 0, e.err
	}
	return 0, io.EOF
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// nowhere takes an answer that will not arrive; begin is called in the place of
// its headers.
type nowhere struct {
	header http.Header
	begin  func()
}

func (n *nowhere) Header() http.Header {
	if n.header == nil {
		n.header = http.Header{}
	}
	return n.header
}

func (n *nowhere) WriteHeader(int) { n.begin() }

func (n *nowhere) Write(p []byte) (int, error) { return len(p), nil }
