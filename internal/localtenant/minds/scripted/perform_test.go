package scripted_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sema4mcp/internal/localtenant/minds"
	"sema4mcp/internal/localtenant/minds/scripted"
	"sema4mcp/internal/localtenant/thread"
)

// script is an emitter that writes down what it is told, and when.
type script struct {
	begun time.Time
	lines []string
	times []time.Duration
}

func (s *script) note(format string, arguments ...any) {
	s.lines = append(s.lines, fmt.Sprintf(format, arguments...))
	s.times = append(s.times, time.Since(s.begun))
}

func (s *script) Think(thought string)       { s.note("think %s", thought) }
func (s *script) Text(piece string)          { s.note("%s", piece) }
func (s *script) Chart(spec string)          { s.note("chart %s", spec) }
func (s *script) Attach(f thread.Attachment) { s.note("attach %s %s %s", f.Name, f.MIMEType, f.Data) }
func (s *script) Keep(f thread.DataFrame)    { s.note("keep %s", f.Name) }
func (s *script) Ask(question string, timeout time.Duration) {
	s.note("ask %s for %v", question, timeout)
}
func (s *script) NextMessage() { s.note("next") }
func (s *script) Cut()         { s.note("cut") }
func (s *script) Call(name, arguments string) minds.Call {
	s.note("call %s %s", name, arguments)
	return scriptCall{s}
}
func (s *script) CallMCP(name, arguments string) minds.Call { return s.Call("mcp "+name, arguments) }

type scriptCall struct{ *script }

func (c scriptCall) Start()               { c.note("start") }
func (c scriptCall) Finish(result string) { c.note("finish %s", result) }
func (c scriptCall) Fail(message string)  { c.note("fail %s", message) }

// follow does what a runbook says in time that costs nothing.
func follow(t *testing.T, runbook, message string) (*script, error) {
	var (
		out *script
		err error
	)
	synctest.Test(t, func(t *testing.T) {
		out = &script{begun: time.Now()}
		err = scripted.Mind{}.Answer(t.Context(), minds.Turn{Agent: minds.Agent{Runbook: runbook}, Message: message}, out)
	})
	return out, err
}

func TestSteps(t *testing.T) {
	for runbook, want := range map[string][]string{
		"- say: one\n- say: two":                      {"one", "two"},
		"Intro\n\n* say: a\n+ say: b\n1. say: c\n":    {"a", "b", "c"},
		"- say: word \n- say:  two":                   {"word ", " two"},
		"- say: \" kept \\n\"":                        {" kept \n"},
		"- say: \"not\" quoted":                       {`"not" quoted`},
		"- say: first\n  second\n\n  third\nprose":    {"first\nsecond\n\nthird"},
		"- say: a\r\n- cut\r\n":                       {"a", "cut"},
		"- SAY: {{message}}, {{ n }}":                 {"hi \"<you>\", 0"},
		"- think: of {{message}}":                     {`think of hi "<you>"`},
		"- repeat 2\n  - say: {{n}}\n- say: {{n}}":    {"1", "2", "0"},
		"- repeat 2:\n\t- repeat 2\n\t\t- say: {{n}}": {"1", "2", "1", "2"},
		"- call: f": {"call f {}", "start", "finish "},
		"- call: f {\"a\":\"{{message}}\"} => {{message}}": {
			`call f {"a":"hi \"\u003cyou\u003e\""}`, "start", `finish hi "<you>"`,
		},
		"- call: f => \"\\ttab\"":           {"call f {}", "start", "finish \ttab"},
		"- call: f {} !! broken":            {"call f {}", "start", "fail broken"},
		"- attach: a.txt text/plain x  y":   {"attach a.txt text/plain x  y"},
		"- ask: which?\n- next message":     {"ask which? for 5m0s", "next"},
		"```\n- say: no\n```\n- say: yes":   {"yes"},
		"~~~md\n- say: no\n```\n~~~\n- cut": {"cut"},
	} {
		out, err := follow(t, runbook, `hi "<you>"`)
		if err != nil || !slices.Equal(out.lines, want) {
			t.Errorf("%q: %q, %v; want %q", runbook, out.lines, err, want)
		}
	}
}

