package localtenant_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/google/uuid"

	"sema4mcp/internal/localtenant"
)

func TestConversations(t *testing.T) {
	c := start(t, localtenant.Config{})
	path := "/agents/" + localtenant.EchoID + "/conversations"
	if got := get[listing](c, http.MethodGet, path, ""); got.Data == nil || len(got.Data) != 0 || got.HasMore {
		t.Errorf("a new agent's conversations: %+v", got)
	}
	var ids []string
	for _, name := range []string{"first", "same", "same", "Zürich 🚀"} {
		conversation := get[object](c, http.MethodPost, path, fmt.Sprintf(`{"name":%q}`, name))
		if _, err := uuid.Parse(conversation["id"].(string)); err != nil || conversation["agent_id"] != localtenant.EchoID {
			t.Errorf("conversation %v: %v", conversation, err)
		}
		ids = append(ids, conversation["id"].(string))
	}
	slices.Reverse(ids)
	if got := allPages(c, path, 2); !slices.Equal(got, ids) {
		t.Errorf("newest first: %q, want %q", got, ids)
	}
	other := "/agents/" + localtenant.UnicodeID + "/conversations"
	if got := allPages(c, other, 10); len(got) != 0 {
		t.Errorf("another agent's conversations: %q", got)
	}
	for _, request := range []struct{ method, path string }{
		{http.MethodGet, other + "/" + ids[0] + "/messages"},
		{http.MethodDelete, other + "/" + ids[0]},
		{http.MethodGet, "/agents/" + uuid.NewString() + "/conversations"},
	} {
		c.refuse(http.StatusNotFound, request.method, request.path, "")
	}
	deleted := get[object](c, http.MethodDelete, path+"/"+ids[0], "")
	if deleted["id"] != ids[0] || deleted["agent_id"] != localtenant.EchoID {
		t.Errorf("the deleted conversation: %v", deleted)
	}
	c.refuse(http.StatusNotFound, http.MethodDelete, path+"/"+ids[0], "")
	c.refuse(http.StatusNotFound, http.MethodPost, path+"/"+ids[0]+"/messages", content("x"))
	if got := allPages(c, path, 10); !slices.Equal(got, ids[1:]) {
		t.Errorf("after the deletion: %q, want %q", got, ids[1:])
	}
}

func TestPagesAreStableUnderInserts(t *testing.T) {
	c := start(t, localtenant.Config{})
	path := "/agents/" + localtenant.EchoID + "/conversations"
	for range 5 {
		c.converse(localtenant.EchoID)
	}
	before := allPages(c, path, 50)
	first := get[listing](c, http.MethodGet, path+"?limit=3", "")
	c.converse(localtenant.EchoID)
	second := get[listing](c, http.MethodGet, path+"?limit=3&next="+*first.Next, "")
	var got []string
	for _, conversation := range append(first.Data, second.Data...) {
		got = append(got, conversation["id"].(string))
	}
	if !slices.Equal(got, before) {
		t.Errorf("pages %q, want %q", got, before)
	}
	// A cursor of one list is none of another.
	other := "/agents/" + localtenant.UnicodeID + "/conversations"
	c.refuse(http.StatusUnprocessableEntity, http.MethodGet, other+"?next="+*first.Next, "")
}

func TestMessages(t *testing.T) {
	c := start(t, localtenant.Config{})
	conversation := c.converse(localtenant.EchoID)
	const odd = "Ünïcode 🚀 \u2028 <&> \"quoted\"\n\x00 end "
	answer := c.post(conversation, odd)
	if len(answer) != 2 {
		t.Fatalf("%d messages", len(answer))
	}
	for i, role := range []string{"user", "agent"} {
		m := answer[i]
		if m["role"] != role || texts(m) != odd || m["complete"] != true || m["commited"] != true {
			t.Errorf("message %d: %v", i, m)
		}
		if item := items(m)[0]; item["content_id"] == "" || item["complete"] != true {
			t.Errorf("item of message %d: %v", i, item)
		}
	}
	if answer[0]["parent_run_id"] != nil || answer[1]["parent_run_id"] == nil {
		t.Errorf("runs: %v, %v", answer[0]["parent_run_id"], answer[1]["parent_run_id"])
	}
	for i := range 4 {
		c.post(conversation, fmt.Sprint("message ", i))
	}
	all := c.messages(conversation)
	var ids []string
	for i, m := range all {
		ids = append(ids, m["message_id"].(string))
		if want := []string{"user", "agent"}[i%2]; m["role"] != want {
			t.Errorf("message %d is by %v", i, m["role"])
		}
	}
	if got := allPages(c, conversation+"/messages", 3); !slices.Equal(got, ids) || len(got) != 10 {
		t.Errorf("oldest first: %q, want %q", got, ids)
	}
	c.refuse(http.StatusUnprocessableEntity, http.MethodGet, conversation+"/messages?limit=0", "")
}
