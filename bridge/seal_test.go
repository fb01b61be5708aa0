package bridge

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

func TestStatesOpenForTheirKeyAlone(t *testing.T) {
	t.Parallel()
	content := []byte("what was asked")
	state := SealerFor("a key").seal(content)
	if got, ok := SealerFor("a key").open(state); !ok || !bytes.Equal(got, content) {
		t.Errorf("another process with the key: got %q, %t", got, ok)
	}
	for name, other := range map[string]*Sealer{"another key": SealerFor("a kez"), "no key": SealerFor(""), "a process's own": ownSealer()} {
		if got, ok := other.open(state); ok {
			t.Errorf("%s opened it: %q", name, got)
		}
	}
	if again := SealerFor("a key").seal(content); again == state {
		t.Error("the same content was sealed the same way twice")
	}
	if sealed, _ := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(state, sealPrefix)); bytes.Contains(sealed, content) {
		t.Error("the content can be read")
	}
}

func TestEveryAlteredByteIsNoticed(t *testing.T) {
	t.Parallel()
	sealer := SealerFor("a key")
	state := sealer.seal([]byte("what was asked"))
	for i := range len(state) {
		for _, c := range []byte("A_") {
			altered := []byte(state)
			if altered[i] == c {
				continue
			}
			altered[i] = c
			if got, ok := sealer.open(string(altered)); ok {
				t.Errorf("byte %d: opened as %q", i, got)
			}
		}
		if _, ok := sealer.open(state[:i]); ok {
			t.Errorf("opened after %d bytes", i)
		}
	}
}

// calls is a round of a call with these arguments.
func calls(t *testing.T, tool, arguments string) round {
	t.Helper()
	return round{tool: tool, arguments: json.RawMessage(arguments), mayAsk: true}
}

func TestAStateHoldsForItsCall(t *testing.T) {
	t.Parallel()
	tenant := NewTenant(nil, Config{})
	t.Cleanup(tenant.Close)
	point := asked{Question: strings.Repeat("ü", maxQuestion), Run: "run1_x", Thread: "t-1", Messages: 2, WorkItem: "w", Status: "NEEDS_REVIEW", Since: time.Now().Round(0), Action: "continue"}
	state := tenant.seal(calls(t, "ask_agent", `{"n":9007199254740993,"message":"a<b","files":[{"name":"x"}]}`).in(t.Context()), point)
	open := func(tool, arguments string) (asked, error) {
		return tenant.open(calls(t, tool, arguments).in(t.Context()), mcp.MultiRoundTripParams{RequestState: state})
	}
	got, err := open("ask_agent", ` {"files": [{"name":"x"}], "message": "a\u003cb", "n": 9007199254740993}`)
	if err != nil || got.Run != point.Run || got.Thread != point.Thread || got.Messages != 2 || got.WorkItem != "w" || got.Status != point.Status || !got.Since.Equal(point.Since) || got.Action != "continue" {
		t.Errorf("the same arguments, written otherwise: got %+v, %v", got, err)
	}
	if len(got.Question) > maxQuestion || !strings.HasPrefix(point.Question, got.Question) {
		t.Errorf("the question has %d bytes", len(got.Question))
	}
	for _, other := range []struct{ tool, arguments string }{
		{"get_run", `{"n":9007199254740993,"message":"a<b","files":[{"name":"x"}]}`},
		{"ask_agent", `{"n":9007199254740992,"message":"a<b","files":[{"name":"x"}]}`},
		{"ask_agent", `{"n":9007199254740993,"message":"a<b","files":[{"name":"x"}],"more":null}`},
		{"ask_agent", `{}`}, {"ask_agent", ``},
	} {
		if _, err := open(other.tool, other.arguments); err == nil || !strings.Contains(err.Error(), "belongs to another call") {
			t.Errorf("%v: got %v", other, err)
		}
	}
}

func TestOldStatesAreRefused(t *testing.T) {
	t.Parallel()
	tenant := NewTenant(nil, Config{Sealer: SealerFor("a key")})
	t.Cleanup(tenant.Close)
	call := calls(t, "ask_agent", `{}`)
	for _, test := range []struct {
		point asked
		says  string
	}{
		{asked{Run: "run1_x", Question: "Which year?"}, `Which year? To be asked again, call get_run with run_id "run1_x"`},
		{asked{WorkItem: "w-1"}, `call get_work_item with work_item_id "w-1"`},
	} {
		test.point.Call, test.point.Expires = call.digest(), time.Now().Add(-time.Second)
		encoded, err := json.Marshal(test.point)
		if err != nil {
			t.Fatal(err)
		}
		_, err = tenant.open(call.in(t.Context()), mcp.MultiRoundTripParams{RequestState: tenant.config.Sealer.seal(encoded)})
		if err == nil || !strings.Contains(err.Error(), "more than 10m0s ago") || !strings.Contains(err.Error(), test.says) {
			t.Errorf("got %v", err)
		}
	}
	if _, err := tenant.open(call.in(t.Context()), mcp.MultiRoundTripParams{RequestState: tenant.config.Sealer.seal([]byte("no JSON"))}); err == nil || !strings.Contains(err.Error(), "cannot be opened") {
		t.Errorf("got %v", err)
	}
}

// FuzzOpenState takes states apart that a client may have made up: only what was
// sealed opens, and whatever does not says what to do.
func FuzzOpenState(f *testing.F) {
	tenant := NewTenant(nil, Config{Sealer: SealerFor("a key")})
	f.Cleanup(tenant.Close)
	call := round{tool: "ask_agent", arguments: json.RawMessage(`{"message":"go"}`)}
	good := tenant.seal(call.in(f.Context()), asked{Run: "run1_x", Question: "Which year?"})
	for _, seed := range []string{good, good + "=", strings.ToUpper(good), strings.TrimPrefix(good, sealPrefix), sealPrefix, "", "ask2_x", SealerFor("other").seal([]byte("{}"))} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, state string) {
		a, err := tenant.open(call.in(t.Context()), mcp.MultiRoundTripParams{RequestState: state})
		switch {
		case err == nil: // each process of the fuzzer has sealed one of its own
			if a.Run != "run1_x" || a.Question != "Which year?" || !bytes.Equal(a.Call, call.digest()) {
				t.Errorf("%q opened as %+v", state, a)
			}
		case state == good:
			t.Errorf("got %v", err)
		case !strings.Contains(err.Error(), nothingSent) || len(err.Error()) > 1000:
			t.Errorf("got %v", err)
		}
	})
}
