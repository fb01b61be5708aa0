package bridge_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sema4mcp/bridge"
	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/testtenant"
	"sema4mcp/restclient"
)

// listedResource is a resource as hosts see it in the list.
type listedResource struct {
	URI, Name, Title, Description, MIMEType string
	Annotations                             struct{ LastModified string }
}

type resourcePage struct {
	Resources []listedResource
	Next      *string `json:"nextCursor"`
	TTL       *int    `json:"ttlMs"`
	Scope     string  `json:"cacheScope"`
}

// page is one page of resources/list.
func (d *desk) page(agentID, cursor string) resourcePage {
	d.t.Helper()
	params := args{}
	if cursor != "" {
		params["cursor"] = cursor
	}
	reply := d.ask(agentID, "2026-07-28", "resources/list", params)
	var page resourcePage
	if reply.Error != nil || json.Unmarshal(reply.Result, &page) != nil || page.Resources == nil || page.TTL == nil || *page.TTL != 10_000 || page.Scope != "private" {
		d.t.Fatalf("got %s, %v", reply.Result, reply.Error)
	}
	return page
}

// pages are all of them.
func (d *desk) pages(agentID string) (pages [][]listedResource) {
	d.t.Helper()
	for cursor := ""; len(pages) < 100; {
		page := d.page(agentID, cursor)
		pages = append(pages, page.Resources)
		if page.Next == nil {
			return pages
		}
		cursor = *page.Next
	}
	d.t.Fatal("the list does not end")
	return nil
}

func (d *desk) createThreads(agentID string, count int) {
	d.t.Helper()
	for i := range count {
		if _, err := d.tenant.Client().Conversations.Create(d.t.Context(), agentID, fmt.Sprintf("thread %d", i)); err != nil {
			d.t.Fatal(err)
		}
	}
}

func lengths(pages [][]listedResource) []int {
	counts := make([]int, len(pages))
	for i, page := range pages {
		counts[i] = len(page)
	}
	return counts
}

func TestAgentCardsAreListedFirstAndThenTheNewestThreads(t *testing.T) {
	d := newDesk(t, nil)
	d.createThreads(echo, 12)
	d.createThreads(teller, 1)
	all := d.page("", "")
	var names []string
	for _, each := range all.Resources {
		names = append(names, each.Name)
	}
	want := []string{"Sales Analyst", "Storyteller", "Echo", "Agenté Ünïcode 🚀", "Invoice Clerk", "thread 0"}
	for i := 11; i >= 2; i-- {
		want = append(want, fmt.Sprint("thread ", i))
	}
	if !slices.Equal(names, want) || all.Next != nil {
		t.Fatalf("got %q, %v", names, all.Next)
	}
	card, thread := all.Resources[2], all.Resources[6]
	if card.URI != "sema4://agents/"+echo || card.MIMEType != "text/markdown" || card.Description != "Says back what you say, at once." || card.Annotations.LastModified == "" {
		t.Errorf("got %+v", card)
	}
	if !strings.HasPrefix(thread.URI, threadOf(echo, "")) || thread.Title != "Echo: thread 11" || !strings.Contains(thread.Description, "Echo") {
		t.Errorf("got %+v", thread)
	}
	for _, each := range all.Resources {
		if got := d.read("", each.URI); got.refused != nil {
			t.Errorf("%+v is listed and not read: %v", each, got.refused)
		}
	}
	own := d.pages(echo)
	if len(own) != 1 || len(own[0]) != 13 || own[0][0].Name != "Echo" {
		t.Errorf("got %+v", own)
	}
	some := newDesk(t, func(c *bridge.Config) { c.Agents, c.ReadOnly = []string{"echo"}, true })
	if listed := some.pages(""); len(listed) != 1 || len(listed[0]) != 1 || listed[0][0].Name != "Echo" {
		t.Errorf("got %+v", listed)
	}
}

func TestTheThreadsOfAnAgentAreListedInPages(t *testing.T) {
	d := newDesk(t, nil)
	d.createThreads(echo, 520)
	pages := d.pages(echo)
	if got := lengths(pages); !slices.Equal(got, []int{101, 100, 100, 100, 100}) {
		t.Errorf("got pages of %d", got)
	}
	for i, each := range slices.Concat(pages...)[1:] {
		if each.Name != fmt.Sprint("thread ", 519-i) {
			t.Fatalf("%s is listed in place %d", each.Name, i)
		}
	}
}

