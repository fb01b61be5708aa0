package localtenant_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sema4mcp/internal/localtenant"
)

const faultHeader = "X-Local-Fault"

func TestStatusFaults(t *testing.T) {
	c := start(t, localtenant.Config{})
	conversation := c.converse(localtenant.EchoID)
	c.with(faultHeader, "status=503").refuse(http.StatusServiceUnavailable, http.MethodPost, conversation+"/messages", content("x"))
	c.with(faultHeader, "status=418").refuse(http.StatusTeapot, http.MethodGet, "/ok", "")
	status, body, header := c.with(faultHeader, "html=502, retry-after=1500ms").do(http.MethodPost, conversation+"/stream", content("x"))
	if status != http.StatusBadGateway || !strings.HasPrefix(header.Get("Content-Type"), "text/html") ||
		header.Get("Retry-After") != "2" || !strings.Contains(string(body), "502 Bad Gateway") {
		t.Errorf("status %d, headers %v: %s", status, header, body)
	}
	if got := c.messages(conversation); len(got) != 0 {
		t.Errorf("messages were stored: %v", got)
	}
}

// status=…;store leaves the work done, and a run going.
func TestStatusFaultsAfterTheWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, agent := withScript("- wait: 1m\n- say: done")
		c := start(t, cfg)
		for _, path := range []string{"/messages", "/stream"} {
			conversation := c.converse(agent)
			begun := time.Now()
			c.with(faultHeader, "status=503;store").refuse(http.StatusServiceUnavailable, http.MethodPost, conversation+path, content("x"))
			if time.Since(begun) > time.Second {
				t.Errorf("%s was answered after %v", path, time.Since(begun))
			}
			if got := c.messages(conversation); len(got) != 1 {
				t.Errorf("%s: at once %d messages", path, len(got))
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			if got := c.messages(conversation); len(got) != 2 || got[1]["complete"] != true {
				t.Errorf("%s: later %v", path, got)
			}
		}
		conversations := "/agents/" + agent + "/conversations"
		c.with(faultHeader, "html=504;store").do(http.MethodPost, conversations, `{"name":"made all the same"}`)
		if got := names(get[listing](c, http.MethodGet, conversations+"?limit=1", "")); !slices.Equal(got, []string{"made all the same"}) {
			t.Errorf("the newest conversation: %q", got)
		}
		c.with(faultHeader, "status=503;store").refuse(http.StatusServiceUnavailable, http.MethodPost, conversations+"/x/messages", content("x"))
	})
}

func TestLatencyFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, localtenant.Config{})
		slow := c.with(faultHeader, "latency=3s")
		begun := time.Now()
		get[object](slow, http.MethodGet, "/ok", "")
		if elapsed := time.Since(begun); elapsed != 3*time.Second {
			t.Errorf("answered after %v", elapsed)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := slow.send(ctx, http.MethodPost, "/agents/"+localtenant.EchoID+"/conversations", `{"name":"x"}`); err == nil {
			t.Error("answered in time")
		}
		synctest.Wait()
		if got := allPages(c, "/agents/"+localtenant.EchoID+"/conversations", 5); len(got) != 0 {
			t.Errorf("what the client gave up was done: %q", got)
		}
	})
}

func TestCutsBeforeTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, agent := withScript("- say: partial\n- wait: 1m\n- say: \" whole\"")
		c := start(t, cfg)
		for _, test := range []struct {
			fault, path string
			messages    int  // that are stored in the end
			complete    bool // whether the agent answered
		}{
			{"cut=body", "/messages", 0, false},
			{"cut=body", "/stream", 0, false},
			{"cut=headers", "/messages", 2, true}, // a synchronous run goes on
			{"cut=headers", "/stream", 1, false},  // a streamed one ends with its connection
		} {
			conversation := c.converse(agent)
			response, err := c.with(faultHeader, test.fault).send(t.Context(), http.MethodPost, conversation+test.path, content("x"))
			if err == nil {
				response.Body.Close()
				t.Errorf("%s on %s: status %s", test.fault, test.path, response.Status)
			}
			time.Sleep(2 * time.Minute)
			got := c.messages(conversation)
			if len(got) < test.messages || len(got) > 2 || test.messages == 0 && len(got) > 0 {
				t.Errorf("%s on %s: %d messages", test.fault, test.path, len(got))
			}
			if complete := len(got) == 2 && got[1]["complete"] == true; complete != test.complete {
				t.Errorf("%s on %s: complete is %v", test.fault, test.path, complete)
			}
		}
		if response, err := c.with(faultHeader, "cut=headers").send(t.Context(), http.MethodGet, "/ok", ""); err == nil {
			response.Body.Close()
			t.Error("cut=headers on a GET: answered")
		}
	})
}

