package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"sema4mcp/internal/localtenant/store"
	"sema4mcp/internal/localtenant/thread"
)

// createWorkItem makes a work item, or fills a draft that holds its files.
func (s *server) createWorkItem(w http.ResponseWriter, r *http.Request, _ ids) error {
	body, err := readFields(r)
	if err != nil {
		return err
	}
	wanted := newWorkItem(body)
	wanted.URL = workItemURL(r)
	draftID := body.optionalText("work_item_id", notBlank)
	if err := body.err(); err != nil {
		return err
	}
	if err := checkCallbacks(wanted.Callbacks); err != nil {
		return err
	}
	if err := s.checkWorkerAgent(r, wanted.AgentID); err != nil {
		return err
	}
	var item store.WorkItem
	if draftID == nil {
		item, err = s.Store.CreateWorkItem(r.Context(), wanted, time.Now())
	} else {
		item, err = s.Store.FillWorkItem(r.Context(), *draftID, wanted, time.Now())
	}
	if err != nil {
		return startedAsProblem(err)
	}
	s.Worker.Notify()
	return s.writeWithMessages(w, r, item)
}

// workItemURL makes the addresses of work items, on the base that the caller uses.
func workItemURL(r *http.Request) func(id string) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	base, _, _ := strings.Cut(r.URL.Path, "/work-items")
	return func(id string) string {
		return (&url.URL{Scheme: scheme, Host: r.Host, Path: base + "/work-items/" + id}).String()
	}
}

func (s *server) checkWorkerAgent(r *http.Request, id string) error {
	agent, err := s.Store.Agent(r.Context(), id)
	if err != nil {
		return err
	}
	if agent.Mode != "worker" {
		return badRequest("body -> agent_id", fmt.Sprintf("the agent %q is %s; only worker agents take work items", agent.Name, agent.Mode))
	}
	return nil
}

// startedAsProblem makes a 400 of an item that is no draft any more.
func startedAsProblem(err error) error {
	if errors.Is(err, store.ErrWorkItemStarted) {
		return &problem{status: http.StatusBadRequest, message: err.Error() + "; leave out work_item_id to make a new one"}
	}
	return err
}

// newWorkItem reads a new work item; what is wrong with it is for body.err to say.
func newWorkItem(body *fields) store.NewWorkItem {
	wanted := store.NewWorkItem{
		AgentID: body.requiredText("agent_id", notBlank),
		Name:    strings.TrimSpace(body.textOr("work_item_name", "", atMost(maxName))),
		Payload: json.RawMessage(`{}`),
	}
	if payload := body.optionalObject("payload"); payload != nil {
		wanted.Payload = compact(payload)
	}
	now := time.Now()
	body.eachObject("messages", func(message *fields) {
		role := message.requiredText("role", oneOf(string(thread.RoleUser), string(thread.RoleAgent)))
		var texts []string
		if _, ok := message.members["content"]; !ok {
			message.fault("content", "is required")
		}
		message.eachObject("content", func(item *fields) {
			item.requiredText("kind", oneOf("text"))
			texts = append(texts, item.requiredText("text", notBlank))
		})
		wanted.Messages = append(wanted.Messages, thread.TextMessage(thread.Role(role), texts, uuid.NewString, now))
	})
	body.eachObject("callbacks", func(callback *fields) {
		wanted.Callbacks = append(wanted.Callbacks, store.Callback{
			URL:             callback.requiredText("url"),
			SignatureSecret: callback.optionalText("signature_secret"),
			OnStatus: store.WorkItemStatus(callback.textOr("on_status", string(store.NeedsReview), oneOf(
				string(store.Completed), string(store.Errored), string(store.NeedsReview), string(store.Cancelled), string(store.Indeterminate)))),
		})
	})
	return wanted
}

// compact takes the spaces out of valid JSON: agents get it as a text.
func compact(document json.RawMessage) json.RawMessage {
	var out bytes.Buffer
	_ = json.Compact(&out, document) // it has been read before
	return out.Bytes()
}

// eachObject reads the objects of an array, if it is given. What is wrong with
// them is wrong with the body.
func (f *fields) eachObject(name string, read func(*fields)) {
	for i, raw := range f.optionalArray(name) {
		where := fmt.Sprintf("%s -> %d", f.at(name), i)
		element, ok := fieldsOf(where, raw)
		if !ok {
			f.faults = append(f.faults, fault{where, "must be an object"})
			continue
		}
		read(element)
		f.faults = append(f.faults, element.faults...)
	}
}

// checkCallbacks refuses what the vendor answers with 400.
func checkCallbacks(callbacks []store.Callback) error {
	taken := map[store.WorkItemStatus]bool{}
	for i, callback := range callbacks {
		where := fmt.Sprintf("body -> callbacks -> %d", i)
		target, err := url.Parse(callback.URL)
		if err != nil || target.Host == "" || target.Scheme != "http" && target.Scheme != "https" {
			return badRequest(where+" -> url", "must be an address that begins with http:// or https://")
		}
		if taken[callback.OnStatus] {
			return badRequest(where+" -> on_status", fmt.Sprintf("there is a callback for %s already; keep one", callback.OnStatus))
		}
		taken[callback.OnStatus] = true
	}
	return nil
}
