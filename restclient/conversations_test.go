package restclient

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"
)

// echoing answers with body, after writing down the request.
func echoing(seen *string, status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		sent, _ := io.ReadAll(r.Body)
		*seen = r.Method + " " + r.URL.RequestURI() + " " + r.Header.Get("Content-Type") + " " + string(sent)
		answer(status, "application/json", body)(w, r)
	}
}

func TestAgentsGet(t *testing.T) {
	const wire = `{"id":"a1","name":"Invoices","description":"d","runbook_text":"# r","state":"live","version":"3",` +
		`"live_version_id":"v3","architecture_name":"n","architecture_version":"1","mode":"worker","created_by":"u",` +
		`"created_at":"2026-07-02T09:15:30.123456Z","updated_at":"2026-07-03T09:15:30+02:00"}`
	var seen string
	client := serve(t, echoing(&seen, 200, wire))
	agent, err := client.Agents.Get(t.Context(), "a1")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "request", seen, "GET /agents/a1  ")
	encoded, err := json.Marshal(agent)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "agent", string(encoded), wire)
}

func TestAgentOfAnOldServer(t *testing.T) {
	const wire = `{"id":"a1","name":"Invoices","description":"d","mode":"conversational"}`
	client := serve(t, answer(200, "application/json", wire))
	agent, err := client.Agents.Get(t.Context(), "a1")
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(agent)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "agent", string(encoded), wire)
}

func TestConversationsCreate(t *testing.T) {
	for _, status := range []int{200, 201} {
		var seen string
		client := serve(t, echoing(&seen, status, `{"id":"t1","name":"Größe <1>","agent_id":"a1"}`))
		conversation, err := client.Conversations.Create(t.Context(), "a1", "Größe <1>")
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "conversation", *conversation, Conversation{"t1", "Größe <1>", "a1"})
		equal(t, "request", seen, `POST /agents/a1/conversations application/json {"name":"Größe \u003c1\u003e"}`)
	}
}

func TestConversationsDelete(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		want   Conversation
	}{
		"with the conversation": {200, `{"id":"t1","name":"work","agent_id":"a1"}`, Conversation{"t1", "work", "a1"}},
		"without a body":        {204, "", Conversation{"t1", "", "a1"}},
		"with another body":     {200, `{"status":"ok"}`, Conversation{"t1", "", "a1"}},
	} {
		t.Run(name, func(t *testing.T) {
			var seen string
			client := serve(t, echoing(&seen, c.status, c.body))
			deleted, err := client.Conversations.Delete(t.Context(), "a1", "t1")
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "conversation", *deleted, c.want)
			equal(t, "request", seen, "DELETE /agents/a1/conversations/t1  ")
		})
	}
	client := serve(t, answer(404, "text/plain", ""))
	if _, err := client.Conversations.Delete(t.Context(), "a1", "t1"); err == nil {
		t.Error("no error for a conversation that is not there")
	}
}

func TestConversationsLists(t *testing.T) {
	var seen string
	client := serve(t, echoing(&seen, 200, `{"data":[{"id":"t1","name":"work","agent_id":"a1"}],"next":"p"}`))
	page, err := client.Conversations.List(t.Context(), "a1", &ListOptions{Limit: 5, Cursor: "o"})
	if err != nil {
		t.Fatal(err)
	}
	equalSlices(t, "conversations", page.Items, []Conversation{{"t1", "work", "a1"}})
	equal(t, "next", page.Next, "p")
	equal(t, "request", seen, "GET /agents/a1/conversations?limit=5&next=o  ")

	client = serve(t, echoing(&seen, 200, `[{"message_id":"m1","role":"user","content":"hi"}]`))
	messages, err := client.Conversations.Messages(t.Context(), "a1", "t1", nil)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "text", messages.Items[0].Text(), "hi")
	equal(t, "request", seen, "GET /agents/a1/conversations/t1/messages?limit=100  ")
	got, err := walk(client.Conversations.AllMessages(t.Context(), "a1", "t1", nil), Message.Text)
	equal(t, "all", got, "hi")
	equal(t, "error", err, nil)
}

func TestSendReadsEveryShapeOfAnswer(t *testing.T) {
	const one = `{"message_id":"m1","role":"user","content":[{"kind":"text","text":"q"}]}`
	const two = `{"message_id":"m2","role":"agent","content":[{"kind":"text","text":"a"}]}`
	for name, c := range map[string]struct{ body, want string }{
		"a page":         {`{"next":null,"has_more":false,"data":[` + one + `,` + two + `]}`, "qa"},
		"a conversation": {`{"id":"t1","name":"work","messages":[{"role":"human","content":"q"},{"role":"agent","content":"a"}]}`, "qa"},
		"a bare array":   {` [` + one + `,` + two + `]`, "qa"},
		"one message":    {two, "a"},
		"an empty page":  {`{"data":null}`, ""},
		"nothing":        {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var seen string
			client := serve(t, echoing(&seen, 200, c.body))
			messages, err := client.Conversations.Send(t.Context(), "a1", "t1", "q")
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, message := range messages {
				got += message.Text()
			}
			equal(t, "texts", got, c.want)
			equal(t, "request", seen, `POST /agents/a1/conversations/t1/messages application/json {"content":"q"}`)
		})
	}
}

func TestSendOfAnUnusableAnswer(t *testing.T) {
	for _, body := range []string{`{"ok":true}`, `<html>`, `{"data":7}`, `[7]`, `{"role":"agent","content"`} {
		client := serve(t, answer(200, "application/json", body))
		_, err := client.Conversations.Send(t.Context(), "a1", "t1", "q")
		if err == nil || !isResponseError(err) {
			t.Errorf("%s: got %v, want a ResponseError", body, err)
		}
	}
}

func TestEmptyNamesAndMessagesAreRefused(t *testing.T) {
	client := serve(t, nil)
	_, err := client.Conversations.Create(t.Context(), "a1", "")
	if err == nil {
		t.Fatal("no error for a name")
	}
	contains(t, "error", err.Error(), "needs a name")
	_, err = client.Conversations.Send(t.Context(), "a1", "t1", "")
	if err == nil {
		t.Fatal("no error for a message")
	}
	contains(t, "error", err.Error(), "needs content")
	_, err = client.Conversations.Stream(t.Context(), "a1", "t1", "")
	if err == nil {
		t.Fatal("no error for a stream")
	}
	contains(t, "error", err.Error(), "needs content")
}
