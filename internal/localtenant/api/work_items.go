package api

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"sema4mcp/internal/localtenant/store"
	"sema4mcp/internal/localtenant/thread"
)

// maxWorkItemBody bounds a new work item, in bytes.
const maxWorkItemBody = 100 << 10

const (
	defaultWorkItemLimit = 100
	maxWorkItemLimit     = 1000 // what is beyond is cut to it
)

func (s *server) workItemRoutes() []route {
	const (
		workItems = "work-items"
		workItem  = workItems + "/{item}"
	)
	list := newRoute(workItems, methods{http.MethodGet: s.listWorkItems, http.MethodPost: s.createWorkItem})
	list.maxBody = maxWorkItemBody
	return []route{
		list,
		newRoute(workItems+"/summary", methods{http.MethodGet: s.summarizeWorkItems}),
		newRoute(workItems+"/status", methods{http.MethodGet: s.workerStatus}),
		newUploadRoute(workItems+"/upload-file", methods{http.MethodPost: s.uploadWorkItemFile}),
		newRoute(workItem, methods{http.MethodGet: s.getWorkItem, http.MethodPatch: s.renameWorkItem}),
		newRoute(workItem+"/confirm-file", methods{http.MethodPost: s.confirmWorkItemFile}),
		newRoute(workItem+"/continue", methods{http.MethodPost: s.resumeWorkItem(store.Continue)}),
		newRoute(workItem+"/restart", methods{http.MethodPost: s.resumeWorkItem(store.Restart)}),
		newRoute(workItem+"/cancel", methods{http.MethodPost: s.endWorkItem(store.Cancel)}),
		newRoute(workItem+"/complete", methods{http.MethodPost: s.endWorkItem(store.Complete)}),
	}
}

// records is a list by offset, as the vendor's API v2 sends work items.
type records[T any] struct {
	Records    []T  `json:"records"`
	NextOffset *int `json:"next_offset"` // null when the page is not full
}

func (s *server) listWorkItems(w http.ResponseWriter, r *http.Request, _ ids) error {
	filter, err := workItemFilter(r)
	if err != nil {
		return err
	}
	limit, err := wholeNumber(r.URL.Query(), "limit", defaultWorkItemLimit, 1)
	if err != nil {
		return err
	}
	limit = min(limit, maxWorkItemLimit)
	offset, err := wholeNumber(r.URL.Query(), "offset", 0, 0)
	if err != nil {
		return err
	}
	items, err := s.Store.WorkItems(r.Context(), filter, limit, offset)
	if err != nil {
		return err
	}
	answer := records[store.WorkItem]{Records: items}
	if len(items) == limit {
		next := offset + limit
		answer.NextOffset = &next
	}
	return writeJSON(w, http.StatusOK, answer)
}

func workItemFilter(r *http.Request) (store.WorkItemFilter, error) {
	query := r.URL.Query()
	filter := store.WorkItemFilter{
		AgentID: query.Get("agent_id"), CreatedBy: query.Get("created_by"), Name: query.Get("name_search"),
	}
	for _, name := range query["work_item_status"] {
		status := store.WorkItemStatus(name)
		if !slices.Contains(store.WorkItemStatuses(), status) {
			return filter, invalid("query -> work_item_status", "must be one of "+joined(store.WorkItemStatuses()))
		}
		if !slices.Contains(filter.Statuses, status) {
			filter.Statuses = append(filter.Statuses, status)
		}
	}
	return filter, nil
}

func joined(statuses []store.WorkItemStatus) string {
	names := make([]string, len(statuses))
	for i, status := range statuses {
		names[i] = string(status)
	}
	return strings.Join(names, ", ")
}

func (s *server) getWorkItem(w http.ResponseWriter, r *http.Request, ids ids) error {
	results := false
	if text := r.URL.Query().Get("results"); text != "" {
		var err error
		if results, err = strconv.ParseBool(text); err != nil {
			return invalid("query -> results", "must be true or false")
		}
	}
	item, err := s.Store.WorkItem(r.Context(), ids["item"])
	if err != nil {
		return err
	}
	if results {
		return s.writeWithMessages(w, r, item)
	}
	return writeWithoutMessages(w, item)
}

// writeWithMessages answers with an item and what stands in its thread, or would
// stand there when it begins.
func (s *server) writeWithMessages(w http.ResponseWriter, r *http.Request, item store.WorkItem) error {
	if item.ConversationID != nil {
		messages, err := s.Store.AllMessages(r.Context(), *item.ConversationID)
		if err != nil {
			return err
		}
		item.Messages = messages
	}
	return writeJSON(w, http.StatusOK, item)
}

func writeWithoutMessages(w http.ResponseWriter, item store.WorkItem) error {
	item.Messages = []thread.Message{}
	return writeJSON(w, http.StatusOK, item)
}

// renameWorkItem cuts a name that is too long, as the vendor does.
func (s *server) renameWorkItem(w http.ResponseWriter, r *http.Request, ids ids) error {
	body, err := readFields(r)
	if err != nil {
		return err
	}
	name := body.requiredText("work_item_name")
	if err := body.err(); err != nil {
		return err
	}
	if reason := notBlank(name); reason != "" {
		return badRequest(body.at("work_item_name"), reason)
	}
	if utf8.RuneCountInString(name) > maxName {
		const ellipsis = "..."
		name = string([]rune(name)[:maxName-len(ellipsis)]) + ellipsis
	}
	item, err := s.Store.RenameWorkItem(r.Context(), ids["item"], name, time.Now())
	if err != nil {
		return err
	}
	return writeWithoutMessages(w, item)
}

// badRequest is a 400 for what the vendor does not answer with 422.
func badRequest(where, reason string) error {
	return faulty(http.StatusBadRequest, fault{where, reason})
}

func (s *server) summarizeWorkItems(w http.ResponseWriter, r *http.Request, _ ids) error {
	counts, err := s.Store.CountWorkItems(r.Context())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, counts)
}

func (s *server) workerStatus(w http.ResponseWriter, _ *http.Request, _ ids) error {
	return writeJSON(w, http.StatusOK, map[string]any{"status": s.Worker.Tasks()})
}

// resumeWorkItem does an action that sends an item back to its agent.
func (s *server) resumeWorkItem(action store.Action) handler {
	return func(w http.ResponseWriter, r *http.Request, ids ids) error {
		item, err := s.Worker.Act(r.Context(), ids["item"], action)
		if err != nil {
			return err
		}
		return s.writeWithMessages(w, r, item)
	}
}

// endWorkItem does an action after which nothing is to be done.
func (s *server) endWorkItem(action store.Action) handler {
	return func(w http.ResponseWriter, r *http.Request, ids ids) error {
		if _, err := s.Worker.Act(r.Context(), ids["item"], action); err != nil {
			return err
		}
		return writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	}
}
