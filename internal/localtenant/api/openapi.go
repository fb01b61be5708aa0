package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"

	"go.yaml.in/yaml/v4"

	"sema4mcp/testdata/contract"
)

// openAPI answers with the contract this API keeps. It is the only answer that
// needs no key: the vendor's deployments give theirs so too.
func (s *server) openAPI(w http.ResponseWriter, _ *http.Request, _ ids) error {
	document, err := openAPIDocument()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(document) // a client that has gone does not need its answer
	return nil
}

// openAPIDocument is the contract as JSON, which is made when it is first asked for.
var openAPIDocument = sync.OnceValues(func() ([]byte, error) {
	var document map[string]any
	if err := yaml.Unmarshal(contract.OpenAPI(), &document); err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	return json.Marshal(document)
})
