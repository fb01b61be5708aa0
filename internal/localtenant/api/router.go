package api

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// ids are the variable segments of a path, by name.
type ids map[string]string

type handler func(w http.ResponseWriter, r *http.Request, ids ids) error

type methods map[string]handler

// route is a path below the base; segments in braces are variable.
type route struct {
	segments []string
	methods  methods
	maxBody  int64 // bytes
	public   bool  // needs no key
}

func newRoute(pattern string, methods methods) route {
	return route{segments: strings.Split(pattern, "/"), methods: methods, maxBody: maxBody}
}

// basePattern stands for the base itself.
const basePattern = ""

// newUploadRoute is a route that takes files. Its handlers read the body as it
// comes, with eachPart.
func newUploadRoute(pattern string, methods methods) route {
	upload := newRoute(pattern, methods)
	upload.maxBody = maxUploadBody
	return upload
}

func (t route) match(segments []string) (ids, bool) {
	if len(segments) != len(t.segments) {
		return nil, false
	}
	found := ids{}
	for i, want := range t.segments {
		if name, ok := strings.CutPrefix(want, "{"); ok {
			found[strings.TrimSuffix(name, "}")] = segments[i]
		} else if want != segments[i] {
			return nil, false
		}
	}
	return found, true
}

// find chooses the route of a request. It works on the escaped path: a %2F
// belongs to an id, and net/http's own router would redirect `..` and `//`.
func (s *server) find(r *http.Request) (route, ids, error) {
	segments, ok := s.belowBase(r.URL.EscapedPath())
	if !ok {
		return route{}, nil, errNoRoute
	}
	for _, route := range s.routes {
		if ids, ok := route.match(segments); ok {
			return route, ids, nil
		}
	}
	return route{}, nil, errNoRoute
}

// handler is what the route does about a method; HEAD is answered as GET is.
func (t route) handler(method string) (handler, error) {
	asked := method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if handle, ok := t.methods[method]; ok {
		return handle, nil
	}
	return nil, errMethod(asked, slices.Sorted(maps.Keys(t.methods)))
}

// belowBase splits what follows the base of the API into unescaped segments.
func (s *server) belowBase(path string) ([]string, bool) {
	path = strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/")
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		plain, err := url.PathUnescape(segment)
		if err != nil {
			return nil, false
		}
		segments[i] = plain
	}
	if len(segments) >= 2 && segments[0] == "tenants" {
		if segments[1] != s.TenantID {
			return nil, false
		}
		segments = segments[2:]
	}
	if len(segments) < 2 || segments[0] != "api" || segments[1] != "v2" {
		return nil, false
	}
	if len(segments) == 2 {
		return []string{basePattern}, true
	}
	return segments[2:], true
}
