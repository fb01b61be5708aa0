package api

import "net/http"

func (s *server) agentRoutes() []route {
	return []route{
		newRoute("agents", methods{http.MethodGet: s.listAgents}),
		newRoute("agents/{agent}", methods{http.MethodGet: s.getAgent}),
	}
}

func (s *server) listAgents(w http.ResponseWriter, r *http.Request, _ ids) error {
	const list = "agents"
	window, err := window(r, list)
	if err != nil {
		return err
	}
	agents, err := s.Store.Agents(r.Context(), r.URL.Query().Get("name"), window)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, pageOf(list, agents))
}

func (s *server) getAgent(w http.ResponseWriter, r *http.Request, ids ids) error {
	agent, err := s.Store.Agent(r.Context(), ids["agent"])
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, agent)
}
