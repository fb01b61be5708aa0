package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"

	"go.yaml.in/yaml/v4"

	"sema4mcp/testdata/contract"
)

// openAPI is the contract in JSON, which every reader of OpenAPI takes.
var openAPI = sync.OnceValues(func() (json.RawMessage, error) {
	var document map[string]any
	if err := yaml.Unmarshal(contract.OpenAPI(), &document); err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	return json.Marshal(document)
})

// asksForDocument tells a request for the base itself, which needs no key.
func (s *server) asksForDocument(r *http.Request) bool {
	below, ok := s.belowBase(r.URL.EscapedPath())
	return ok && len(below) == 0 && (r.Method == http.MethodGet || r.Method == http.MethodHead)
}

func (s *server) getOpenAPI(w http.ResponseWriter) error {
	document, err := openAPI()
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, document)
}
