package doctor

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"sema4mcp/testdata/contract"
)

// TestTheTableOfOperationsIsTheContracts rewrites the table with UPDATE=1.
func TestTheTableOfOperationsIsTheContracts(t *testing.T) {
	document, err := openapi3.NewLoader().LoadFromData(contract.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for path, item := range document.Paths.Map() {
		for method, operation := range item.Operations() {
			if !slices.Contains(operation.Tags, "local") {
				lines = append(lines, line(method, path, item, operation))
			}
		}
	}
	slices.SortFunc(lines, func(a, b string) int {
		return cmp.Or(cmp.Compare(strings.Fields(a)[1], strings.Fields(b)[1]), cmp.Compare(a, b))
	})
	want := strings.Join(lines, "\n") + "\n"
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile("operations.txt", []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if contractTable != want {
		t.Error("operations.txt is not in step with the contract: run this test with UPDATE=1")
	}
}

func line(method, path string, item *openapi3.PathItem, operation *openapi3.Operation) string {
	var parameters, bodies []string
	for _, parameter := range slices.Concat(item.Parameters, operation.Parameters) {
		if parameter.Value.In == "query" {
			parameters = append(parameters, parameter.Value.Name)
		}
	}
	if operation.RequestBody != nil {
		bodies = slices.Sorted(maps.Keys(operation.RequestBody.Value.Content))
	}
	slices.Sort(parameters)
	list := func(of []string) string { return cmp.Or(strings.Join(of, ","), "-") }
	confidence, _ := operation.Extensions["x-confidence"].(string)
	return fmt.Sprintf("%s %s %s %s %s", method, strings.TrimRight(variable.ReplaceAllString(path, "{}"), "/")+root(path), confidence, list(parameters), list(bodies))
}

// root keeps the path of the document itself from being empty.
func root(path string) string {
	if path == "/" {
		return "/"
	}
	return ""
}