func TestFailures(t *testing.T) {
	for runbook, says := range map[string]string{
		"- fail: no luck, {{message}}":            "no luck, you",
		"- repeat 1\n  - fail: inside":            "inside",
		"- oops":                                  "The runbook cannot be followed: line 1",
		"- repeat 5\n  - wait: {{n}}000":          "wait: \"4000\" is no time",
		"- repeat 4\n  - pace: {{n}}000\n  - cut": "pace: \"4000\" is no time",
	} {
		_, err := follow(t, runbook, "you")
		var failure *minds.Failure
		if !errors.As(err, &failure) || !strings.Contains(failure.Message, says) || failure.Code == "" {
			t.Errorf("%q: %v does not say %q", runbook, err, says)
		}
	}
}

func TestPace(t *testing.T) {
	for name, test := range map[string]struct {
		runbook, message string
		words            int
		length           time.Duration
	}{
		"evenly":                {"- pace: 10s\n- say: a b c d e", "", 5, 10 * time.Second},
		"over several says":     {"- pace: 10s\n- say: \"a b \"\n- think: x\n- say: c d", "", 5, 10 * time.Second},
		"over repeats":          {"- pace: 9\n- repeat 3\n  - say: \"{{n}} x \"", "", 6, 9 * time.Second},
		"a wait inside counts":  {"- pace: 10s\n- say: a\n- wait: 5s\n- say: b", "", 2, 10 * time.Second},
		"another pace ends it":  {"- pace: 10s\n- say: a\n- pace: 1s\n- say: b", "", 2, 11 * time.Second},
		"inside a repeat":       {"- repeat 2\n  - pace: 2s\n  - say: a b", "", 4, 4 * time.Second},
		"goes on after its end": {"- pace: 4s\n- say: a\n- repeat 2\n  - say: b\n  - pace: 1s\n  - say: c", "", 5, 7 * time.Second},
		"none":                  {"- pace: 0\n- say: a b c", "", 1, 0},
		"nothing to say":        {"- pace: 5s\n- think: x", "", 1, 0},
		"from the message":      {"- pace: {{seconds|3}}\n- say: a b", "for 90 seconds", 2, 90 * time.Second},
		"from the default":      {"- pace: {{seconds|7}}\n- say: a b", "hello", 2, 7 * time.Second},
		"from no default":       {"- pace: {{seconds}}\n- say: a b", "hello", 2, 3 * time.Second},
		"wait for the message":  {"- wait: {{seconds}}\n- say: a", "1.5s", 1, 1500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := follow(t, test.runbook, test.message)
			if err != nil {
				t.Fatal(err)
			}
			if last := out.times[len(out.times)-1]; len(out.lines) != test.words || last != test.length {
				t.Errorf("%q at %v; want %d pieces in %v", out.lines, out.times, test.words, test.length)
			}
		})
	}
}

func TestCancelling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, runbook := range []string{"- wait: 1h", "- pace: 1h\n- say: a b", "- repeat 100000\n  - wait: 1m"} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			begun := time.Now()
			err := scripted.Mind{}.Answer(ctx, minds.Turn{Agent: minds.Agent{Runbook: runbook}}, &script{begun: begun})
			if !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != time.Second {
				t.Errorf("%q: %v after %v", runbook, err, time.Since(begun))
			}
			cancel()
		}
	})
}

// A message names its time in many ways.
func TestNamedTimes(t *testing.T) {
	for message, want := range map[string]string{
		"a 90-second story":             "90",
		"a 90 second story":             "90",
		"90s, please":                   "90",
		"take 5 s":                      "5",
		"for 2 minutes":                 "120",
		"for two minutes":               "120",
		"a minute or so":                "60",
		"half an hour":                  "1800",
		"1 minute and 30 seconds":       "90",
		"one minute, 30 secs":           "90",
		"1m30s":                         "90",
		"(1.5s)":                        "1.5",
		"250 ms":                        "0.25",
		"a 5 second tale of 10 minutes": "5",
		"for 100 hours":                 "3600",
		"999999999 hours":               "3600",
		"in 20 sentences":               "7",
		"a story":                       "7",
		"chapter 7":                     "7",
	} {
		out, err := follow(t, "- say: \"{{seconds|7}}\"", message)
		if err != nil || out.lines[0] != want {
			t.Errorf("%q: %q, %v; want %s seconds", message, out.lines, err, want)
		}
	}
}
