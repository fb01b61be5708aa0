package mcpserver

import (
	"context"
	"net/http"

	"github.com/sourcegraph/jsonrpc2"
)

// byKey is the gate of callers who bring a key of the tenant themselves. It
// publishes no metadata: some hosts drop the key that they were given where a server
// has any.
type byKey struct{ base baseURL }

const keyChallenge = `Bearer realm="Sema4.ai"`

func (g byKey) identify(r *http.Request) (identity, *refusal) {
	key := bearer(r)
	if key == "" {
		return nil, &refusal{status: http.StatusUnauthorized, code: jsonrpc2.CodeInvalidRequest, challenge: keyChallenge,
			message: "there is no API key: send the header Authorization: Bearer KEY, with a key made under Configuration > API Keys in the Sema4.ai application"}
	}
	return keyHolder{g.base, key}, nil
}

func (byKey) ready(context.Context) error { return nil }

func (g byKey) probes() []string { return []string{g.base.probe()} }

func (byKey) metadata() ([]string, http.Handler) { return nil, nil }

func (byKey) advice() string {
	return "Send the header <code>Authorization: Bearer KEY</code> with a key made under Configuration &gt; API Keys in the Sema4.ai application. The server keeps no key."
}

func (byKey) renew(context.Context) error { return nil }

func (byKey) close() {}

// keyHolder is somebody with a key.
type keyHolder struct {
	base baseURL
	key  string
}

func (h keyHolder) principals(tenant string) ([]principal, *refusal) {
	base, err := h.base.forTenant(tenant)
	if err != nil {
		return nil, refusalOf(errNoSuchTenant{err})
	}
	return []principal{{base: base, key: h.key, secret: h.key}}, nil
}

func (keyHolder) refused(err error) *refusal {
	r := refusalOf(err)
	if r.status == http.StatusUnauthorized {
		r.challenge = keyChallenge
	}
	return r
}
