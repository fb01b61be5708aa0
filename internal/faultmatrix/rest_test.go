package faultmatrix_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"sema4mcp/internal/localtenant"
)

// rest asks a tenant itself, past the proxy.
type rest struct{ base string }

var restClient = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

func (r rest) call(method, path string, body, into any) error {
	var sent io.Reader = http.NoBody
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(encoded)
	}
	request, err := http.NewRequest(method, r.base+"/api/v2"+path, sent)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+localtenant.APIKey)
	request.Header.Set("Content-Type", "application/json")
	response, err := restClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s %.300s", method, path, response.Status, data)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(data, into)
}

// all reads the pages of a list.
func all[T any](r rest, path string) ([]T, error) {
	var items []T
	for next := ""; ; {
		var page struct {
			Data []T
			Next string
		}
		if err := r.call(http.MethodGet, path+"?limit=200&next="+url.QueryEscape(next), nil, &page); err != nil {
			return nil, err
		}
		items = append(items, page.Data...)
		if next = page.Next; next == "" {
			return items, nil
		}
	}
}

// newAgent makes an agent and sets it to work.
func (r rest) newAgent(name, runbook string) (agentSpec, error) {
	var made struct{ ID string }
	err := r.call(http.MethodPost, "/agents", map[string]any{"name": name, "architecture_name": "scripted", "runbook_text": runbook}, &made)
	if err != nil {
		return agentSpec{}, err
	}
	return agentSpec{made.ID, name, runbook}, r.call(http.MethodPost, "/agents/"+made.ID+"/publish", map[string]any{}, nil)
}

// stored is a message as the tenant keeps it.
type stored struct {
	Role     string
	Complete bool
	Content  []struct{ Kind, Text string }
}

// text is what the message says, as a result shows it.
func (m stored) text() string {
	var parts []string
	for _, content := range m.Content {
		if text := strings.TrimSpace(content.Text); content.Kind == "text" && text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, "\n\n")
}

type conversation struct{ ID, Name string }

// threads are the agent's conversations of that name.
func (r rest) threads(agentID, name string) ([]conversation, error) {
	listed, err := all[conversation](r, "/agents/"+agentID+"/conversations")
	named := listed[:0]
	for _, c := range listed {
		if c.Name == name {
			named = append(named, c)
		}
	}
	return named, err
}

func (r rest) messages(agentID, conversationID string) ([]stored, error) {
	return all[stored](r, "/agents/"+agentID+"/conversations/"+conversationID+"/messages")
}

// standing is what the tenant holds of one question.
type standing struct {
	threads  int
	times    int    // the message stands
	answered bool   // the agent's answer is complete
	answer   string // what there is of it
}

// look reads the thread for the question.
func (r rest) look(agentID, thread, question string) (standing, error) {
	found, err := r.threads(agentID, thread)
	if err != nil {
		return standing{}, err
	}
	s := standing{threads: len(found)}
	for _, conversation := range found {
		messages, err := r.messages(agentID, conversation.ID)
		if err != nil {
			return standing{}, err
		}
		ours := false
		for _, m := range messages {
			switch {
			case m.Role == "user":
				if ours = m.text() == question; ours {
					s.times++
				}
			case ours:
				s.answer, s.answered = m.text(), m.Complete
			}
		}
	}
	return s, nil
}
