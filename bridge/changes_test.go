package bridge_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/rs/zerolog"

	"sema4mcp/bridge"
	"sema4mcp/restclient"
)

// workspace is a tenant that has agents and no more.
type workspace struct {
	mu       sync.Mutex // guards all below
	agents   []restclient.Agent
	hidden   string // the id of an agent that is not listed
	unlisted bool   // the key may not list the agents
	status   int    // what every request is answered with; 0 while all is well
	asked    []string
}

func (w *workspace) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, strings.TrimPrefix(r.URL.Path, "/api/v2"))
	answer := httptest.NewRecorder()
	id := strings.TrimPrefix(r.URL.Path, "/api/v2/agents/")
	at := slices.IndexFunc(w.agents, func(a restclient.Agent) bool { return a.ID == id })
	switch {
	case w.status != 0:
		answer.WriteHeader(w.status)
	case r.URL.Path == "/api/v2/agents" && w.unlisted:
		answer.WriteHeader(http.StatusForbidden)
	case r.URL.Path == "/api/v2/agents":
		listed := slices.DeleteFunc(slices.Clone(w.agents), func(a restclient.Agent) bool { return a.ID == w.hidden })
		_ = json.NewEncoder(answer).Encode(map[string]any{"data": listed, "has_more": false})
	case at >= 0:
		_ = json.NewEncoder(answer).Encode(w.agents[at])
	default:
		answer.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(answer, `{"error":{"code":"not_found","message":"Agent not found"}}`)
	}
	answer.Header().Set("Content-Type", "application/json")
	response := answer.Result()
	response.Request = r
	return response, nil
}

// set changes the workspace.
func (w *workspace) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

// requests are those since the last time.
func (w *workspace) requests() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	asked := w.asked
	w.asked = nil
	return asked
}

func (w *workspace) open(t *testing.T) *bridge.Tenant {
	t.Helper()
	client, err := restclient.New("https://tenant.example/api/v2", "key", restclient.WithTransport(w), restclient.WithRetry(restclient.RetryPolicy{}))
	if err != nil {
		t.Fatal(err)
	}
	return bridge.NewTenant(client, bridge.Config{Logger: zerolog.Nop(), Version: "test"})
}

func newWorkspace() *workspace {
	return &workspace{agents: []restclient.Agent{{ID: "a-1", Name: "One"}, {ID: "a-2", Name: "Two"}}}
}

// ear is somebody who listens, and what came of it.
type ear struct {
	heard chan []mcp.JSONRPCNotification
	ended chan error
	close func()
}

func listen(t *testing.T, tenant *bridge.Tenant, agentID string) *ear {
	t.Helper()
	e := &ear{heard: make(chan []mcp.JSONRPCNotification, 100), ended: make(chan error, 1)}
	listener := tenant.Listen(agentID)
	go func() {
		e.ended <- listener.Tell(t.Context(), func(changes []mcp.JSONRPCNotification) error {
			e.heard <- changes
			return nil
		})
		listener.Close()
	}()
	e.close = listener.Close
	return e
}

// counts waits until nothing more happens, and returns how often the ear heard
// of something, and whether it has ended.
func (e *ear) counts() (heard int, ended bool) {
	synctest.Wait()
	heard = len(e.heard)
	for range heard {
		<-e.heard
	}
	select {
	case <-e.ended:
		return heard, true
	default:
		return heard, false
	}
}

func (e *ear) expect(t *testing.T, what string, heard int, ended bool) {
	t.Helper()
	if gotHeard, gotEnded := e.counts(); gotHeard != heard || gotEnded != ended {
		t.Errorf("%s: heard of %d changes, ended %t; want %d, %t", what, gotHeard, gotEnded, heard, ended)
	}
}

func TestListenersHearOfTheirOwnServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorkspace()
		tenant := w.open(t)
		defer tenant.Close()
		if _, err := tenant.Server(t.Context()); err != nil {
			t.Fatal(err)
		}
		all, one, two := listen(t, tenant, ""), listen(t, tenant, "a-1"), listen(t, tenant, "a-2")
		expect := func(what string, inAll, inOne, inTwo int, oneEnded bool) {
			t.Helper()
			time.Sleep(bridge.DefaultCatalogueTTL)
			all.expect(t, what+": all", inAll, false)
			two.expect(t, what+": two", inTwo, false)
			one.expect(t, what+": one", inOne, oneEnded)
		}
		expect("nothing", 0, 0, 0, false)
		w.set(func() { w.agents[0].Name = "Uno" })
		expect("renamed", 1, 1, 0, false)
		if built, err := tenant.AgentServer(t.Context(), "a-1"); err != nil || built.GetTool("message_uno_agent") == nil {
			t.Errorf("what was announced is not there: %v", err)
		}
		w.set(func() { w.agents = append(w.agents, restclient.Agent{ID: "a-3", Name: "Three"}) })
		expect("added", 1, 0, 0, false)
		w.set(func() { w.agents[1].Description = "counts" })
		expect("described", 1, 0, 1, false)
		w.set(func() { w.hidden = "a-1" })
		expect("not listed", 1, 0, 0, false)
		w.set(func() { w.agents = w.agents[1:] })
		expect("deleted", 0, 1, 0, true) // it was not on the list of all before
		w.set(func() { w.agents[0].Name, w.agents[0].Mode = "Dos", restclient.AgentWorker })
		expect("several", 1, 0, 1, false)
		tenant.Close()
		all.expect(t, "closed", 0, true)
		two.expect(t, "closed", 0, true)
	})
}

// TestTheAgentsAreLookedAtOnceForAll counts what the tenant is asked.
func TestTheAgentsAreLookedAtOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorkspace()
		tenant := w.open(t)
		defer tenant.Close()
		time.Sleep(time.Hour)
		if asked := w.requests(); len(asked) != 0 {
			t.Errorf("nobody listens, and the tenant is asked %q", asked)
		}
		var ears []*ear
		for range 50 {
			ears = append(ears, listen(t, tenant, ""), listen(t, tenant, "a-1"))
		}
		time.Sleep(10*bridge.DefaultCatalogueTTL + time.Second)
		lists := 0
		for _, path := range w.requests() {
			if path == "/agents" {
				lists++
			}
		}
		if lists != 11 {
			t.Errorf("the agents were listed %d times in ten times their time to live", lists)
		}
		w.set(func() { w.agents[0].Name = "Uno" })
		time.Sleep(bridge.DefaultCatalogueTTL)
		for _, e := range ears {
			e.expect(t, "each", 1, false)
			e.close()
		}
		synctest.Wait()
		w.requests()
		time.Sleep(time.Hour)
		if asked := w.requests(); len(asked) != 0 {
			t.Errorf("nobody listens any more, and the tenant is asked %q", asked)
		}
		again := listen(t, tenant, "a-2")
		again.expect(t, "again at first", 0, false)
		w.set(func() { w.agents[1].Name = "Dos" })
		time.Sleep(bridge.DefaultCatalogueTTL)
		again.expect(t, "again", 1, false)
	})
}

func TestTroubleIsNoChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorkspace()
		tenant := w.open(t)
		defer tenant.Close()
		if _, err := tenant.Server(t.Context()); err != nil {
			t.Fatal(err)
		}
		all, one := listen(t, tenant, ""), listen(t, tenant, "a-1")
		w.requests()
		w.set(func() { w.status = http.StatusServiceUnavailable })
		time.Sleep(time.Hour)
		if n := len(w.requests()); n < 12 || n > 25 {
			t.Errorf("the tenant was asked %d times in an hour of trouble", n)
		}
		all.expect(t, "trouble", 0, false)
		one.expect(t, "trouble", 0, false)
		w.set(func() { w.status = 0 })
		time.Sleep(5 * time.Minute)
		all.expect(t, "trouble over", 0, false)
		one.expect(t, "trouble over", 0, false)
		w.set(func() { w.agents[0].Name = "Uno" })
		time.Sleep(bridge.DefaultCatalogueTTL)
		all.expect(t, "renamed", 1, false)
		one.expect(t, "renamed", 1, false)
	})
}

