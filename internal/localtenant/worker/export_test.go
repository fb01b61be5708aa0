package worker

import "net/http"

// Canonical and Sign are what a receiver has to compute.
var (
	Canonical = canonical
	Sign      = sign
)

// SetTransport lets callbacks go elsewhere.
func (w *Worker) SetTransport(t http.RoundTripper) { w.client.Transport = t }
