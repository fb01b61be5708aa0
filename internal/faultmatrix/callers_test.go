package faultmatrix_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"
)

// instant agents say what the others say, at once.
const instant = "- say: \"The first part. \"\n- call: look_up {\"id\":7} => found\n- say: \"The second part, and the end of {{message}}.\"\n"

func TestOneConversationForManyCallers(t *testing.T) {
	const callers = 200
	s := newSite(t)
	agents := make(map[string]agentSpec)
	for _, kind := range []string{"http", "stdio"} {
		var err error
		if agents[kind], err = s.rest.newAgent("Crowd "+kind, instant); err != nil {
			t.Fatal(err)
		}
	}
	for kind, agent := range agents {
		t.Run(kind, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			product := newFront(t, kind, s.proxy.baseURL())
			var asking sync.WaitGroup
			for i := range callers {
				h := &host{front: product, era: []string{legacy, modern}[i%2], agent: agent, thread: "crowd-k3x9qa",
					question: fmt.Sprintf("question %03d", i), listening: i%4 < 2}
				asking.Go(func() {
					if got := h.ask(ctx); got.err != nil || got.text != wholeAnswer(h.question) {
						t.Errorf("%s: %+v", h.question, got)
					}
				})
			}
			asking.Wait()
			found, err := s.rest.threads(agent.id, "crowd-k3x9qa")
			if err != nil || len(found) != 1 {
				t.Fatalf("%d conversations, %v", len(found), err)
			}
			messages, err := s.rest.messages(agent.id, found[0].ID)
			if err != nil {
				t.Fatal(err)
			}
			stands := make(map[string]int)
			for _, m := range messages {
				if m.Role == "user" {
					stands[m.text()]++
				}
			}
			for i := range callers {
				if n := stands[fmt.Sprintf("question %03d", i)]; n != 1 {
					t.Errorf("question %03d stands %d times", i, n)
				}
			}
			if len(stands) != callers || len(messages) != 2*callers {
				t.Errorf("%d questions and %d messages stand in the conversation", len(stands), len(messages))
			}
		})
	}
}
