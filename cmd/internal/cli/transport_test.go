package cli_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"sema4mcp/cmd/internal/cli"
)

// completed are settings as a command with these arguments has them, in an empty home.
func completed(t *testing.T, args ...string) (*cli.Settings, error) {
	t.Helper()
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	var settings cli.Settings
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	settings.TenantFlags(flags)
	settings.KeyFlag(flags)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return &settings, settings.Complete()
}

// get asks a server through the transport of settings.
func get(t *testing.T, url string, args ...string) (string, error) {
	t.Helper()
	settings, err := completed(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	transport, err := settings.Transport()
	if err != nil {
		t.Fatal(err)
	}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Get(url)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

// selfSigned writes a certificate and its key, in PEM.
func selfSigned(t *testing.T) (certificate *x509.Certificate, certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "client"}, NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	if certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return certificate, pemFile(t, "CERTIFICATE", der), pemFile(t, "PRIVATE KEY", encoded)
}

func pemFile(t *testing.T, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOwnAuthorityAndClientCertificate(t *testing.T) {
	client, certFile, keyFile := selfSigned(t)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.TLS.PeerCertificates[0].Subject.CommonName)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: x509.NewCertPool()}
	server.TLS.ClientCAs.AddCert(client)
	server.StartTLS()
	t.Cleanup(server.Close)
	ca := pemFile(t, "CERTIFICATE", server.Certificate().Raw)
	if got, err := get(t, server.URL, "--ca", ca, "--client-cert", certFile, "--client-key", keyFile); err != nil || got != "client" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := get(t, server.URL, "--ca", ca); err == nil {
		t.Error("no error without a client certificate")
	}
	if _, err := get(t, server.URL, "--client-cert", certFile, "--client-key", keyFile); err == nil {
		t.Error("no error without the authority")
	}
	t.Setenv("SEMA4_CA", ca)
	t.Setenv("SEMA4_CLIENT_CERT", certFile)
	t.Setenv("SEMA4_CLIENT_KEY", keyFile)
	if got, err := get(t, server.URL); err != nil || got != "client" {
		t.Errorf("from variables: got %q, %v", got, err)
	}
}

func TestProxy(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "through the proxy to "+r.URL.Host)
	}))
	t.Cleanup(proxy.Close)
	if got, err := get(t, "http://tenant.example/", "--proxy", proxy.URL); err != nil || got != "through the proxy to tenant.example" {
		t.Errorf("got %q, %v", got, err)
	}
	settings, err := completed(t, "--proxy", "none")
	if err != nil {
		t.Fatal(err)
	}
	if transport, err := settings.Transport(); err != nil || transport.Proxy != nil {
		t.Errorf("with none: a proxy is used, or %v", err)
	}
}
