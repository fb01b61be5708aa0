package mcpserver

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// baseURL is where the REST API is, copied from the application. It is opaque
// but for two things: {tenant} stands for the tenant of the request, and a
// tenant that is written out is the only one served.
type baseURL struct {
	text   string
	tenant string // written out in the URL, or ""
}

const tenantPlaceholder = "{tenant}"

// plainSegment keeps a path's tenant from leading anywhere else upstream.
var plainSegment = regexp.MustCompile(`^[A-Za-z0-9_~-][A-Za-z0-9._~-]*$`)

var tenantSegment = regexp.MustCompile(`/tenants/([^/{}]+)(?:/|$)`)

func parseBaseURL(text string) (baseURL, error) {
	text = strings.TrimRight(strings.TrimSpace(text), "/")
	if text == "" {
		return baseURL{}, errors.New("there is no base URL: copy it from Configuration > API Keys in the Sema4.ai application")
	}
	parsed, err := url.Parse(strings.ReplaceAll(text, tenantPlaceholder, "tenant"))
	if err != nil || parsed.User != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
		return baseURL{}, fmt.Errorf("the base URL must read like https://HOST/tenants/TENANT/api/v2: copy it from Configuration > API Keys in the Sema4.ai application")
	}
	base := baseURL{text: text}
	if match := tenantSegment.FindStringSubmatch(text); match != nil {
		base.tenant = match[1]
	}
	return base, nil
}

// forTenant is the URL of the tenant that a request's path names, "" where it
// names none. The error says which path to use instead.
func (b baseURL) forTenant(tenant string) (string, error) {
	switch {
	case strings.Contains(b.text, tenantPlaceholder):
		if tenant == "" {
			return "", errors.New("this server serves several tenants: put /tenants/TENANT in front of the path")
		}
		if !plainSegment.MatchString(tenant) {
			return "", fmt.Errorf("there is no tenant %q", tenant)
		}
		return strings.ReplaceAll(b.text, tenantPlaceholder, tenant), nil
	case tenant != "" && b.tenant != "" && tenant != b.tenant:
		return "", fmt.Errorf("there is no tenant %q here: this server serves the tenant %q", tenant, b.tenant)
	default:
		return b.text, nil
	}
}

// probe is a URL that shows whether the tenant's host answers at all.
func (b baseURL) probe() string { return strings.ReplaceAll(b.text, tenantPlaceholder, "-") }
