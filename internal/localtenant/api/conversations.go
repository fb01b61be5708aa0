package api

import "net/http"

func (s *server) conversationRoutes() []route {
	const (
		conversations = "agents/{agent}/conversations"
		conversation  = conversations + "/{conversation}"
	)
	return []route{
		newRoute(conversations, methods{
			http.MethodGet:  s.listConversations,
			http.MethodPost: s.createConversation,
		}),
		newRoute(conversation, methods{http.MethodDelete: s.deleteConversation}),
		newRoute(conversation+"/messages", methods{
			http.MethodGet:  s.listMessages,
			http.MethodPost: s.postMessage,
		}),
		newRoute(conversation+"/stream", methods{http.MethodPost: s.streamMessage}),
	}
}

func (s *server) listConversations(w http.ResponseWriter, r *http.Request, ids ids) error {
	list := "conversations of " + ids["agent"]
	window, err := window(r, list)
	if err != nil {
		return err
	}
	conversations, err := s.Store.Conversations(r.Context(), ids["agent"], window)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, pageOf(list, conversations))
}

func (s *server) createConversation(w http.ResponseWriter, r *http.Request, ids ids) error {
	body, err := readFields(r)
	if err != nil {
		return err
	}
	name := body.requiredText("name", notBlank, atMost(maxName))
	if err := body.err(); err != nil {
		return err
	}
	conversation, err := s.Store.CreateConversation(r.Context(), ids["agent"], name)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, conversation)
}

// deleteConversation ends the runs first, so that none of them writes into what
// is being deleted.
func (s *server) deleteConversation(w http.ResponseWriter, r *http.Request, ids ids) error {
	conversation, err := s.Store.Conversation(r.Context(), ids["agent"], ids["conversation"])
	if err != nil {
		return err
	}
	if err := s.Runner.CancelConversation(r.Context(), conversation.ID); err != nil {
		return err
	}
	if conversation, err = s.Store.DeleteConversation(r.Context(), conversation.AgentID, conversation.ID); err != nil {
		return err
	}
	s.files.Sweep(r.Context())
	return writeJSON(w, http.StatusOK, conversation)
}