func TestAKeyThatIsRefusedEndsListening(t *testing.T) {
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorkspace()
			tenant := w.open(t)
			defer tenant.Close()
			all, one := listen(t, tenant, ""), listen(t, tenant, "a-1")
			all.expect(t, "at first", 0, false)
			w.set(func() { w.status = status })
			time.Sleep(bridge.DefaultCatalogueTTL)
			all.expect(t, "refused", 0, true)
			one.expect(t, "refused", 0, true)
			w.requests()
			time.Sleep(time.Hour)
			if asked := w.requests(); len(asked) != 0 {
				t.Errorf("nobody listens any more, and the tenant is asked %q", asked)
			}
			w.set(func() { w.status = 0 })
			again := listen(t, tenant, "")
			time.Sleep(time.Minute)
			again.expect(t, "accepted again", 0, false)
		})
	}
}

// TestWhoWasShownNoAgentsHearsWhenTheyAreThere is a host that looked while the
// tenant was away.
func TestWhoWasShownNoAgentsHearsWhenTheyAreThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorkspace()
		w.status = http.StatusBadGateway
		tenant := w.open(t)
		defer tenant.Close()
		all := listen(t, tenant, "")
		for range 2 {
			if _, err := tenant.Server(t.Context()); err == nil {
				t.Error("the agents were listed")
			}
			tenant.OfflineServer()
			all.expect(t, "away", 0, false)
			w.set(func() { w.status = 0 })
			time.Sleep(5 * time.Minute)
			all.expect(t, "back", 1, false)
			w.set(func() { w.status = http.StatusBadGateway })
			time.Sleep(time.Minute)
		}
	})
}

// TestNobodyWaitsForAListener has one that never comes back from telling.
func TestNobodyWaitsForAListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorkspace()
		tenant := w.open(t)
		defer tenant.Close()
		if _, err := tenant.Server(t.Context()); err != nil {
			t.Fatal(err)
		}
		told, leave := 0, make(chan struct{})
		gone := errors.New("gone")
		stuck := tenant.Listen("")
		ended := make(chan error, 1)
		go func() {
			ended <- stuck.Tell(t.Context(), func([]mcp.JSONRPCNotification) error {
				told++
				<-leave
				return gone
			})
		}()
		quick := listen(t, tenant, "")
		for _, name := range []string{"Uno", "Eins", "Un"} {
			w.set(func() { w.agents[0].Name = name })
			time.Sleep(bridge.DefaultCatalogueTTL)
			quick.expect(t, name, 1, false)
		}
		close(leave)
		if err := <-ended; !errors.Is(err, gone) || told != 1 {
			t.Errorf("told %d times, %v", told, err)
		}
		stuck.Close()
		stuck.Close()
		ctx, hangUp := context.WithCancel(t.Context())
		hangUp()
		listener := tenant.Listen("a-2")
		defer listener.Close()
		if err := listener.Tell(ctx, func([]mcp.JSONRPCNotification) error { return gone }); err != nil {
			t.Errorf("got %v", err)
		}
	})
}

func TestAClosedTenantIsListenedToInVain(t *testing.T) {
	w := newWorkspace()
	tenant := w.open(t)
	tenant.Close()
	listener := tenant.Listen("")
	defer listener.Close()
	if err := listener.Tell(t.Context(), func([]mcp.JSONRPCNotification) error { return errors.New("told") }); err != nil {
		t.Error(err)
	}
	if asked := w.requests(); len(asked) != 0 {
		t.Errorf("the tenant is asked %q", asked)
	}
}

