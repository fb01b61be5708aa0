package contracttest

import (
	"io"
	"net/http"
)

// Wrap puts the checker in front of a transport: a client that uses it is checked,
// and so is whoever answers.
func (c *Checker) Wrap(next http.RoundTripper) http.RoundTripper {
	return &transport{checker: c, next: next}
}

type transport struct {
	checker *Checker
	next    http.RoundTripper
}

// RoundTrip passes a request on. Without an answer there is nothing to check.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	e := t.checker.begin(r)
	response, err := t.next.RoundTrip(e.outgoing(r))
	if err != nil {
		return response, err
	}
	e.answered(response.StatusCode, response.Header, response.ContentLength)
	response.Body = &receivedBody{ReadCloser: response.Body, exchange: e}
	return response, nil
}

// CloseIdleConnections lets [http.Client.CloseIdleConnections] through.
func (t *transport) CloseIdleConnections() {
	if closer, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// outgoing is the request with a body that is captured, also when it is sent
// again. A transport may not change the one it was given.
func (e *exchange) outgoing(r *http.Request) *http.Request {
	if r.Body == nil || r.Body == http.NoBody {
		return r
	}
	out := r.WithContext(r.Context())
	out.Body = &sentBody{ReadCloser: r.Body, capture: &e.sent}
	if r.GetBody != nil {
		out.GetBody = func() (io.ReadCloser, error) {
			again, err := r.GetBody()
			if err != nil {
				return nil, err
			}
			e.sent.reset()
			return &sentBody{ReadCloser: again, capture: &e.sent}, nil
		}
	}
	return out
}

// receivedBody shows an answer to the checker while its client reads it.
type receivedBody struct {
	io.ReadCloser
	exchange *exchange
}

func (b *receivedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.exchange.passed(p[:n])
	if err != nil {
		b.exchange.end(err == io.EOF)
	}
	return n, err
}

// Close ends the exchange, whole if all that was promised has been read.
func (b *receivedBody) Close() error {
	b.exchange.end(b.exchange.nothingLeft())
	return b.ReadCloser.Close()
}
