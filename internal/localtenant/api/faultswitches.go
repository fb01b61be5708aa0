package api

import (
	"net/http"

	"sema4mcp/internal/localtenant/faults"
)

func (s *server) faultRoutes() []route {
	return []route{newRoute(faults.Path, methods{
		http.MethodGet:    s.getFaults,
		http.MethodPut:    s.setFaults,
		http.MethodDelete: s.clearFaults,
	})}
}

func (s *server) getFaults(w http.ResponseWriter, _ *http.Request, _ ids) error {
	return writeJSON(w, http.StatusOK, map[string]string{"faults": s.Faults.Text()})
}

func (s *server) setFaults(w http.ResponseWriter, r *http.Request, _ ids) error {
	text, err := readBody(r)
	if err != nil {
		return err
	}
	if err := s.Faults.Set(string(text)); err != nil {
		return invalid("body", err.Error())
	}
	return s.getFaults(w, r, nil)
}

func (s *server) clearFaults(w http.ResponseWriter, r *http.Request, _ ids) error {
	s.Faults.Clear()
	return s.getFaults(w, r, nil)
}
