package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/singleflight"

	"sema4mcp/internal/loopback"
)

// Issuer is an authorization server as a resource server sees it: a name, and the
// keys that its tokens are signed with. Nothing is fetched before the first token.
type Issuer struct {
	config IssuerConfig
	url    *url.URL
	client *http.Client

	life    context.Context // of what is fetched: no caller's leaving cuts it off
	end     context.CancelFunc
	renewal sync.WaitGroup
	group   singleflight.Group

	mu     sync.Mutex // guards all below
	known  *published // nil until the issuer was reached
	tried  time.Time  // when it was last asked
	failed error      // what came of that
}

// IssuerConfig says which authorization server it is.
type IssuerConfig struct {
	// URL is the issuer's identifier, which its metadata and tokens repeat. It is
	// an https URL, or http on this machine.
	URL string
	// Transport carries the requests to it; nil means [http.DefaultTransport].
	Transport http.RoundTripper
	// Now is the clock; nil means [time.Now].
	Now func() time.Time
	// Fetched is told what came of each fetching of the keys; nil for nobody.
	Fetched func(error)
}

// published is what the issuer says of itself.
type published struct {
	issuer string // as its tokens have it
	keys   []jose.JSONWebKey
	at     time.Time
}

// How old keys may become before they are fetched anew beside the requests, how
// often the issuer is asked at most whatever tokens come, and how long it may
// take to answer one request.
const (
	keysFor     = 10 * time.Minute
	askEvery    = 5 * time.Second
	fetchWithin = 4 * time.Second
)

// NewIssuer checks the URL. The error says what it has to look like.
func NewIssuer(config IssuerConfig) (*Issuer, error) {
	parsed, err := url.Parse(config.URL)
	if err != nil || parsed.Host == "" || parsed.User != nil || parsed.RawQuery != "" || parsed.Fragment != "" || !secure(parsed) {
		return nil, errors.New("the issuer must be the https URL that its own metadata names as issuer, without user, query or fragment")
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	i := &Issuer{config: config, url: parsed}
	i.client = &http.Client{Transport: config.Transport, Timeout: fetchWithin, CheckRedirect: onlySecurely}
	i.life, i.end = context.WithCancel(context.Background())
	return i, nil
}

// secure tells whether nobody on the way can put in keys of their own.
func secure(u *url.URL) bool {
	return u.Scheme == "https" || u.Scheme == "http" && loopback.Is(u.Host)
}

func onlySecurely(request *http.Request, via []*http.Request) error {
	if len(via) > 3 || !secure(request.URL) {
		return errors.New("it redirects where this server does not follow")
	}
	return nil
}

// URL is the issuer's identifier, as it was given.
func (i *Issuer) URL() string { return i.config.URL }

// Close ends what is being fetched, and waits for it.
func (i *Issuer) Close() {
	i.mu.Lock()
	i.end() // no fetching begins after this
	i.mu.Unlock()
	i.renewal.Wait()
}

// UnavailableError is why no token can be verified at present. It says nothing
// about the token.
type UnavailableError struct{ Err error }

func (e *UnavailableError) Error() string {
	return fmt.Sprintf("the authorization server cannot be reached: %v", e.Err)
}

func (e *UnavailableError) Unwrap() error { return e.Err }

// Ready tells whether tokens can be verified: an [*UnavailableError] where not.
func (i *Issuer) Ready(ctx context.Context) error {
	_, err := i.keys(ctx, false)
	return err
}

// keys are those that are known, fetched first where there are none. Fresh wants
// them as they are now, which is granted every few seconds only: anybody can make
// up a token with a key that nobody has. Every error is an [*UnavailableError].
func (i *Issuer) keys(ctx context.Context, fresh bool) (*published, error) {
	i.mu.Lock()
	known, failed, sinceTried := i.known, i.failed, i.config.Now().Sub(i.tried)
	i.mu.Unlock()
	switch {
	case sinceTried >= 0 && sinceTried < askEvery && failed != nil && (fresh || known == nil):
		return nil, &UnavailableError{failed}
	case known != nil && (!fresh || sinceTried >= 0 && sinceTried < askEvery):
		if i.config.Now().Sub(known.at) > keysFor && sinceTried >= askEvery {
			i.fetch() // beside the requests: the keys that are known stay good while the issuer is away
		}
		return known, nil
	}
	select {
	case <-ctx.Done():
		return nil, &UnavailableError{ctx.Err()}
	case result := <-i.fetch():
		if result.Err != nil {
			return nil, &UnavailableError{result.Err}
		}
		return result.Val.(*published), nil
	}
}

// fetch asks the issuer once, however many wait for the answer.
func (i *Issuer) fetch() <-chan singleflight.Result {
	return i.group.DoChan("", func() (any, error) {
		i.mu.Lock()
		if i.life.Err() != nil {
			i.mu.Unlock()
			return nil, i.life.Err()
		}
		i.renewal.Add(1)
		i.mu.Unlock()
		defer i.renewal.Done()
		found, err := i.discover(i.life)
		i.mu.Lock()
		defer i.mu.Unlock()
		i.tried, i.failed = i.config.Now(), err
		if err == nil {
			i.known = found
		}
		if i.config.Fetched != nil {
			i.config.Fetched(err)
		}
		return found, err
	})
}

// sameIssuer tolerates a trailing slash in how the operator wrote the issuer.
func sameIssuer(configured, published string) bool {
	return published != "" && strings.TrimSuffix(configured, "/") == strings.TrimSuffix(published, "/")
}
