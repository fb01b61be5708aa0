package api

import (
	"net/http"

	"sema4mcp/internal/localtenant/faults"
	"sema4mcp/internal/localtenant/store"
	"sema4mcp/internal/localtenant/thread"
)

func (s *server) listMessages(w http.ResponseWriter, r *http.Request, ids ids) error {
	list := "messages of " + ids["conversation"]
	window, err := window(r, list)
	if err != nil {
		return err
	}
	conversation, err := s.Store.Conversation(r.Context(), ids["agent"], ids["conversation"])
	if err != nil {
		return err
	}
	messages, err := s.Store.Messages(r.Context(), conversation.ID, window)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, pageOf(list, messages))
}

// postMessage answers, when the run has ended, with all messages of the
// conversation. A caller who goes away leaves the run going.
func (s *server) postMessage(w http.ResponseWriter, r *http.Request, ids ids) error {
	content, err := messageContent(r)
	if err != nil {
		return err
	}
	if faults.AnswersEarly(r.Context()) {
		return s.startRun(r, ids, content)
	}
	run, err := s.Runner.Post(r.Context(), ids["agent"], ids["conversation"], content)
	if err != nil {
		return err
	}
	if err := run.Wait(r.Context()); err != nil {
		return err
	}
	messages, err := s.Store.AllMessages(r.Context(), ids["conversation"])
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, pageOf("", store.Page[thread.Message]{Items: messages}))
}

func messageContent(r *http.Request) (string, error) {
	body, err := readFields(r)
	if err != nil {
		return "", err
	}
	content := body.requiredText("content", notBlank)
	return content, body.err()
}

// startRun sets a run going for a fault that answers in its place.
func (s *server) startRun(r *http.Request, ids ids, content string) error {
	run, err := s.Runner.Post(r.Context(), ids["agent"], ids["conversation"], content)
	if err != nil {
		return err
	}
	return run.WaitBegun(r.Context())
}
