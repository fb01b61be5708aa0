package cli

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"

	"sema4mcp/restclient"
)

// noProxy is the setting that keeps a proxy of the environment from being used.
const noProxy = "none"

// maxIdleConnections to the tenant's host: every agent at work holds one, and a
// server has many of them.
const maxIdleConnections = 100

// Transport carries the requests to a tenant elsewhere, through the proxy and with
// the certificates that the settings name. The errors say what to do.
func (s *Settings) Transport() (*http.Transport, error) {
	transport := restclient.NewTransport()
	transport.MaxIdleConnsPerHost = maxIdleConnections
	switch s.Proxy {
	case "":
	case noProxy:
		transport.Proxy = nil
	default:
		proxy, err := url.Parse(s.Proxy)
		if err != nil {
			return nil, errors.New("the proxy is no URL") // checked by Complete
		}
		transport.Proxy = http.ProxyURL(proxy)
	}
	if s.CA == "" && s.ClientCert == "" {
		return transport, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if err := s.trust(config); err != nil {
		return nil, err
	}
	if s.ClientCert != "" {
		certificate, err := tls.LoadX509KeyPair(s.ClientCert, s.ClientKey)
		if err != nil {
			return nil, fmt.Errorf("the client certificate cannot be used: %w", err)
		}
		config.Certificates = []tls.Certificate{certificate}
	}
	transport.TLSClientConfig = config
	return transport, nil
}

func (s *Settings) trust(config *tls.Config) error {
	if s.CA == "" {
		return nil
	}
	data, err := os.ReadFile(s.CA)
	if err != nil {
		return fmt.Errorf("the certificates to trust cannot be read: %w", err)
	}
	if config.RootCAs, err = x509.SystemCertPool(); err != nil {
		config.RootCAs = x509.NewCertPool() // a system without any
	}
	if !config.RootCAs.AppendCertsFromPEM(data) {
		return fmt.Errorf("%s holds no certificate in PEM form, which begins with -----BEGIN CERTIFICATE-----", s.CA)
	}
	return nil
}
