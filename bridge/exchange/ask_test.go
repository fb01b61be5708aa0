package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// stream is a recording whose client can be asked.
type stream struct {
	recording
	asked chan string // gets every question
}

func (s *stream) Ask(request mcp.JSONRPCRequest) error {
	encoded, err := Encode(request)
	s.notifications = append(s.notifications, string(encoded)) // among them, for the order
	if s.asked <- string(encoded); s.fail != nil {
		return s.fail
	}
	return err
}

var form = mcp.ElicitationRequest{Params: mcp.ElicitationParams{Message: "Which <year>?", RequestedSchema: map[string]any{"type": "object"}}}

// askingPeer can be asked.
func askingPeer() *Peer {
	peer := &Peer{Questions: new(Questions)}
	peer.Declare(mcp.ClientCapabilities{Elicitation: new(mcp.ElicitationCapability)})
	return peer
}

// asks is a server whose tool tells of a step, asks, and returns what came of it.
func asks(within time.Duration) *server.MCPServer {
	return serverWith("work", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		x := FromContext(ctx)
		if err := x.Progress(ctx, "before"); err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(ctx, within)
		defer cancel()
		answer, err := x.RequestElicitation(ctx, form)
		if err != nil {
			return mcp.NewToolResultText("failed: " + err.Error()), nil
		}
		return mcp.NewToolResultText(fmt.Sprint(answer.Action, " ", answer.Content)), nil
	})
}

// questionID is the id of a question as it was written.
func questionID(t *testing.T, question string) string {
	t.Helper()
	var request struct {
		ID, Method string
		Params     mcp.ElicitationParams
	}
	if err := json.Unmarshal([]byte(question), &request); err != nil || request.Method != "elicitation/create" || request.Params.Message != form.Params.Message {
		t.Fatalf("got %s, %v", question, err)
	}
	return request.ID
}

func respond(t *testing.T, questions *Questions, id, what string) {
	t.Helper()
	batch, fault := Parse(fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%s,%s}`, id, what))
	if fault != nil || batch.Messages[0].Kind != Response {
		t.Fatalf("got %v, %v", batch, fault)
	}
	questions.Answer("", batch.Messages[0])
}

func TestAQuestionIsAnswered(t *testing.T) {
	for what, want := range map[string]string{
		`"result":{"action":"accept","content":{"year":2024}}`: "accept map[year:2024]",
		`"result":{"action":"decline"}`:                        "decline ",
		`"result":{"action":"cancel"}`:                         "cancel ",
		`"error":{"code":-1,"message":"secret detail"}`:        "it answered with an error",
		`"result":{"action":"shrug"}`:                          `the action \"shrug\"`,
		`"result":{}`:                                          "which there is none of",
		`"result":"accept"`:                                    "cannot be read",
	} {
		t.Run(what, func(t *testing.T) {
			peer, out := askingPeer(), &stream{asked: make(chan string)}
			done := make(chan error)
			go func() {
				done <- Carry(t.Context(), asks(time.Hour), callOf(t, "1", `{"progressToken":1}`), peer, out)
			}()
			id := questionID(t, <-out.asked)
			respond(t, peer.Questions, "7", what)            // an id that nothing was asked under
			respond(t, peer.Questions, `"`+id[1:]+`"`, what) // likewise
			respond(t, peer.Questions, `"\u00`+fmt.Sprintf("%02x", id[0])+id[1:]+`"`, what)
			respond(t, peer.Questions, `"`+id+`"`, `"result":{"action":"cancel"}`) // too late
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if got := string(out.replies[0].Result); !strings.Contains(got, want) || strings.Contains(got, "secret") {
				t.Errorf("got %s, want it to say %s", got, want)
			}
			if len(out.notifications) != 2 || !strings.Contains(out.notifications[0], "before") || !strings.Contains(out.notifications[1], id) || out.late {
				t.Errorf("got %v, want the step and then the question, before the reply", out.notifications)
			}
			if len(peer.Questions.open) != 0 {
				t.Errorf("%d questions are still open", len(peer.Questions.open))
			}
		})
	}
}

func TestAQuestionWithoutAnAnswerIsWithdrawn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer, out := askingPeer(), &stream{asked: make(chan string, 1)}
		began := time.Now()
		if err := Carry(t.Context(), asks(time.Minute), callOf(t, "1", `{}`), peer, out); err != nil {
			t.Fatal(err)
		}
		id := questionID(t, <-out.asked)
		if took := time.Since(began); took != time.Minute || !strings.Contains(string(out.replies[0].Result), context.DeadlineExceeded.Error()) {
			t.Errorf("got %s after %v", out.replies[0].Result, took)
		}
		if last := out.notifications[len(out.notifications)-1]; !strings.Contains(last, "notifications/cancelled") || !strings.Contains(last, id) {
			t.Errorf("got %v, want the question to be withdrawn", out.notifications)
		}
		if len(peer.Questions.open) != 0 {
			t.Error("the question is still open")
		}
	})
}