// TestOurOwnChangesAreHeardOfAtOnce makes one with a tool.
func TestOurOwnChangesAreHeardOfAtOnce(t *testing.T) {
	d := newDesk(t, everything)
	d.server("")
	heard := make(chan struct{})
	listener := d.bridge.Listen("")
	defer listener.Close()
	go func() {
		_ = listener.Tell(t.Context(), func([]mcp.JSONRPCNotification) error {
			close(heard)
			return errors.New("that is enough")
		})
	}()
	d.call("", "create_agent", args{"name": "Helper"})
	select {
	case <-heard:
	case <-time.After(10 * time.Second): // a third of the time after which it would be heard of anyway
		t.Error("nothing is heard")
	}
}

// TestWhoListensAfterAnOfflineListHears is a modern host: the tenant's own server
// is made for its subscription, before anybody listens.
func TestWhoListensAfterAnOfflineListHears(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorkspace()
		tenant := w.open(t)
		defer tenant.Close()
		tenant.OfflineServer()
		if _, err := tenant.Server(t.Context()); err != nil {
			t.Fatal(err)
		}
		listen(t, tenant, "").expect(t, "the first", 1, false)
		listen(t, tenant, "").expect(t, "the next", 0, false)
	})
}

func TestAListenerGoesOnWhereItEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorkspace()
		tenant := w.open(t)
		defer tenant.Close()
		before := tenant.Listen("")
		synctest.Wait()
		before.Close()
		w.set(func() { w.agents[0].Name = "Uno" })
		time.Sleep(time.Hour)
		if _, err := tenant.Server(t.Context()); err != nil { // for a call, which shows no list
			t.Fatal(err)
		}
		heard := 0
		again := before.Again()
		defer again.Close()
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go func() {
			_ = again.Tell(ctx, func(changes []mcp.JSONRPCNotification) error {
				heard += len(changes)
				return nil
			})
		}()
		synctest.Wait()
		if heard != 3 {
			t.Errorf("heard %d notifications, want those of all lists", heard)
		}
	})
}

func TestAKeyThatMayNotListTheAgentsHearsOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorkspace()
		tenant := w.open(t)
		defer tenant.Close()
		all, one := listen(t, tenant, ""), listen(t, tenant, "a-1")
		synctest.Wait()
		w.set(func() { w.unlisted = true })
		time.Sleep(bridge.DefaultCatalogueTTL)
		all.expect(t, "refused", 0, true)
		one.expect(t, "refused", 0, false)
		w.requests()
		time.Sleep(10 * bridge.DefaultCatalogueTTL)
		if n := len(w.requests()); n > 22 {
			t.Errorf("the tenant was asked %d times", n)
		}
		w.set(func() { w.agents[0].Name = "Uno" })
		time.Sleep(2 * bridge.DefaultCatalogueTTL)
		one.expect(t, "renamed", 1, false)
		w.set(func() { w.agents = w.agents[1:] })
		time.Sleep(2 * bridge.DefaultCatalogueTTL)
		one.expect(t, "deleted", 1, true)
	})
}

// TestWhatOnlyResourcesShowChangesOnlyThem publishes an agent as it is.
func TestWhatOnlyResourcesShowChangesOnlyThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorkspace()
		tenant := w.open(t)
		defer tenant.Close()
		built, err := tenant.AgentServer(t.Context(), "a-1")
		if err != nil {
			t.Fatal(err)
		}
		ears := map[string]*ear{"all": listen(t, tenant, ""), "one": listen(t, tenant, "a-1")}
		synctest.Wait()
		w.set(func() { w.agents[0].State = restclient.AgentLive })
		time.Sleep(bridge.DefaultCatalogueTTL)
		synctest.Wait()
		for name, e := range ears {
			select {
			case changes := <-e.heard:
				if len(changes) != 1 || changes[0].Method != mcp.MethodNotificationResourcesListChanged {
					t.Errorf("%s: heard %v", name, changes)
				}
			default:
				t.Errorf("%s: heard nothing", name)
			}
		}
		if again, err := tenant.AgentServer(t.Context(), "a-1"); err != nil || again != built {
			t.Errorf("the server was made anew: %v", err)
		}
	})
}
