package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// maxDocument bounds what is read of an issuer's documents, maxKeys how many keys
// of one count.
const (
	maxDocument = 1 << 20
	maxKeys     = 100
)

// discover reads the issuer's metadata and then its keys.
func (i *Issuer) discover(ctx context.Context) (*published, error) {
	var metadata struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	var tried []error
	for _, at := range metadataURLs(i.url) {
		metadata.Issuer, metadata.JWKSURI = "", ""
		err := i.get(ctx, at, &metadata)
		if err == nil && !sameIssuer(i.config.URL, metadata.Issuer) {
			err = fmt.Errorf("what %s describes is another issuer", at)
		}
		if err == nil {
			keys, err := i.keySet(ctx, metadata.JWKSURI)
			if err != nil {
				return nil, err
			}
			return &published{metadata.Issuer, keys, i.config.Now()}, nil
		}
		tried = append(tried, err)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(tried...)
}

// metadataURLs are where the metadata of an issuer may be: that of OAuth, RFC
// 8414, goes before that of OpenID Connect, as MCP has it.
func metadataURLs(issuer *url.URL) []string {
	const oauthName, openIDName = "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"
	origin, path := issuer.Scheme+"://"+issuer.Host, strings.TrimSuffix(issuer.EscapedPath(), "/")
	if path == "" {
		return []string{origin + oauthName, origin + openIDName}
	}
	return []string{origin + oauthName + path, origin + openIDName + path, origin + path + openIDName}
}

// keySet reads the public keys for signatures. Those of a kind that is not known
// here are left out, as RFC 7517 has it.
func (i *Issuer) keySet(ctx context.Context, at string) ([]jose.JSONWebKey, error) {
	parsed, err := url.Parse(at)
	if err != nil || parsed.Host == "" || !secure(parsed) {
		return nil, errors.New("its metadata names no https URL as jwks_uri")
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := i.get(ctx, at, &set); err != nil {
		return nil, err
	}
	var keys []jose.JSONWebKey
	for _, raw := range set.Keys[:min(len(set.Keys), maxKeys)] {
		var key jose.JSONWebKey
		if key.UnmarshalJSON(raw) != nil || key.Use != "" && key.Use != "sig" {
			continue
		}
		if public := key.Public(); public.Valid() { // none of a shared secret
			keys = append(keys, public)
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%s holds no public key for signatures", at)
	}
	return keys, nil
}

func (i *Issuer) get(ctx context.Context, at string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/json")
	response, err := i.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxDocument))
	switch {
	case err != nil:
		return fmt.Errorf("%s did not answer whole: %w", at, err)
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("%s answers %s", at, response.Status)
	case json.Unmarshal(body, into) != nil:
		return fmt.Errorf("%s is not the JSON that it should be", at)
	}
	return nil
}
