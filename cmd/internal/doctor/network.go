package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const inside = "the local tenant is inside this program"

// address is the base URL of a tenant elsewhere; nil and a finding where there is none.
func (d *Doctor) address() (*url.URL, []Finding) {
	if d.Settings.Local {
		return nil, one(Skipped, inside)
	}
	if d.upstream.BaseURL == "" {
		return nil, one(Skipped, noTenant)
	}
	base, err := url.Parse(d.upstream.BaseURL)
	if err != nil || base.Hostname() == "" || base.User != nil {
		return nil, one(Skipped, "the base URL is no URL")
	}
	return base, nil
}

// proxyFor is the proxy that requests go through; nil for none.
func (d *Doctor) proxyFor(base *url.URL) (*url.URL, error) {
	transport, ok := d.upstream.Transport.(*http.Transport)
	if !ok || transport.Proxy == nil {
		return nil, nil
	}
	return transport.Proxy(&http.Request{URL: base})
}

func (d *Doctor) dns(ctx context.Context) []Finding {
	base, skip := d.address()
	if base == nil {
		return skip
	}
	host := base.Hostname()
	if net.ParseIP(host) != nil {
		return one(OK, "%s is an address", host)
	}
	ctx, cancel := context.WithTimeout(ctx, checkWithin)
	defer cancel()
	addresses, err := net.DefaultResolver.LookupHost(ctx, host)
	switch proxy, _ := d.proxyFor(base); {
	case err == nil:
		return one(OK, "%s is %s", host, strings.Join(addresses, ", "))
	case proxy != nil:
		return one(Note, "%s is not known here; the proxy looks it up", host)
	default:
		return problem("Check the host in the base URL, and the network", "%s is not known: %v", host, err)
	}
}

func (d *Doctor) proxy(ctx context.Context) []Finding {
	base, skip := d.address()
	if base == nil {
		return skip
	}
	proxy, err := d.proxyFor(base)
	if err != nil {
		return problem("Correct HTTPS_PROXY, HTTP_PROXY or NO_PROXY, or set proxy", "the proxy variables cannot be read: %v", withoutURL(err))
	}
	if proxy == nil {
		return one(OK, "none, the tenant is reached directly")
	}
	from := "the setting proxy"
	if d.Settings.Proxy == "" {
		from = "the proxy variables"
	}
	connection, err := (&net.Dialer{Timeout: checkWithin}).DialContext(ctx, "tcp", withPort(proxy))
	if err != nil {
		return problem("Check the proxy, or set proxy to none", "%s, from %s, cannot be reached: %v", proxy.Host, from, err)
	}
	_ = connection.Close()
	return one(OK, "%s, from %s", proxy.Host, from)
}

// withoutURL leaves out what a variable holds: it may have a password in it.
func withoutURL(err error) error {
	if at, ok := errors.AsType[*url.Error](err); ok {
		return at.Err
	}
	return errors.New("one of them is no URL")
}

func withPort(proxy *url.URL) string {
	if proxy.Port() != "" {
		return proxy.Host
	}
	port := map[string]string{"https": "443", "socks5": "1080", "socks5h": "1080"}[proxy.Scheme]
	if port == "" {
		port = "80"
	}
	return net.JoinHostPort(proxy.Hostname(), port)
}

// connection asks for the base URL without the key.
func (d *Doctor) connection(ctx context.Context) []Finding {
	base, skip := d.address()
	if base == nil {
		return skip
	}
	ctx, cancel := context.WithTimeout(ctx, checkWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base.String(), nil)
	if err != nil {
		return problem("Copy the base URL again", "the base URL cannot be asked for")
	}
	request.Header.Set("User-Agent", d.UserAgent)
	began := time.Now()
	response, err := d.upstream.Transport.RoundTrip(request)
	if err != nil {
		return problem(adviceFor(err), "no connection: %v", err)
	}
	_ = response.Body.Close()
	took := rounded(time.Since(began))
	if response.TLS != nil {
		return one(OK, "%s, first answer in %v", certificate(response.TLS), took)
	}
	if ip := net.ParseIP(base.Hostname()); base.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return problem("Use https:// in the base URL", "not encrypted: the API key can be read on the way")
	}
	return one(OK, "not encrypted, on this machine; first answer in %v", took)
}

func certificate(state *tls.ConnectionState) string {
	leaf := state.PeerCertificates[0]
	return fmt.Sprintf("%s, certificate of %s until %s", tls.VersionName(state.Version), issuer(leaf), leaf.NotAfter.Format(time.DateOnly))
}

func issuer(leaf *x509.Certificate) string {
	if len(leaf.Issuer.Organization) > 0 {
		return leaf.Issuer.Organization[0]
	}
	return leaf.Issuer.CommonName
}

// adviceFor is the next step after a connection that failed.
func adviceFor(err error) string {
	var (
		authority x509.UnknownAuthorityError
		hostname  x509.HostnameError
		invalid   x509.CertificateInvalidError
		unknown   *net.DNSError
		dialled   *net.OpError
		alert     tls.AlertError
		noTLS     tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &authority):
		return "Where a company's own authority signs, name its certificate with --ca FILE, SEMA4_CA or ca in the configuration file"
	case errors.As(err, &hostname):
		return "Check the host in the base URL: the certificate is another host's"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "Check this machine's clock; else the certificate has to be renewed"
	case errors.As(err, &unknown):
		return "Check the host in the base URL, and the network"
	case errors.As(err, &alert), strings.Contains(err.Error(), "remote error: tls"):
		return "Where the tenant wants a client certificate, name it with --client-cert and --client-key"
	case errors.As(err, &noTLS):
		return "Use http:// in the base URL, or the port that speaks TLS"
	case errors.Is(err, context.DeadlineExceeded):
		return "Check the firewall; where a proxy is needed, set HTTPS_PROXY or proxy"
	case errors.As(err, &dialled) && dialled.Op == "proxyconnect":
		return "Check the proxy"
	default:
		return "Check host and port in the base URL; where a proxy is needed, set HTTPS_PROXY or proxy"
	}
}
