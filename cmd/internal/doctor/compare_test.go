package doctor

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sema4mcp/testdata/contract"
)

func compared(t *testing.T, document string) Finding {
	t.Helper()
	theirs, err := readDocument([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return compare(contractOperations(), theirs)[0]
}

func TestTheContractHasAllOfItself(t *testing.T) {
	if found := compared(t, string(contract.OpenAPI())); found.Status != OK {
		t.Errorf("got %+v", found)
	}
}

func TestADeploymentThatIsAnother(t *testing.T) {
	document := string(contract.OpenAPI())
	prefixed := strings.ReplaceAll(document, "\n  /", "\n  /tenants/{tenant}/api/v2/")
	if found := compared(t, prefixed); found.Status != OK {
		t.Errorf("with its prefix: got %+v", found)
	}
	without := strings.Replace(document, "\n  /ok:", "\n  /well:", 1)
	if found := compared(t, without); found.Status != Note || !strings.Contains(found.Text, "missing: GET /ok (observed)") {
		t.Errorf("without one: got %+v", found)
	}
	without = strings.Replace(document, "\n  /agents:", "\n  /assistants:", 1)
	if found := compared(t, without); found.Status != Problem || !strings.Contains(found.Text, "GET /agents (documented)") || found.Next == "" {
		t.Errorf("without what is needed: got %+v", found)
	}
}

func TestDifferences(t *testing.T) {
	our := operation{parameters: []string{"limit"}, bodies: []string{"application/json"}}
	for want, their := range map[string]operation{
		"": {parameters: []string{"limit", "more"}, bodies: []string{"application/json", "text/csv"}},
		"no parameter limit, wants the parameter page": {parameters: []string{"page"}, required: []string{"page"}, bodies: our.bodies},
		"takes text/csv": {parameters: our.parameters, bodies: []string{"text/csv"}},
		"takes no body":  {parameters: our.parameters},
	} {
		if got := our.differs(their); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestReadDocument(t *testing.T) {
	operations, err := readDocument([]byte(`{"paths":{"/api/public/v2/agents/{aid}/":{"parameters":[{"$ref":"#/components/parameters/P"}],
		"get":{"parameters":[{"name":"limit","in":"query"},{"name":"aid","in":"path"},7]},"trace":{},"put":{"requestBody":{"$ref":"#/nowhere/at/all"}}},"/odd":3}}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(len(operations), operations["GET /agents/{}"].parameters); got != "2 [limit]" {
		t.Errorf("got %s of %+v", got, operations)
	}
	operations, err = readDocument([]byte(`{"components":{"parameters":{"P":{"name":"page","in":"query","required":true}}},"paths":{"/":{"get":{"parameters":[{"$ref":"#/components/parameters/P"}]}}}}`))
	if err != nil || !slices.Equal(operations["GET /"].required, []string{"page"}) {
		t.Errorf("got %+v, %v", operations, err)
	}
	for _, text := range []string{"", "{}", "\t: [", "[1]"} {
		if _, err := readDocument([]byte(text)); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}
