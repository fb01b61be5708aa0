package api

import "net/http"

// documentIntelligenceRoutes serve a configuration without an integration: the
// documents of a tenant in a process are read by nobody.
func (s *server) documentIntelligenceRoutes() []route {
	const configuration = "document-intelligence"
	return []route{
		newRoute(configuration, methods{http.MethodGet: s.getDocumentIntelligence}),
		newRoute(configuration+"/ok", methods{http.MethodGet: s.checkDocumentIntelligence}),
	}
}

func (s *server) getDocumentIntelligence(w http.ResponseWriter, _ *http.Request, _ ids) error {
	return writeJSON(w, http.StatusOK, map[string]any{"integrations": []any{}, "data_connection_id": nil})
}

func (s *server) checkDocumentIntelligence(http.ResponseWriter, *http.Request, ids) error {
	return &problem{
		status:  http.StatusPreconditionFailed,
		message: "Document Intelligence is not configured: the local tenant has no integration to read documents with.",
	}
}
