package localtenant_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sema4mcp/internal/localtenant"
)

func TestStreamShape(t *testing.T) {
	c := start(t, localtenant.Config{})
	conversation := c.converse(localtenant.EchoID)
	s := c.stream(conversation, "hello")
	defer s.close()
	events, err := s.rest()
	if err != nil {
		t.Fatal(err)
	}
	sequence := 0.0
	for i, event := range events {
		want := "agent_event"
		if i == 0 {
			want = "agent_ready"
		}
		if event.name != want {
			t.Errorf("event %d is called %q", i, event.name)
		}
		if _, err := time.Parse(time.RFC3339Nano, fmt.Sprint(event.data["timestamp"])); err != nil {
			t.Errorf("event %d: %v", i, err)
		}
		if number, ok := event.data["sequence_number"].(float64); ok {
			if number != sequence {
				t.Errorf("event %d has the number %v, want %v", i, number, sequence)
			}
			sequence++
		}
	}
	types := eventTypes(events)
	last := len(types) - 1
	if types[0] != "agent_ready" || types[1] != "message_begin" || types[last-1] != "message_end" || types[last] != "agent_finished" {
		t.Errorf("events %q", types)
	}
	for _, i := range []int{0, last} {
		if d := events[i].data; d["run_id"] != events[0].data["run_id"] || d["agent_id"] != localtenant.EchoID || !strings.HasSuffix(conversation, d["thread_id"].(string)) {
			t.Errorf("event %v", d)
		}
	}
}

// The deltas of every agent build what is stored.
func TestDeltasBuildTheStoredMessages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, testDeltasBuildTheStoredMessages)
}

func testDeltasBuildTheStoredMessages(t *testing.T) {
	cfg, scripted := withScript(`
- think: hm
- say: one
- say: " two"
- call: look {"q": "{{message}}"} => found
- call: fail_at_it !! broken
- say: three
- ask: What now?
- attach: note.txt text/plain Hello
- next message
- say: four`)
	c := start(t, cfg)
	for _, agent := range []string{localtenant.EchoID, localtenant.UnicodeID, localtenant.SalesAnalystID, scripted} {
		conversation := c.converse(agent)
		s := c.stream(conversation, "What were total sales by region?")
		events, err := s.rest()
		s.close()
		if err != nil {
			t.Fatal(err)
		}
		got, err := assemble(events)
		if err != nil {
			t.Fatal(err)
		}
		want := c.messages(conversation)[1:]
		for _, m := range want {
			delete(m, "updated_at")
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("agent %s:\n got %v\nwant %v", agent, got, want)
		}
	}
}

func TestStreamErrorsBeforeTheStream(t *testing.T) {
	c := start(t, localtenant.Config{})
	c.refuse(http.StatusNotFound, http.MethodPost, "/agents/x/conversations/y/stream", content("x"))
	c.refuse(http.StatusNotFound, http.MethodPost, "/agents/"+localtenant.EchoID+"/conversations/y/stream", content("x"))
}

func TestUserMessageIsStoredBeforeTheRun(t *testing.T) {
	cfg, agent := withScript("- wait: 1h")
	c := start(t, cfg)
	conversation := c.converse(agent)
	s := c.stream(conversation, "remember me")
	defer s.close()
	s.until(t, "agent_ready")
	if got := c.messages(conversation); len(got) != 1 || texts(got[0]) != "remember me" {
		t.Errorf("messages %v", got)
	}
}

func TestDisconnectCancelsTheStreamedRun(t *testing.T) {
	cfg, agent := withScript("- say: partial\n- wait: 1h\n- say: never")
	c := start(t, cfg)
	conversation := c.converse(agent)
	s := c.stream(conversation, "go")
	s.until(t, "message_content")
	s.close()
	// The next message waits for the run before it: it ends only by the cancelling.
	s = c.stream(conversation, "again")
	s.until(t, "agent_ready")
	defer s.close()
	got := c.messages(conversation)
	if len(got) != 3 {
		t.Fatalf("%d messages", len(got))
	}
	if texts(got[1]) != "partial" || got[1]["complete"] != false || got[1]["commited"] != false {
		t.Errorf("the cancelled answer: %v", got[1])
	}
}

func TestAnswerIsStoredAsItGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, agent := withScript("- say: begun\n- wait: 10m\n- say: \" and done\"")
		c := start(t, cfg)
		conversation := c.converse(agent)
		s := c.stream(conversation, "go")
		defer s.close()
		time.Sleep(101 * time.Millisecond)
		if got := c.messages(conversation)[1]; texts(got) != "begun" || got["complete"] != false {
			t.Errorf("after 101 ms: %v", got)
		}
		if _, err := s.rest(); err != nil {
			t.Error(err)
		}
		if got := c.messages(conversation)[1]; texts(got) != "begun and done" || got["complete"] != true {
			t.Errorf("at the end: %v", got)
		}
	})
}

func TestKeepAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, agent := withScript("- wait: 25s")
		c := start(t, cfg)
		conversation := c.converse(agent)
		begun := time.Now()
		first, second := c.stream(conversation, "one"), make(chan *stream)
		go func() { second <- c.stream(conversation, "two") }()
		var comments int
		for {
			event, err := first.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if event.comment != "" {
				comments++
			}
		}
		if comments != 2 || time.Since(begun) != 25*time.Second {
			t.Errorf("%d comments in %v", comments, time.Since(begun))
		}
		waiting := <-second
		defer waiting.close()
		if event, err := waiting.next(); err != nil || event.comment == "" {
			t.Errorf("while the second waits: %+v, %v", event, err)
		}
		if _, err := waiting.rest(); err != nil {
			t.Error(err)
		}
		if elapsed := time.Since(begun); elapsed != 50*time.Second {
			t.Errorf("both took %v", elapsed)
		}
	})
}

func TestRunsOfAConversationFollowOneAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, agent := withScript("- wait: 1s\n- say: \"{{message}}\"")
		c := start(t, cfg)
		conversation := c.converse(agent)
		done := make(chan struct{})
		for i := range 5 {
			go func() {
				c.post(conversation, fmt.Sprint("m", i))
				done <- struct{}{}
			}()
		}
		for range 5 {
			<-done
		}
		got := c.messages(conversation)
		if len(got) != 10 {
			t.Fatalf("%d messages", len(got))
		}
		for i := 0; i < len(got); i += 2 {
			if texts(got[i]) != texts(got[i+1]) || got[i]["role"] != "user" || got[i+1]["role"] != "agent" {
				t.Errorf("%q is followed by %q", texts(got[i]), texts(got[i+1]))
			}
		}
	})
}

func TestFailuresOfARun(t *testing.T) {
	for name, test := range map[string]struct{ runbook, says string }{
		"fails":          {"- say: so far\n- fail: out of luck with {{message}}", "out of luck with it"},
		"does not parse": {"Steps:\n\n- say: hi\n- sing: la", "line 4: no step is called \"sing\""},
		"no steps":       {"Be nice.", "it has no steps"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, agent := withScript(test.runbook)
			c := start(t, cfg)
			conversation := c.converse(agent)
			s := c.stream(conversation, "it")
			defer s.close()
			events, err := s.rest()
			if err != nil {
				t.Fatal(err)
			}
			last := events[len(events)-1].data
			failure, _ := last["error"].(object)
			if last["event_type"] != "agent_error" || !strings.Contains(fmt.Sprint(failure["message"]), test.says) || failure["error_id"] == "" || failure["code"] == "" {
				t.Errorf("the last event: %v", last)
			}
			if got := c.refuse(http.StatusInternalServerError, http.MethodPost, conversation+"/messages", content("it")); !strings.Contains(got, test.says) {
				t.Errorf("the synchronous answer: %q", got)
			}
			for _, m := range c.messages(conversation) {
				if m["role"] == "agent" && m["complete"] != false {
					t.Errorf("a failed answer is complete: %v", m)
				}
			}
		})
	}
}

func TestUnknownArchitecture(t *testing.T) {
	dir := t.TempDir()
	c := start(t, localtenant.Config{DataDir: dir, Logger: quiet})
	if err := changeStored(t, dir, `UPDATE agent_versions SET architecture_name = 'other' WHERE agent_id = ?`, localtenant.EchoID); err != nil {
		t.Fatal(err)
	}
	s := c.stream(c.converse(localtenant.EchoID), "x")
	defer s.close()
	if event := s.until(t, "agent_error"); !strings.Contains(fmt.Sprint(event.data["error"]), `"other" is not known here`) {
		t.Errorf("event %v", event.data)
	}
}

func TestRequestsForInput(t *testing.T) {
	cfg, agent := withScript("- say: Well.\n- ask: Which {{message}}?")
	c := start(t, cfg)
	conversation := c.converse(agent)
	s := c.stream(conversation, "year")
	defer s.close()
	event := s.until(t, "request_user_input")
	if event.data["message"] != "Which year?" || event.data["timeout"] != 300.0 {
		t.Errorf("event %v", event.data)
	}
	if events, err := s.rest(); err != nil || !slices.Contains(eventTypes(events), "agent_finished") {
		t.Errorf("after it: %q, %v", eventTypes(events), err)
	}
	if got := texts(c.messages(conversation)[1]); got != "Well.\nWhich year?" {
		t.Errorf("stored: %q", got)
	}
}

func TestCutStep(t *testing.T) {
	cfg, agent := withScript("- say: before\n- cut\n- say: after")
	c := start(t, cfg)
	conversation := c.converse(agent)
	s := c.stream(conversation, "x")
	defer s.close()
	if events, err := s.rest(); !errors.Is(err, io.ErrUnexpectedEOF) || slices.Contains(eventTypes(events), "agent_finished") {
		t.Errorf("events %q, error %v", eventTypes(events), err)
	}
	// Nobody reads along with a synchronous run: nothing is cut there.
	if got := c.post(conversation, "x"); texts(got[len(got)-1]) != "beforeafter" {
		t.Errorf("synchronously: %q", texts(got[len(got)-1]))
	}
	if got := c.messages(conversation)[1]; got["complete"] != false || texts(got) != "before" {
		t.Errorf("the cut answer: %v", got)
	}
}

func TestSilentAgentStillAnswers(t *testing.T) {
	cfg, agent := withScript("- wait: 1ms")
	c := start(t, cfg)
	got := c.post(c.converse(agent), "x")
	if len(got) != 2 || got[1]["complete"] != true || len(items(got[1])) != 0 {
		t.Errorf("messages %v", got)
	}
}

func TestAttachmentsTravelInBase64(t *testing.T) {
	cfg, agent := withScript("- attach: note.txt text/plain Hi {{message}}")
	c := start(t, cfg)
	item := items(c.post(c.converse(agent), "you")[1])[0]
	data, err := json.Marshal(item["base64_data"])
	var plain []byte
	if err == nil {
		err = json.Unmarshal(data, &plain)
	}
	if err != nil || string(plain) != "Hi you" || item["name"] != "note.txt" || item["mime_type"] != "text/plain" {
		t.Errorf("item %v: %v", item, err)
	}
}
