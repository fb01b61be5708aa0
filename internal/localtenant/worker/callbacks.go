package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"sema4mcp/internal/localtenant/store"
)

// callbackTimeout bounds a callback from the dialling to the answer.
const callbackTimeout = 60 * time.Second

const (
	callbackAgent   = "Sema4AI-WorkItems-Callback/1.0"
	signatureHeader = "X-SEMA4AI-SIGNATURE"
)

// callbackBody is what a receiver gets. It is not sent in the canonical form that
// is signed: a receiver that compares signatures of raw bytes shall notice here.
type callbackBody struct {
	WorkItemID  string               `json:"work_item_id"`
	AgentID     *string              `json:"agent_id"`
	ThreadID    *string              `json:"thread_id"`
	Status      store.WorkItemStatus `json:"status"`
	WorkItemURL string               `json:"work_item_url"`
	AgentName   string               `json:"agent_name"`
}

// newCallbackClient follows no redirects: one POST is promised.
func newCallbackClient() *http.Client {
	return &http.Client{
		Transport:     http.DefaultTransport.(*http.Transport).Clone(),
		Timeout:       callbackTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// announce sends the callbacks for the status an item has got, and does not wait
// for them.
func (w *Worker) announce(item store.WorkItem) {
	for _, callback := range item.Callbacks {
		if callback.OnStatus != item.Status {
			continue
		}
		w.mu.Lock()
		if !w.closed {
			w.live.Add(1)
			go w.call(item, callback)
		}
		w.mu.Unlock()
	}
}

func (w *Worker) call(item store.WorkItem, callback store.Callback) {
	defer w.live.Done()
	if err := w.deliver(w.root, item, callback); err != nil && w.root.Err() == nil {
		w.log.Warn().Err(err).Str("work_item_id", item.ID).Str("status", string(item.Status)).Msg("callback failed")
	}
}

// deliver makes the one POST. The error names the receiver's host and no more of
// the URL, which may hold a secret.
func (w *Worker) deliver(ctx context.Context, item store.WorkItem, callback store.Callback) error {
	body := callbackBody{
		WorkItemID: item.ID, AgentID: item.AgentID, ThreadID: item.ConversationID,
		Status: item.Status, WorkItemURL: item.URL,
	}
	if item.AgentID != nil {
		agent, err := w.store.Agent(ctx, *item.AgentID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		body.AgentName = agent.Name
	}
	request, err := newCallbackRequest(ctx, callback, body)
	if err != nil {
		return err
	}
	response, err := w.client.Do(request)
	if err != nil {
		return fmt.Errorf("%s: %w", request.URL.Host, withoutURL(err))
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s answered %d", request.URL.Host, response.StatusCode)
	}
	return nil
}

func newCallbackRequest(ctx context.Context, callback store.Callback, body callbackBody) (*http.Request, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encode callback: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, callback.URL, bytes.NewReader(data))
	if err != nil {
		return nil, withoutURL(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", callbackAgent)
	if secret := callback.SignatureSecret; secret != nil && *secret != "" {
		signature, err := sign(*secret, data)
		if err != nil {
			return nil, err
		}
		request.Header.Set(signatureHeader, signature)
	}
	return request, nil
}

// withoutURL is the reason inside an error of net/http.
func withoutURL(err error) error {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		return outer.Err
	}
	return err
}
