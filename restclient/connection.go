package restclient

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
)

// ErrRequestTimeout is inside the [ConnectionError] of a call that took longer
// than [WithRequestTimeout] allows.
var ErrRequestTimeout = errors.New("no complete answer came")

// ConnectionError is a request that got no answer, or not all of it.
type ConnectionError struct {
	Method string
	Path   string // below the base URL
	// NotSent is true when the request provably never left: the connection
	// could not be made. Otherwise the server may have acted on it.
	NotSent bool
	Err     error
}

func (e *ConnectionError) Error() string {
	text := fmt.Sprintf("%s %s: %v", e.Method, e.Path, e.Err)
	if advice := e.advice(); advice != "" {
		text += "; " + advice
	}
	return text
}

func (e *ConnectionError) Unwrap() error { return e.Err }

func (e *ConnectionError) advice() string {
	_, unresolved := errors.AsType[*net.DNSError](e.Err)
	switch {
	case unresolved:
		return "check the host name in the base URL"
	case untrusted(e.Err):
		return "check the scheme and the host in the base URL, and the certificate of the server"
	case e.NotSent:
		return "check that the server runs and that the base URL names its host and port"
	case errors.Is(e.Err, ErrRequestTimeout):
		return "the server is slow or out of reach"
	}
	return ""
}

// untrusted tells that the TLS handshake showed another server than expected,
// which it will do again.
func untrusted(err error) bool {
	_, unverified := errors.AsType[*tls.CertificateVerificationError](err)
	return unverified || errors.Is(err, http.ErrSchemeMismatch)
}

// neverSent tells which failures come before the first byte of a request:
// looking up the host, dialling it or its proxy, and the TLS handshake.
func neverSent(err error) bool {
	if _, unresolved := errors.AsType[*net.DNSError](err); unresolved || untrusted(err) {
		return true
	}
	failed, ok := errors.AsType[*net.OpError](err)
	return ok && (failed.Op == "dial" || failed.Op == "proxyconnect" || failed.Op == "socks connect")
}

func (c *Client) connectionError(req request, err error) error {
	if unread, ok := errors.AsType[*uploadError](err); ok {
		return fmt.Errorf("%v: %w", req, unread)
	}
	if inner, ok := errors.AsType[*url.Error](err); ok {
		err = inner.Err // its own text holds the query
	}
	if err == io.EOF {
		err = fmt.Errorf("the server closed the connection without an answer: %w", io.ErrUnexpectedEOF)
	}
	return &ConnectionError{Method: req.method, Path: req.path, NotSent: neverSent(err), Err: c.redactor(req).err(err)}
}