func TestAPageIsNotMuchLongerThanItMayBe(t *testing.T) {
	specs := make([]localtenant.AgentSpec, 15)
	for i := range specs {
		specs[i] = localtenant.AgentSpec{Name: fmt.Sprintf("Agent number %d", i)}
	}
	d := newDesk(t, nil, specs...)
	for _, agent := range d.page("", "").Resources {
		d.createThreads(strings.TrimPrefix(agent.URI, "sema4://agents/"), 11)
	}
	pages := d.pages("")
	if got := lengths(pages); !slices.Equal(got, []int{100, 100, 20}) {
		t.Errorf("got pages of %d", got)
	}
	seen := make(map[string]bool)
	for _, each := range slices.Concat(pages...) {
		if seen[each.URI] {
			t.Errorf("%s is listed twice", each.URI)
		}
		seen[each.URI] = true
	}
}

func TestTheListOfManyAgentsCostsNoRequestForEach(t *testing.T) {
	specs := make([]localtenant.AgentSpec, 220)
	for i := range specs {
		specs[i] = localtenant.AgentSpec{Name: fmt.Sprintf("Agent number %d", i)}
	}
	tenant := testtenant.Start(t, specs...)
	var asked atomic.Int64
	client := tenant.Client(restclient.WithTransport(roundTripper(func(r *http.Request) (*http.Response, error) {
		asked.Add(1)
		return tenant.Transport().RoundTrip(r)
	})))
	d := &desk{t, tenant, bridge.NewTenant(client, bridge.Config{CallBudget: 5 * time.Second})}
	t.Cleanup(d.bridge.Close)
	if pages := d.pages(""); !slices.Equal(lengths(pages), []int{100, 100, 25}) || asked.Load() > 3 {
		t.Errorf("got pages of %d for %d requests", lengths(pages), asked.Load())
	}
}

func TestACursorStaysRightWhileAgentsComeAndGo(t *testing.T) {
	specs := make([]localtenant.AgentSpec, 120)
	for i := range specs {
		specs[i] = localtenant.AgentSpec{Name: fmt.Sprintf("Agent number %d", i)}
	}
	d := newDesk(t, func(c *bridge.Config) { c.CatalogueTTL = time.Nanosecond }, specs...)
	first := d.page("", "")
	for _, gone := range first.Resources[10:20] {
		if err := d.tenant.Client().Agents.Delete(t.Context(), strings.TrimPrefix(gone.URI, "sema4://agents/")); err != nil {
			t.Fatal(err)
		}
	}
	second := d.page("", *first.Next)
	if len(second.Resources) != 25 || slices.ContainsFunc(first.Resources, func(r listedResource) bool { return r.URI == second.Resources[0].URI }) {
		t.Errorf("got %d resources behind the first page, want 25: %+v", len(second.Resources), second.Resources)
	}
	if err := d.tenant.Client().Agents.Delete(t.Context(), strings.TrimPrefix(second.Resources[0].URI, "sema4://agents/")); err != nil {
		t.Fatal(err)
	}
	if again := d.page("", *first.Next); len(again.Resources) != 24-10 {
		t.Errorf("got %d resources where the cursor's agent is gone, want those that stand where it stood", len(again.Resources))
	}
}

func TestCursorsThatNoPageGave(t *testing.T) {
	d := newDesk(t, nil)
	for _, method := range []string{"resources/list", "prompts/list"} {
		for _, cursor := range []any{"%", "bm9uc2Vuc2U=", base64.StdEncoding.EncodeToString([]byte(`{"at":-1}`)), 7} {
			for _, version := range []string{"2025-03-26", "2026-07-28"} {
				got := d.ask("", version, method, args{"cursor": cursor})
				if got.Error == nil || got.Error.Code != -32602 || !strings.Contains(got.Error.Message, "ursor") {
					t.Errorf("%s from %v in %s: got %s, %+v", method, cursor, version, got.Result, got.Error)
				}
			}
		}
	}
}

func TestACursorThatTheTenantRefuses(t *testing.T) {
	d := newDesk(t, nil)
	for place, code := range map[string]int64{
		`{"threads":true,"agent":"` + echo + `","next":"made up"}`:                     -32602,
		`{"threads":true,"agent":"` + echo + `","next":"https://elsewhere.example/x"}`: -32603,
	} {
		got := d.ask(echo, "2025-11-25", "resources/list", args{"cursor": base64.StdEncoding.EncodeToString([]byte(place))})
		if got.Error == nil || got.Error.Code != code {
			t.Errorf("%s: got %s, %+v", place, got.Result, got.Error)
		}
	}
	for _, place := range []string{`{"threads":true,"agent":"` + echo + `","listed":99999}`, `{"threads":true,"agent":"x","at":99,"skip":9}`} {
		got := d.ask(echo, "2025-11-25", "resources/list", args{"cursor": base64.StdEncoding.EncodeToString([]byte(place))})
		if got.Error != nil || strings.Contains(string(got.Result), teller) {
			t.Errorf("%s: got %s, %+v", place, got.Result, got.Error)
		}
	}
}

