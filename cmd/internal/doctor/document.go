package doctor

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// object is one of a document in JSON or YAML.
type object = map[string]any

var (
	// prefix is the part of a path that the base URL already has.
	prefix   = regexp.MustCompile(`^(/tenants/[^/]+)?/api(/public)?/v[0-9]+`)
	variable = regexp.MustCompile(`\{[^}]*\}`)
)

// readDocument lists the operations of an OpenAPI document by their names. It is
// lenient: what it does not understand is not there.
func readDocument(data []byte) (map[string]operation, error) {
	var document object
	if err := yaml.Unmarshal(data, &document); err != nil {
		return nil, fmt.Errorf("it is neither JSON nor YAML: %w", err)
	}
	paths := in(document, "paths")
	if len(paths) == 0 {
		return nil, errors.New("it names no paths")
	}
	operations := make(map[string]operation)
	for path, item := range paths {
		item, _ := item.(object)
		path = strings.TrimRight(variable.ReplaceAllString(prefix.ReplaceAllString(path, ""), "{}"), "/")
		if path == "" {
			path = "/"
		}
		for _, method := range []string{"get", "post", "put", "patch", "delete"} {
			described, ok := item[method].(object)
			if !ok {
				continue
			}
			o := operation{method: strings.ToUpper(method), path: path}
			o.read(document, item["parameters"])
			o.read(document, described["parameters"])
			body := in(resolved(document, described["requestBody"]), "content")
			o.bodies = slices.Sorted(maps.Keys(body))
			operations[o.name()] = o
		}
	}
	return operations, nil
}

// read adds the parameters of the query.
func (o *operation) read(document object, parameters any) {
	list, _ := parameters.([]any)
	for _, one := range list {
		parameter := resolved(document, one)
		name, _ := parameter["name"].(string)
		if parameter["in"] != "query" || name == "" {
			continue
		}
		o.parameters = append(o.parameters, name)
		if parameter["required"] == true {
			o.required = append(o.required, name)
		}
	}
}

// resolved follows a reference within the document, once: to another reference
// leads none that deployments write.
func resolved(document object, value any) object {
	found, _ := value.(object)
	reference, ok := found["$ref"].(string)
	if !ok {
		return found
	}
	at := document
	for part := range strings.SplitSeq(strings.TrimPrefix(reference, "#/"), "/") {
		at = in(at, part)
	}
	return at
}

func in(from object, name string) object {
	found, _ := from[name].(object)
	return found
}
