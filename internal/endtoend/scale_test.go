package endtoend_test

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"net/url"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"sema4mcp/internal/localtenant"
	"sema4mcp/restclient"
)

// size is how much of each thing a tenant has.
type size struct{ agents, conversations, workItems, messages int }

var (
	large = size{agents: 10_000, conversations: 100_000, workItems: 100_000, messages: 10_000}
	small = size{agents: 200, conversations: 200, workItems: 200, messages: 200}
)

// longThread is the conversation with all the messages.
const longThread = "cccccccc-0000-4000-8000-000000000001"

// populate writes what there is to be of each thing straight into the database:
// through the API it would take minutes. All conversations are Echo's.
const populate = `
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :agents)
INSERT INTO agents (id, search_name, mode, created_by, created_at, live_version)
	SELECT printf('aaaaaaaa-0000-4000-8000-%012x', i), printf('agent %d', i), 'conversational', 'local', '2026-01-01T00:00:00.000000+00:00',
		printf('bbbbbbbb-0000-4000-8000-%012x', i) FROM n;
INSERT INTO agent_versions (id, agent_id, number, name, description, runbook_text, architecture_name, architecture_version, updated_at)
	SELECT live_version, id, 1, printf('Agent %d', position), 'One of many.', '', 'echo', '1', created_at FROM agents WHERE id LIKE 'aaaaaaaa%';
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :conversations)
INSERT INTO conversations (id, agent_id, name)
	SELECT printf('cccccccc-0000-4000-8000-%012x', i), :echo, printf('Conversation %d', i) FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :messages)
INSERT INTO messages (id, conversation_id, role, content, created_at, updated_at, agent_metadata, server_metadata, complete, commited)
	SELECT printf('dddddddd-0000-4000-8000-%012x', i), :thread, iif(i % 2, 'user', 'agent'),
		printf('[{"content_id":"%d","kind":"text","complete":true,"text":"Message %d","citations":[]}]', i, i),
		'2026-01-01T00:00:00.000000+00:00', '2026-01-01T00:00:00.000000+00:00', '{}', '{}', 1, 1 FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :work_items)
INSERT INTO work_items (id, agent_id, status, name, search_name, payload, messages, initial_messages, callbacks, url,
		status_updated_by, created_by, created_at, updated_at, status_updated_at)
	SELECT printf('eeeeeeee-0000-4000-8000-%012x', i), :clerk, iif(i % 2, 'COMPLETED', 'NEEDS_REVIEW'), printf('Item %d', i), printf('item %d', i),
		'{"invoice_number":"1"}', '[]', '[]', '[]', '', 'AGENT', 'local', '2026-01-01T00:00:00.000000+00:00',
		strftime('%Y-%m-%dT%H:%M:%S.000000+00:00', '2026-01-01', printf('+%d seconds', i)), '2026-01-01T00:00:00.000000+00:00' FROM n;
ANALYZE;`

// crowd starts a tenant of a size, and gives a client for it.
func crowd(t testing.TB, of size) *restclient.Client {
	t.Helper()
	ctx, dir := context.Background(), t.TempDir()
	fatal := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	open := func() *localtenant.Tenant {
		t.Helper()
		tenant, err := localtenant.New(ctx, localtenant.Config{DataDir: dir, Logger: zerolog.Nop()})
		fatal(err)
		return tenant
	}
	fatal(open().Close())
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: filepath.Join(dir, "tenant.sqlite")}).String())
	fatal(err)
	_, err = db.ExecContext(ctx, populate, sql.Named("agents", of.agents), sql.Named("conversations", of.conversations),
		sql.Named("messages", of.messages), sql.Named("work_items", of.workItems), sql.Named("echo", localtenant.EchoID),
		sql.Named("clerk", localtenant.InvoiceClerkID), sql.Named("thread", longThread))
	fatal(errors.Join(err, db.Close()))
	tenant := open()
	t.Cleanup(func() {
		if err := tenant.Close(); err != nil {
			t.Error(err)
		}
	})
	client, err := restclient.New(tenant.BaseURL(), localtenant.APIKey, restclient.WithTransport(tenant.Transport()))
	fatal(err)
	return client
}

const pageSize = 50

