package restclient

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// pages serves a list whose pages are known by their query's cursor.
func pages(t *testing.T, parameter string, byCursor map[string]string) (*Client, *[]string) {
	t.Helper()
	asked := &[]string{}
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.URL.RequestURI())
		page, ok := byCursor[r.URL.Query().Get(parameter)]
		if !ok {
			page = `{"error":{"code":"unexpected","message":"no such page"}}`
			w.WriteHeader(http.StatusBadRequest)
		}
		_, _ = io.WriteString(w, page)
	})
	return client, asked
}

// walk collects a list, and the error that ended it.
func walk[T any](items func(func(T, error) bool), show func(T) string) (string, error) {
	var shown []string
	var failed error
	items(func(item T, err error) bool {
		if err != nil {
			failed = err
			return false
		}
		shown = append(shown, show(item))
		return true
	})
	return strings.Join(shown, " "), failed
}

func agentID(a Agent) string { return a.ID }

func TestAllWalksThePages(t *testing.T) {
	for name, byCursor := range map[string]map[string]string{
		"tokens": {
			"":         `{"data":[{"id":"1"},{"id":"2"}],"next":"b2Zm/x==","has_more":true}`,
			"b2Zm/x==": `{"data":[{"id":"3"}],"next":null,"has_more":false}`},
		"no has_more": {
			"":  `{"data":[{"id":"1"},{"id":"2"}],"next":"p"}`,
			"p": `{"data":[{"id":"3"}]}`},
		"has_more is false": {
			"":  `{"data":[{"id":"1"},{"id":"2"}],"next":"p","has_more":true}`,
			"p": `{"data":[{"id":"3"}],"next":"q","has_more":false}`},
		"numbers for tokens": {
			"":  `{"data":[{"id":"1"},{"id":"2"}],"next":2}`,
			"2": `{"data":[{"id":"3"}],"next":""}`},
		"empty pages": {
			"":  `{"data":[],"next":"p"}`,
			"p": `{"data":[{"id":"1"},{"id":"2"},{"id":"3"}],"next":"q"}`,
			"q": `{"data":null,"next":null}`},
		"a bare array":            {"": ` [{"id":"1"},{"id":"2"},{"id":"3"}]`},
		"a path":                  {"": `{"data":[{"id":"1"},{"id":"2"}],"next":"/agents?next=p"}`, "p": `{"data":[{"id":"3"}]}`},
		"a path from the host":    {"": `{"data":[{"id":"1"},{"id":"2"}],"next":"/tenants/acme/api/v2/agents/?next=p"}`, "p": `{"data":[{"id":"3"}]}`},
		"a token like a path":     {"": `{"data":[{"id":"1"},{"id":"2"}],"next":"/b2Zm"}`, "/b2Zm": `{"data":[{"id":"3"}]}`},
		"a token like a host":     {"": `{"data":[{"id":"1"},{"id":"2"}],"next":"//agents"}`, "//agents": `{"data":[{"id":"3"}]}`},
		"a token that is no path": {"": `{"data":[{"id":"1"},{"id":"2"}],"next":"/%zz"}`, "/%zz": `{"data":[{"id":"3"}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			client, asked := pages(t, "next", byCursor)
			all := client.Agents.All(t.Context(), nil)
			for range 2 { // an iterator starts again
				got, err := walk(all, agentID)
				if err != nil {
					t.Fatal(err)
				}
				equal(t, "agents", got, "1 2 3")
			}
			equal(t, "requests", len(*asked), 2*len(byCursor))
		})
	}
}

func TestAllFollowsALinkToTheSameList(t *testing.T) {
	var asked []string
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RequestURI())
		if r.URL.Query().Get("page") == "" {
			_, _ = fmt.Fprintf(w, `{"data":[{"id":"1"}],"next":"http://%s/tenants/acme/api/v2/agents?page=2"}`, r.Host)
			return
		}
		_, _ = io.WriteString(w, `{"data":[{"id":"2"}]}`)
	})
	got, err := walk(client.Agents.All(t.Context(), &AgentListOptions{Limit: 7, Name: "inv oice"}), agentID)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "agents", got, "1 2")
	equalSlices(t, "requests", asked, []string{"/agents?limit=7&name=inv+oice", "/agents?page=2"})
}

func TestLinksElsewhereAreNotFollowed(t *testing.T) {
	for name, link := range map[string]string{
		"another host":   "https://evil.example/tenants/acme/api/v2/agents?next=2",
		"another scheme": "https://HOST/tenants/acme/api/v2/agents",
		"another list":   "http://HOST/tenants/acme/api/v2/data-connections",
		"a way out":      "http://HOST/tenants/acme/api/v2/agents/../data-connections",
		"no URL":         "http://%zz",
	} {
		t.Run(name, func(t *testing.T) {
			var requests atomic.Int32
			client := serve(t, func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				_, _ = fmt.Fprintf(w, `{"data":[{"id":"1"}],"next":%q}`, strings.Replace(link, "HOST", r.Host, 1))
			})
			got, err := walk(client.Agents.All(t.Context(), nil), agentID)
			equal(t, "agents", got, "1")
			if err == nil {
				t.Fatal("no error")
			}
			contains(t, "error", err.Error(), "GET /agents: ", "link is not followed")
			equal(t, "requests", requests.Load(), 1)
		})
	}
}

func TestACursorFromOutsideReadsNothingElse(t *testing.T) {
	client, asked := pages(t, "next", map[string]string{"/data-connections": `[]`})
	if _, err := client.Agents.List(t.Context(), &AgentListOptions{Cursor: "/data-connections"}); err != nil {
		t.Fatal(err)
	}
	equalSlices(t, "requests", *asked, []string{"/agents?limit=100&next=%2Fdata-connections"})
}

func TestListErrors(t *testing.T) {
	for name, c := range map[string]struct {
		byCursor map[string]string
		walked   string
		is       func(error) bool
	}{
		"an error on page two": {map[string]string{"": `{"data":[{"id":"1"}],"next":"p"}`}, "1",
			func(err error) bool { _, ok := errors.AsType[*APIError](err); return ok }},
		"a cursor that repeats": {map[string]string{"": `{"data":[{"id":"1"}],"next":"p"}`, "p": `{"data":[{"id":"2"}],"next":"p"}`}, "1 2",
			func(err error) bool { return errors.Is(err, ErrRepeatedCursor) }},
		"cursors in a circle": {map[string]string{"": `{"data":[{"id":"1"}],"next":"p"}`, "p": `{"data":[{"id":"2"}],"next":"q"}`, "q": `{"data":[{"id":"3"}],"next":"p"}`}, "1 2 3",
			func(err error) bool { return errors.Is(err, ErrRepeatedCursor) }},
		"no list":      {map[string]string{"": `{"id":"1"}`}, "", isResponseError},
		"null":         {map[string]string{"": `null`}, "", isResponseError},
		"no JSON":      {map[string]string{"": `<html>`}, "", isResponseError},
		"a bad item":   {map[string]string{"": `[1]`}, "", isResponseError},
		"an odd token": {map[string]string{"": `{"data":[],"next":{}}`}, "", isResponseError},
	} {
		t.Run(name, func(t *testing.T) {
			client, _ := pages(t, "next", c.byCursor)
			got, err := walk(client.Agents.All(t.Context(), nil), agentID)
			equal(t, "agents", got, c.walked)
			if err == nil || !c.is(err) {
				t.Errorf("ended with %v", err)
			}
		})
	}
}

func isResponseError(err error) bool { _, ok := errors.AsType[*ResponseError](err); return ok }

func TestNegativeLimit(t *testing.T) {
	client := serve(t, nil)
	_, err := client.Agents.List(t.Context(), &AgentListOptions{Limit: -1})
	if err == nil {
		t.Fatal("no error")
	}
	contains(t, "error", err.Error(), "cannot be negative (-1)")
}

func TestLeavingAListEarly(t *testing.T) {
	client, asked := pages(t, "next", map[string]string{"": `{"data":[{"id":"1"},{"id":"2"}],"next":"p"}`})
	for agent, err := range client.Agents.All(t.Context(), nil) {
		equal(t, "agent", agent.ID, "1")
		equal(t, "error", err, nil)
		break
	}
	equal(t, "requests", len(*asked), 1)
}

func TestOptionsAreCopied(t *testing.T) {
	client, asked := pages(t, "next", map[string]string{"": `{"data":[{"id":"1"}],"next":"p"}`, "p": `[]`})
	opts := &AgentListOptions{Limit: 3}
	all := client.Agents.All(t.Context(), opts)
	*opts = AgentListOptions{Limit: 9, Cursor: "x", Name: "y"}
	if _, err := walk(all, agentID); err != nil {
		t.Fatal(err)
	}
	equalSlices(t, "requests", *asked, []string{"/agents?limit=3", "/agents?limit=3&next=p"})
	equal(t, "options", *opts, AgentListOptions{Limit: 9, Cursor: "x", Name: "y"})
}

func TestOffsetLists(t *testing.T) {
	client, asked := pages(t, "offset", map[string]string{
		"":  `{"records":[{"id":"1"},{"id":"2"}],"next_offset":2}`,
		"2": `{"records":[{"id":"3"},{"id":"4"}],"next_offset":4}`,
		"4": `{"records":[],"next_offset":null}`,
	})
	items := newList[Agent](client, offsetParameter, 2, "work-items")
	got, err := walk(items.all(t.Context(), ""), agentID)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "items", got, "1 2 3 4")
	equalSlices(t, "requests", *asked, []string{"/work-items?limit=2", "/work-items?limit=2&offset=2", "/work-items?limit=2&offset=4"})
}

func TestCollectionWithASlash(t *testing.T) {
	var asked []string
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RequestURI())
		if r.URL.Path != "/agents/" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, `[{"id":"1"}]`)
	})
	page, err := client.Agents.List(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "agents", len(page.Items), 1)
	equalSlices(t, "requests", asked, []string{"/agents?limit=100", "/agents/?limit=100"})

	_, err = client.Conversations.List(t.Context(), "a1", nil)
	refused, ok := errors.AsType[*APIError](err)
	if !ok {
		t.Fatalf("got %v, want an APIError", err)
	}
	equal(t, "path", refused.Path, "/agents/a1/conversations")
}

func TestAllRunsInConstantMemory(t *testing.T) {
	const count, perPage = 30_000, 100
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		start, _ := strconv.Atoi(r.URL.Query().Get("offset"))
		records := make([]string, perPage)
		for i := range records {
			records[i] = fmt.Sprintf(`{"work_item_id":"w%d","status":"PENDING","new":%q}`, start+i, strings.Repeat("x", 100))
		}
		_, _ = fmt.Fprintf(w, `{"records":[%s],"next_offset":%d}`, strings.Join(records, ","), start+perPage)
	})
	var early, late uint64
	seen := 0
	for item, err := range client.WorkItems.All(t.Context(), nil) {
		if err != nil || item.ID != fmt.Sprint("w", seen) {
			t.Fatalf("item %d is %q, %v", seen, item.ID, err)
		}
		switch seen++; seen {
		case count / 10:
			early = held()
		case count:
			late = held()
		}
		if seen == count {
			break
		}
	}
	equal(t, "items", seen, count)
	if late > early+256<<10 {
		t.Errorf("%d bytes were held after a tenth, %d at the end", early, late)
	}
}

// held is what stands in the heap and is in use.
func held() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func TestCirclesOfCursorsAreFound(t *testing.T) {
	for length := 1; length < 100; length++ {
		for lead := range 20 {
			path := circle{length: 1} // it begins at no cursor, as a list does
			at, pages := 0, 1
			for {
				if at++; at == lead+length+1 {
					at = lead + 1
				}
				if path.closes(strconv.Itoa(at)) {
					break
				}
				if pages++; pages > 4*(lead+length+1) {
					t.Fatalf("a circle of %d after %d is not found on %d pages", length, lead, pages)
				}
			}
			if pages < lead+length {
				t.Fatalf("a circle of %d after %d is found on %d pages", length, lead, pages)
			}
		}
	}
}
