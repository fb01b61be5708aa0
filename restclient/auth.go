package restclient

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// authScheme makes the value of an Authorization header from a key.
type authScheme func(key string) string

func bearerScheme(key string) string    { return "Bearer " + key }
func snowflakeScheme(key string) string { return `Snowflake Token="` + key + `"` }

// checkKey refuses what could not be a header: net/http would say so only at
// the first request.
func checkKey(key string) error {
	if key == "" {
		return errors.New("the API key is empty; create one in the application, Configuration > API Keys")
	}
	for _, r := range key {
		if r <= ' ' || r > '~' || r == '"' {
			return errors.New("the API key holds a space, a line break, a quote or a character outside ASCII; " +
				"copy the key again, alone")
		}
	}
	return nil
}

// authTransport adds the key to requests for one origin. Setting it here and
// not on the request keeps a redirect from carrying it to another host.
type authTransport struct {
	next       http.RoundTripper
	origin     origin
	credential *credential
}

func (t *authTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if originOf(req.URL) != t.origin {
		return t.next.RoundTrip(req)
	}
	key := t.credential.current()
	response, err := t.next.RoundTrip(t.authorized(req, key))
	if err != nil || response.StatusCode != http.StatusUnauthorized {
		return response, err
	}
	renewed := t.credential.renewed(req.Context(), key)
	if renewed == key {
		return response, nil
	}
	again := t.authorized(req, renewed)
	if !rewind(again) {
		return response, nil // whoever sends it again has the new key
	}
	discard(response.Body)
	return t.next.RoundTrip(again)
}

func (t *authTransport) authorized(req *http.Request, key string) *http.Request {
	authorized := req.Clone(req.Context())
	authorized.Header.Set("Authorization", t.credential.scheme(key))
	return authorized
}

// rewind gives a request the body that it was sent with; false means that this
// is gone.
func rewind(req *http.Request) bool {
	if req.Body == nil || req.Body == http.NoBody {
		return true
	}
	if req.GetBody == nil {
		return false
	}
	body, err := req.GetBody()
	req.Body = body
	return err == nil
}

// CloseIdleConnections lets [http.Client.CloseIdleConnections] through.
func (t *authTransport) CloseIdleConnections() {
	if closer, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

type origin struct{ scheme, host, port string }

func originOf(u *url.URL) origin {
	o := origin{scheme: u.Scheme, host: strings.ToLower(u.Hostname()), port: u.Port()}
	if o.port == "" {
		o.port = map[string]string{"http": "80", "https": "443"}[o.scheme]
	}
	return o
}
