package contracttest

import (
	"context"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"

	"sema4mcp/testdata/contract"
)

// document is the contract, prepared for looking things up.
type document struct {
	*openapi3.T
	bases  []base
	paths  map[int][]*pathEntry
	events map[string]*openapi3.Schema // by event_type
	errors *openapi3.Schema
}

// base is the path of a server: its segments, with the tenant's id at its place.
type base struct {
	segments []string
	tenant   int // index into segments; -1: none
}

// pathEntry is a path of the contract with its operations by method.
type pathEntry struct {
	segments   []string
	operations map[string]*routers.Route
}

// load reads the contract once for all tests of a process. It panics at a document
// that is not valid OpenAPI: no test could go on.
var load = sync.OnceValue(func() *document {
	doc, err := openapi3.NewLoader().LoadFromData(contract.OpenAPI())
	if err == nil {
		err = doc.Validate(context.Background())
	}
	if err != nil {
		panic("the contract: " + err.Error())
	}
	return prepare(doc)
})

func prepare(doc *openapi3.T) *document {
	d := &document{T: doc, paths: map[int][]*pathEntry{}, events: map[string]*openapi3.Schema{}}
	for _, server := range doc.Servers {
		segments := split(server.URL)
		tenant := slices.Index(segments, "{tenant}")
		if tenant >= 0 {
			segments[tenant] = server.Variables["tenant"].Default
		}
		d.bases = append(d.bases, base{segments, tenant})
	}
	for _, name := range doc.Paths.InMatchingOrder() {
		entry := newPathEntry(doc, name)
		d.paths[len(entry.segments)] = append(d.paths[len(entry.segments)], entry)
	}
	schemas := doc.Components.Schemas
	d.errors = schemas["Error"].Value
	for eventType, mapped := range schemas["StreamEvent"].Value.Discriminator.Mapping {
		d.events[eventType] = schemas[path.Base(mapped.Ref)].Value
	}
	return d
}

func newPathEntry(doc *openapi3.T, name string) *pathEntry {
	item := doc.Paths.Value(name)
	entry := &pathEntry{segments: split(name), operations: map[string]*routers.Route{}}
	for method, operation := range item.Operations() {
		entry.operations[method] = &routers.Route{Spec: doc, Path: name, PathItem: item, Method: method, Operation: operation}
	}
	return entry
}

// target is what a request is for.
type target struct {
	route  *routers.Route    // nil: the contract has no such operation
	values map[string]string // of the path's variable segments
	wrong  string            // why there is no route, or none the tenant knows
	// foreign says that all is well but for the tenant, which is another one.
	foreign bool
}

func (d *document) find(method string, address *url.URL) target {
	segments, foreign, ok := d.belowBase(address.EscapedPath())
	if !ok {
		return target{wrong: "unknown path"}
	}
	if method == http.MethodHead {
		method = http.MethodGet
	}
	for _, entry := range d.paths[len(segments)] {
		values, ok := entry.match(segments)
		if !ok {
			continue
		}
		found := target{route: entry.operations[method], values: values, foreign: foreign}
		switch {
		case found.route == nil:
			return target{wrong: "no operation of this path"}
		case foreign:
			found.wrong = "unknown tenant"
		}
		return found
	}
	return target{wrong: "unknown path"}
}

// belowBase works on the escaped path, since a %2F belongs to an id. One slash at
// the end does not matter.
func (d *document) belowBase(path string) (below []string, foreign, ok bool) {
	segments := split(path)
	for i, segment := range segments {
		plain, err := url.PathUnescape(segment)
		if err != nil {
			return nil, false, false
		}
		segments[i] = plain
	}
	for _, base := range d.bases {
		if foreign, ok := base.match(segments); ok {
			return segments[len(base.segments):], foreign, true
		}
	}
	return nil, false, false
}

func (b base) match(segments []string) (foreign, ok bool) {
	if len(segments) < len(b.segments) {
		return false, false
	}
	for i, want := range b.segments {
		if segments[i] == want {
			continue
		}
		if i != b.tenant {
			return false, false
		}
		foreign = true
	}
	return foreign, true
}

func split(path string) []string {
	path = strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

// match gives the values of the variable segments, which are not empty.
func (p *pathEntry) match(segments []string) (map[string]string, bool) {
	var values map[string]string
	for i, want := range p.segments {
		name, variable := strings.CutPrefix(want, "{")
		if !variable && want != segments[i] || segments[i] == "" {
			return nil, false
		}
		if variable {
			if values == nil {
				values = map[string]string{}
			}
			values[strings.TrimSuffix(name, "}")] = segments[i]
		}
	}
	return values, true
}