func TestWhatWasListedIsNotLostWhenTheTenantFails(t *testing.T) {
	d := newDesk(t, nil)
	d.tenant.Fail("status=503,match=GET …/conversations")
	cards := d.page("", "")
	if len(cards.Resources) != 5 || cards.Next == nil {
		t.Fatalf("got %+v", cards)
	}
	if got := d.ask("", "2025-11-25", "resources/list", args{"cursor": *cards.Next}); got.Error == nil || got.Error.Code != -32603 || !strings.Contains(got.Error.Message, "call again in a moment") {
		t.Errorf("got %s, %v", got.Result, got.Error)
	}
	d.tenant.Fail("")
	d.createThreads(echo, 1)
	if rest := d.page("", *cards.Next); len(rest.Resources) != 1 || rest.Next != nil {
		t.Errorf("got %+v", rest)
	}
	d.tenant.Fail("status=404,match=GET …/conversations")
	if gone := d.page("", ""); len(gone.Resources) != 5 || gone.Next != nil {
		t.Errorf("got %+v where the agents were just deleted", gone)
	}
	d.tenant.Fail("status=503,match=GET /agents")
	fresh := newDeskOf(t, d.tenant)
	if got := fresh.askOf(fresh.bridge.OfflineServer(), "2026-07-28", "resources/list", args{}); got.Error == nil || got.Error.Code != -32603 {
		t.Errorf("got %s, %v where not even the agents can be listed", got.Result, got.Error)
	}
}

// standIn is a desk before a tenant that says what no local one would.
func standIn(t *testing.T, answer func(path string) string) *desk {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, answer(r.URL.Path))
	}))
	t.Cleanup(server.Close)
	client, err := restclient.New(server.URL, "key", restclient.WithTransport(server.Client().Transport))
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, bridge: bridge.NewTenant(client, bridge.Config{})}
	t.Cleanup(d.bridge.Close)
	return d
}

// heedless gives all of a list, whatever it is asked for.
func heedless(t *testing.T, threads int) *desk {
	t.Helper()
	all := make([]restclient.Conversation, threads)
	for i := range all {
		all[i] = restclient.Conversation{ID: fmt.Sprint("c", i), Name: fmt.Sprint("thread ", i), AgentID: "a1"}
	}
	encoded, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return standIn(t, func(path string) string {
		if strings.HasSuffix(path, "/conversations") {
			return string(encoded)
		}
		return `{"id":"a1","name":"Old"}`
	})
}

func TestATenantThatHeedsNoLimitIsListedInPages(t *testing.T) {
	d := heedless(t, 250)
	pages := d.pages("a1")
	if !slices.Equal(lengths(pages), []int{101, 100, 50}) {
		t.Errorf("got pages of %d", lengths(pages))
	}
	for i, each := range slices.Concat(pages...)[1:] {
		if each.Name != fmt.Sprint("thread ", i) {
			t.Fatalf("%s is listed in place %d", each.Name, i)
		}
	}
	if got := lengths(heedless(t, 3000).pages("a1")); !slices.Equal(got, []int{101, 100, 100, 100, 100}) {
		t.Errorf("got pages of %d", got)
	}
}

func TestABridgeWithoutATenantListsNothingAndSaysWhyItReadsNothing(t *testing.T) {
	d := &desk{t: t}
	unconnected := bridge.Unconfigured(bridge.Config{Version: "test"}, "Set SEMA4_BASE_URL.")
	for _, version := range []string{"2024-11-05", "2025-11-25", "2026-07-28"} {
		for method, want := range map[string]string{"resources/list": `"resources":[]`, "prompts/list": `"prompts":[]`} {
			if got := d.askOf(unconnected, version, method, args{}); !strings.Contains(string(got.Result), want) {
				t.Errorf("%s: got %s, %v", method, got.Result, got.Error)
			}
		}
		template := args{"type": "ref/resource", "uri": "sema4://agents/{agent_id}{?offset,limit}"}
		completed := d.askOf(unconnected, version, "completion/complete", args{"ref": template, "argument": args{"name": "agent_id", "value": "e"}})
		if !strings.Contains(string(completed.Result), `"values":[]`) {
			t.Errorf("got %s, %v", completed.Result, completed.Error)
		}
		read := d.askOf(unconnected, version, "resources/read", args{"uri": "sema4://agents/" + echo})
		if read.Error == nil || !strings.Contains(read.Error.Message, "Set SEMA4_BASE_URL.") {
			t.Errorf("got %s, %v", read.Result, read.Error)
		}
	}
}

// roundTripper is a transport that a test looks into.
type roundTripper func(*http.Request) (*http.Response, error)

func (r roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return r(request) }
