// Package baseurl finds a tenant's base URL from what people copy: an address of
// the application, with or without /api/v2, of one agent, or of the host alone.
package baseurl

import (
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Forms lists the base URLs that a text may mean, the likeliest first. All are on
// the host that it names. No error quotes the text, which may be a key.
func Forms(text string) ([]string, error) {
	root, path, err := parse(text)
	if err != nil {
		return nil, err
	}
	front, api := cutAPI(path)
	var forms []string
	add := func(segments ...string) {
		form := strings.TrimRight(root+"/"+strings.Join(segments, "/"), "/")
		if !slices.Contains(forms, form) {
			forms = append(forms, form)
		}
	}
	if tenant := slices.Index(front, "tenants"); tenant >= 0 && tenant+1 < len(front) {
		front = front[:tenant+2]
	} else if api == nil {
		front = nil // a page of the application
	}
	if len(api) == 3 { // api, public, v1
		add(append(slices.Clone(front), api...)...)
	}
	add(append(slices.Clone(front), "api", "v2")...)
	if len(api) == 2 {
		add(append(slices.Clone(front), api...)...)
	}
	add("api", "v2")
	if len(front) == 0 {
		add("tenants", "spar", "api", "v2") // deployments of one's own, the older ones
		add("api", "public", "v2")
		add("api", "public", "v1")
	}
	if len(path) > 0 {
		add(path...)
		add(append(slices.Clone(path), "api", "v2")...)
	}
	return forms, nil
}

// ErrNoURL is the error for what cannot be the address of a tenant.
var ErrNoURL = errors.New("this is no URL of a Sema4.ai tenant: copy it from Configuration > API Keys in the application; it looks like https://host/tenants/acme/api/v2")

func parse(text string) (root string, path []string, err error) {
	text = strings.TrimSpace(text)
	bare := !strings.Contains(text, "://")
	if bare {
		text = "https://" + text
		if host, _, _ := strings.Cut(strings.TrimPrefix(text, "https://"), "/"); isLocal(host) {
			text = "http" + strings.TrimPrefix(text, "https")
		}
	}
	parsed, err := url.Parse(text)
	if err != nil || parsed.Hostname() == "" || parsed.User != nil || strings.ContainsAny(parsed.Host, " _") ||
		parsed.Scheme != "http" && parsed.Scheme != "https" || bare && !strings.Contains(parsed.Host, ".") && !isLocal(parsed.Host) && parsed.Port() == "" {
		return "", nil, ErrNoURL
	}
	for segment := range strings.SplitSeq(parsed.EscapedPath(), "/") {
		if segment != "" {
			path = append(path, segment)
		}
	}
	return parsed.Scheme + "://" + parsed.Host, path, nil
}

func isLocal(host string) bool {
	name, _, _ := strings.Cut(host, ":")
	return name == "localhost" || strings.HasPrefix(name, "127.") || strings.HasPrefix(host, "[::1]")
}

var version = regexp.MustCompile(`^v[0-9]+$`)

// cutAPI parts a path before what names the API and its version, and leaves out
// what follows that: an agent, or an endpoint.
func cutAPI(path []string) (front, api []string) {
	for i, segment := range path {
		rest := path[i+1:]
		switch {
		case segment != "api":
		case len(rest) > 0 && version.MatchString(rest[0]):
			return path[:i], path[i : i+2]
		case len(rest) > 1 && rest[0] == "public" && version.MatchString(rest[1]):
			return path[:i], path[i : i+3]
		}
	}
	return path, nil
}