// pages are the lists of which a page is fetched.
var pages = map[string]func(context.Context, *restclient.Client) (int, error){
	"agents": func(ctx context.Context, c *restclient.Client) (int, error) {
		return counted(c.Agents.List(ctx, &restclient.AgentListOptions{Limit: pageSize}))
	},
	"agents by name": func(ctx context.Context, c *restclient.Client) (int, error) {
		return counted(c.Agents.List(ctx, &restclient.AgentListOptions{Limit: pageSize, Name: "agent 1"}))
	},
	"conversations": func(ctx context.Context, c *restclient.Client) (int, error) {
		return counted(c.Conversations.List(ctx, localtenant.EchoID, &restclient.ListOptions{Limit: pageSize}))
	},
	"messages": func(ctx context.Context, c *restclient.Client) (int, error) {
		return counted(c.Conversations.Messages(ctx, localtenant.EchoID, longThread, &restclient.ListOptions{Limit: pageSize}))
	},
	"work items": func(ctx context.Context, c *restclient.Client) (int, error) {
		return counted(c.WorkItems.List(ctx, &restclient.WorkItemListOptions{Limit: pageSize}))
	},
	"work items of an agent": func(ctx context.Context, c *restclient.Client) (int, error) {
		return counted(c.WorkItems.List(ctx, &restclient.WorkItemListOptions{Limit: pageSize, AgentID: localtenant.InvoiceClerkID}))
	},
	"work items of a status": func(ctx context.Context, c *restclient.Client) (int, error) {
		return counted(c.WorkItems.List(ctx, &restclient.WorkItemListOptions{Limit: pageSize, Statuses: []restclient.WorkItemStatus{restclient.WorkItemNeedsReview}}))
	},
	"work items of statuses": func(ctx context.Context, c *restclient.Client) (int, error) {
		return counted(c.WorkItems.List(ctx, &restclient.WorkItemListOptions{Limit: pageSize, AgentID: localtenant.InvoiceClerkID,
			Statuses: []restclient.WorkItemStatus{restclient.WorkItemNeedsReview, restclient.WorkItemCompleted}}))
	},
	"work items by name": func(ctx context.Context, c *restclient.Client) (int, error) {
		return counted(c.WorkItems.List(ctx, &restclient.WorkItemListOptions{Limit: pageSize, NameSearch: "em 1"}))
	},
}

func counted[V any](page *restclient.Page[V], err error) (int, error) {
	if err != nil {
		return 0, err
	}
	return len(page.Items), nil
}

// BenchmarkListPage fetches a page of each list from a tenant with 10,000 agents,
// 100,000 conversations and 100,000 work items, and from one with 200 of each, in
// turn. It reports what the page of the large one costs beside that of the small
// one, by the medians.
func BenchmarkListPage(b *testing.B) {
	manyThings, fewThings := crowd(b, large), crowd(b, small)
	for name, page := range pages {
		b.Run(name, func(b *testing.B) {
			var many, few []time.Duration
			for b.Loop() {
				few = append(few, timed(b, fewThings, page))
				many = append(many, timed(b, manyThings, page))
			}
			slices.Sort(many)
			slices.Sort(few)
			b.ReportMetric(float64(many[len(many)/2])/float64(few[len(few)/2]), "large/small")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func timed(b *testing.B, client *restclient.Client, page func(context.Context, *restclient.Client) (int, error)) time.Duration {
	began := time.Now()
	n, err := page(b.Context(), client)
	took := time.Since(began)
	if err != nil || n != pageSize {
		b.Fatalf("%d items, %v", n, err)
	}
	return took
}

// All walks through whatever there is, and holds a page of it at a time.
func TestAllInConstantMemory(t *testing.T) {
	client := crowd(t, large)
	ctx := t.Context()
	for name, walk := range map[string]struct {
		want int
		all  func(func(error) bool)
	}{
		"agents":        {large.agents + 5, errorsOf(client.Agents.All(ctx, &restclient.AgentListOptions{Limit: 200}))},
		"conversations": {large.conversations, errorsOf(client.Conversations.All(ctx, localtenant.EchoID, &restclient.ListOptions{Limit: 200}))},
		"work items":    {large.workItems, errorsOf(client.WorkItems.All(ctx, &restclient.WorkItemListOptions{Limit: 1000}))},
	} {
		t.Run(name, func(t *testing.T) {
			items, first, most := 0, uint64(0), uint64(0)
			for err := range walk.all {
				must(t, err)
				if items++; items%(walk.want/10) == 0 {
					used := heapInUse()
					if first == 0 {
						first = used
					}
					most = max(most, used)
				}
			}
			if items != walk.want {
				t.Errorf("%d items, want %d", items, walk.want)
			}
			if most > first+4<<20 {
				t.Errorf("the heap grew from %d to %d bytes on the way", first, most)
			}
		})
	}
}

func errorsOf[V any](all func(func(V, error) bool)) func(func(error) bool) {
	return func(yield func(error) bool) {
		all(func(_ V, err error) bool { return yield(err) })
	}
}

func heapInUse() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// The tenant of a size answers as any other.
func TestTheCrowdIsReal(t *testing.T) {
	client := crowd(t, small)
	agent := try(client.Agents.Get(t.Context(), "aaaaaaaa-0000-4000-8000-000000000001")).in(t)
	if agent.State != restclient.AgentLive {
		t.Errorf("agent %+v", agent)
	}
	messages := try(client.Conversations.Send(t.Context(), localtenant.EchoID, longThread, "hello")).in(t)
	if len(messages) != small.messages+2 {
		t.Errorf("%d messages", len(messages))
	}
	if _, err := client.Agents.Create(t.Context(), restclient.AgentCreate{Name: "AGENT 7"}); statusOf(err) != http.StatusConflict {
		t.Errorf("a name of the crowd was given again: %v", err)
	}
}
