package main

import (
	"context"
	"fmt"

	"github.com/rs/zerolog"
	"github.com/spf13/pflag"

	"sema4mcp/cmd/internal/cli"
	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/loopback"
	"sema4mcp/mcpserver"
)

// How callers of the server come in.
const (
	authKey   = "key"   // with a key of the tenant
	authOAuth = "oauth" // with an access token of an authorization server
)

// The variables that settings of --auth oauth are read from.
const (
	envIssuer    = "SEMA4_OAUTH_ISSUER"
	envPublicURL = "SEMA4_PUBLIC_URL"
	envSecret    = "SEMA4_OAUTH_SECRET"
)

// oauthSettings are those of a server whose callers may come in with tokens.
type oauthSettings struct {
	auth        string
	issuer      string
	audiences   []string
	scopes      []string
	publicURL   string
	tenantsFile string
	secretFile  string

	given *pflag.FlagSet
}

func (o *oauthSettings) flags(flags *pflag.FlagSet) {
	o.given = flags
	flags.StringVar(&o.auth, "auth", authKey, "`how` callers come in: key (each sends an API key of the tenant), oauth (each sends an access token, and the server holds the key)")
	flags.StringVar(&o.issuer, "oauth-issuer", "", "issuer `URL` of the authorization server whose JWT access tokens count ($"+envIssuer+")")
	flags.StringSliceVar(&o.audiences, "oauth-audience", nil, "accept this `audience` in tokens, beside the server's own URL; may be repeated")
	flags.StringSliceVar(&o.scopes, "oauth-scopes", nil, "the `scopes` that clients are told to ask for, with commas between them (default sema4)")
	flags.StringVar(&o.publicURL, "public-url", "", "`URL` by which clients reach the server, needed where that is not this machine ($"+envPublicURL+")")
	flags.StringVar(&o.tenantsFile, "tenants-file", "", "JSON `file` with tenants and where their API keys are, for a server of several tenants")
	flags.StringVar(&o.secretFile, "oauth-secret-file", "", "read from this `file` the secret, 32 random characters or more, that users' sessions and runs are bound to, so that they outlive a change of the API key and a restart (default: the key first held; $"+envSecret+" holds it or a reference to it)")
}

// oauthFlags mean nothing where callers bring keys.
var oauthFlags = []string{"oauth-issuer", "oauth-audience", "oauth-scopes", "public-url", "tenants-file", "oauth-secret-file", "api-key-file"}

// complete fills what no flag has set from the environment and checks it all.
func (o *oauthSettings) complete(settings *cli.Settings, listen string) error {
	switch o.auth {
	case authOAuth:
	case authKey:
		for _, name := range oauthFlags {
			if o.given.Changed(name) {
				return &cli.UsageError{Message: "--" + name + " goes with --auth oauth: otherwise each caller brings a key"}
			}
		}
		return nil
	default:
		return &cli.UsageError{Message: "--auth is key or oauth"}
	}
	if o.issuer == "" {
		o.issuer = cli.Environment(envIssuer)
	}
	if o.publicURL == "" {
		o.publicURL = cli.Environment(envPublicURL)
	}
	if o.issuer == "" {
		return &cli.UsageError{Message: "--auth oauth wants --oauth-issuer, or " + envIssuer + ": the URL of the authorization server that signs your users in"}
	}
	if o.publicURL == "" && !loopback.Is(listen) {
		return &cli.UsageError{Message: "--auth oauth on an address that others reach wants --public-url, or " + envPublicURL + ": the URL by which clients reach the server"}
	}
	if o.tenantsFile != "" && settings.Local {
		return &cli.UsageError{Message: "--tenants-file and --local do not go together"}
	}
	return nil
}

// upstream is that of the settings, unless a file names the tenants.
func (o *oauthSettings) upstream(ctx context.Context, settings *cli.Settings, log zerolog.Logger) (cli.Upstream, error) {
	if o.tenantsFile != "" {
		return cli.Upstream{BaseURL: settings.BaseURL}, nil
	}
	return settings.Upstream(ctx, log)
}

// server is what the server is to be told, nil where callers bring keys.
func (o *oauthSettings) server(ctx context.Context, settings *cli.Settings, upstream cli.Upstream) (*mcpserver.OAuth, error) {
	if o.auth != authOAuth {
		return nil, nil
	}
	fetch := func(ctx context.Context) ([]mcpserver.HeldTenant, error) { return o.tenants(ctx, settings, upstream) }
	tenants, err := fetch(ctx)
	if err != nil {
		return nil, err
	}
	secret, err := o.secret(ctx)
	if err != nil {
		return nil, err
	}
	return &mcpserver.OAuth{Issuer: o.issuer, PublicURL: o.publicURL, Audiences: o.audiences, Scopes: o.scopes, Tenants: tenants, Renew: fetch, Secret: secret}, nil
}

// secret is "" where none is set. One that is set and leads to nothing is an error:
// the users would lose what they have at the next change of the key.
func (o *oauthSettings) secret(ctx context.Context) (string, error) {
	reference, origin := cli.Environment(envSecret), envSecret
	if o.secretFile != "" {
		reference, origin = "file:"+o.secretFile, "--oauth-secret-file"
	}
	if reference == "" {
		return "", nil
	}
	secret, err := cli.KeyAt(ctx, reference, origin)
	if err != nil {
		return "", fmt.Errorf("the secret of %s: %w", origin, err)
	}
	if secret == "" {
		return "", &cli.UsageError{Message: "there is no secret where " + origin + " says: put 32 random characters or more there"}
	}
	return secret, nil
}

func (o *oauthSettings) tenants(ctx context.Context, settings *cli.Settings, upstream cli.Upstream) ([]mcpserver.HeldTenant, error) {
	switch {
	case o.tenantsFile != "":
		return readTenants(ctx, o.tenantsFile, settings.BaseURL)
	case upstream.Local != nil:
		return []mcpserver.HeldTenant{{BaseURL: upstream.BaseURL, Key: localtenant.APIKey}}, nil
	}
	key, err := settings.APIKey(ctx)
	if err != nil {
		return nil, err
	}
	if key == "" {
		return nil, &cli.UsageError{Message: "--auth oauth wants the tenant's API key: set " + cli.EnvAPIKey + " to it or to where it is (env:NAME, file:PATH or cmd:COMMAND), or name its file with --api-key-file"}
	}
	return []mcpserver.HeldTenant{{BaseURL: upstream.BaseURL, Key: key}}, nil
}