func TestCutsInTheStream(t *testing.T) {
	c := start(t, localtenant.Config{})
	for fault, whole := range map[string]int{"cut=event:0": 0, "cut=event:3": 3, "cut=mid-event:1": 0, "cut=mid-event:4": 3} {
		conversation := c.converse(localtenant.EchoID)
		s := c.with(faultHeader, fault).stream(conversation, "x")
		events, err := s.rest()
		s.close()
		if !errors.Is(err, io.ErrUnexpectedEOF) || len(events) != whole {
			t.Errorf("%s: %d events, error %v", fault, len(events), err)
		}
		if got := c.messages(conversation); len(got) == 0 || texts(got[0]) != "x" {
			t.Errorf("%s: messages %v", fault, got)
		}
	}
	// A cut beyond the end of the stream is none.
	s := c.with(faultHeader, "cut=event:1000").stream(c.converse(localtenant.EchoID), "x")
	defer s.close()
	if events, err := s.rest(); err != nil || !slices.Contains(eventTypes(events), "agent_finished") {
		t.Errorf("events %q, error %v", eventTypes(events), err)
	}
}

func TestStallFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, localtenant.Config{})
		for _, fault := range []string{"stall=event:2;30s", "stall=event:0;30s"} {
			s := c.with(faultHeader, fault).stream(c.converse(localtenant.EchoID), "x")
			begun := time.Now()
			var longest time.Duration
			for {
				before := time.Now()
				_, err := s.next()
				longest = max(longest, time.Since(before))
				if err != nil {
					break
				}
			}
			if elapsed := time.Since(begun); longest != 30*time.Second || elapsed != longest {
				t.Errorf("%s: silent for %v of %v", fault, longest, elapsed)
			}
			s.close()
		}
		// Whoever hangs up during a stall is not waited for.
		s := c.with(faultHeader, "stall=event:1;1h").stream(c.converse(localtenant.EchoID), "x")
		s.until(t, "agent_ready")
		s.close()
	})
}

func TestSpoiltEvents(t *testing.T) {
	c := start(t, localtenant.Config{})
	s := c.with(faultHeader, "garbage=event:3").stream(c.converse(localtenant.EchoID), "x")
	defer s.close()
	var failures int
	var types []string
	for {
		event, err := s.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			failures++
		}
		types = append(types, eventTypes([]sseEvent{event})...)
	}
	if failures != 1 || types[len(types)-1] != "agent_finished" {
		t.Errorf("%d events that are not JSON among %q", failures, types)
	}

	// The first event has no delta: the next one that does is changed.
	odd := c.with(faultHeader, "unknown-op=event:1").stream(c.converse(localtenant.EchoID), "x")
	defer odd.close()
	events, err := odd.rest()
	if err != nil {
		t.Fatal(err)
	}
	var operations []string
	for _, event := range events {
		if delta, ok := event.data["delta"].(object); ok {
			operations = append(operations, delta["op"].(string))
		}
	}
	if operations[0] != "local_unknown" || slices.Contains(operations[1:], "local_unknown") {
		t.Errorf("operations %q", operations)
	}
}

func TestStandingFaults(t *testing.T) {
	t.Parallel()
	c := start(t, localtenant.Config{Faults: "status=500,match=GET …/agents,times=2"})
	for _, want := range []int{500, 500, 200} {
		if status, body, _ := c.do(http.MethodGet, "/agents/", ""); status != want {
			t.Errorf("status %d, want %d: %s", status, want, body)
		}
	}
	set := "status=503,match=/ok\nlatency=1ms\n\nstatus=429,retry-after=3s,match=POST */messages"
	if got := get[object](c, http.MethodPut, "/local/faults", set); got["faults"] != set {
		t.Errorf("set %v", got)
	}
	if got := get[object](c, http.MethodGet, "/local/faults", ""); got["faults"] != set {
		t.Errorf("standing %v", got)
	}
	c.refuse(http.StatusServiceUnavailable, http.MethodGet, "/ok", "")
	conversation := c.converse(localtenant.EchoID)
	if status, _, header := c.do(http.MethodPost, conversation+"/messages", content("x")); status != 429 || header.Get("Retry-After") != "3" {
		t.Errorf("status %d, headers %v", status, header)
	}
	get[listing](c, http.MethodGet, conversation+"/messages", "")

	if got := c.refuse(http.StatusUnprocessableEntity, http.MethodPut, "/local/faults", "status=503\nboom"); !strings.Contains(got, `"boom"`) {
		t.Errorf("a bad directive: %q", got)
	}
	c.with("Authorization", "").refuse(http.StatusUnauthorized, http.MethodDelete, "/local/faults", "")
	c.refuse(http.StatusServiceUnavailable, http.MethodGet, "/ok", "") // still
	get[object](c, http.MethodDelete, "/local/faults", "")
	get[object](c, http.MethodGet, "/ok", "")
	c.refuse(http.StatusRequestEntityTooLarge, http.MethodPut, "/local/faults", strings.Repeat("x", 5<<20))
}

func TestFaultHeader(t *testing.T) {
	c := start(t, localtenant.Config{})
	if got := c.with(faultHeader, "status=200").refuse(http.StatusUnprocessableEntity, http.MethodGet, "/ok", ""); !strings.Contains(got, "400 to 599") {
		t.Errorf("a bad directive: %q", got)
	}
	get[object](c.with(faultHeader, "status=500,match=POST /ok"), http.MethodGet, "/ok", "")
	// Two headers are two faults.
	both := c.with(faultHeader, "latency=1ms")
	both.header.Add(faultHeader, "status=500")
	both.refuse(http.StatusInternalServerError, http.MethodGet, "/ok", "")
	// A fault can be taken back whatever it is.
	get[object](c.with(faultHeader, "status=500"), http.MethodDelete, "/local/faults", "")
}