func TestAClientThatHasGoneAnswersNothing(t *testing.T) {
	peer, out := askingPeer(), &stream{asked: make(chan string)}
	done := make(chan error)
	for range 2 { // the second is asked after the end
		go func() { done <- Carry(t.Context(), asks(time.Hour), callOf(t, "1", `{}`), peer, out) }()
		<-out.asked
		peer.Questions.Close()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	for _, reply := range out.replies {
		if !strings.Contains(string(reply.Result), ErrNoAnswer.Error()) {
			t.Errorf("got %s", reply.Result)
		}
	}
}

func TestAQuestionThatCannotBeWrittenEndsTheCall(t *testing.T) {
	peer, out := askingPeer(), &stream{asked: make(chan string, 1)}
	out.fail = errors.New("gone")
	if err := Carry(t.Context(), asks(time.Hour), callOf(t, "1", `{}`), peer, out); !errors.Is(err, out.fail) || len(out.replies) != 0 {
		t.Errorf("got %v and %d replies", err, len(out.replies))
	}
}

func TestAQuestionAfterTheReplyIsRefused(t *testing.T) {
	var x *Exchange
	work := serverWith("work", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		x = FromContext(ctx)
		return mcp.NewToolResultText("done"), nil
	})
	if err := Carry(t.Context(), work, callOf(t, "1", `{}`), askingPeer(), &stream{}); err != nil {
		t.Fatal(err)
	}
	if _, err := x.RequestElicitation(t.Context(), form); !errors.Is(err, ErrAnswered) {
		t.Errorf("got %v", err)
	}
}

func TestOnlyWhoCanAnswerIsAsked(t *testing.T) {
	const modernMeta = `{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":%s}`
	unnamed, named, url := new(mcp.ElicitationCapability), &mcp.ElicitationCapability{Form: new(struct{}), URL: new(struct{})}, &mcp.ElicitationCapability{URL: new(struct{})}
	for name, test := range map[string]struct {
		declared *mcp.ElicitationCapability
		out      Writer
		meta     string
		can      bool
	}{
		"legacy":                   {unnamed, new(stream), `{}`, true},
		"legacy, forms and links":  {named, new(stream), `{}`, true},
		"legacy, links only":       {url, new(stream), `{}`, false},
		"legacy, declares nothing": {nil, new(stream), `{}`, false},
		"legacy, reads JSON":       {unnamed, new(recording), `{}`, false},
		"modern":                   {nil, new(recording), fmt.Sprintf(modernMeta, `{"elicitation":{}}`), true},
		"modern, links only":       {unnamed, new(stream), fmt.Sprintf(modernMeta, `{"elicitation":{"url":{}}}`), false},
		"modern, declares nothing": {unnamed, new(stream), fmt.Sprintf(modernMeta, `{}`), false},
	} {
		t.Run(name, func(t *testing.T) {
			var can bool
			var err error
			work := serverWith("work", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				if can = FromContext(ctx).CanElicit(); !can || strings.HasPrefix(name, "modern") {
					_, err = FromContext(ctx).RequestElicitation(ctx, form)
				}
				return mcp.NewToolResultText("done"), nil
			})
			peer := &Peer{Questions: new(Questions)}
			peer.Declare(mcp.ClientCapabilities{Elicitation: test.declared})
			if carried := Carry(t.Context(), work, callOf(t, "1", test.meta), peer, test.out); carried != nil {
				t.Fatal(carried)
			}
			if can != test.can {
				t.Errorf("got %t, want %t", can, test.can)
			}
			if refused := errors.Is(err, server.ErrElicitationNotSupported); refused == (can && name[:6] == "legacy") {
				t.Errorf("asked all the same, and got %v", err)
			}
		})
	}
	if (*Exchange)(nil).CanElicit() {
		t.Error("outside of an exchange there is nobody to ask")
	}
}

// TestAModernRequestSpeaksForItselfAlone: a connection may carry both eras.
func TestAModernRequestSpeaksForItselfAlone(t *testing.T) {
	peer := askingPeer()
	work := serverWith("work", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText(fmt.Sprint(FromContext(ctx).CanElicit())), nil
	})
	var got stream
	for _, meta := range []string{`{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`, `{}`} {
		if err := Carry(t.Context(), work, callOf(t, "1", meta), peer, &got); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(string(got.replies[0].Result), "false") || !strings.Contains(string(got.replies[1].Result), "true") {
		t.Errorf("got %s and %s", got.replies[0].Result, got.replies[1].Result)
	}
}
