package scripted_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sema4mcp/internal/localtenant/minds/scripted"
)

func TestParseErrors(t *testing.T) {
	for runbook, says := range map[string]string{
		"":                                "it has no steps",
		"# Title\n\nJust prose.":          "it has no steps",
		"```\n- say: in a fence\n```":     "it has no steps",
		"- sing: la":                      `line 1: no step is called "sing"; use say, think`,
		"\n\n- say: x\n- ":                `line 4: no step is called ""`,
		"- say: x\n  - say: nested":       "line 2: only repeat has steps below it",
		"- repeat 3":                      "line 1: repeat needs steps nested below it",
		"- repeat x\n  - say: y":          "line 1: repeat needs a whole number",
		"- repeat 0\n  - say: y":          "line 1: repeat needs a whole number",
		"- repeat 100001\n  - say: y":     "from 1 to 100000",
		"- repeat 2\n  - say: a\n  - foo": "line 3: no step",
		"- wait: soon":                    `line 1: wait: "soon" is no time`,
		"- wait: -1s":                     "is no time",
		"- wait: 61m":                     "from 0 to an hour",
		"- wait: NaN":                     "is no time",
		"- wait: 1e300":                   "is no time",
		"- pace: {{seconds|x}}":           `line 1: pace: {{seconds|x}}: "x" is no time`,
		"- pace: {{x":                     "line 1: pace: {{ is not closed by }}",
		"- say: {{name}}":                 "line 1: say: nothing is called {{name}}; use {{message}}",
		"- say: {{message|x}}":            "only seconds has a default",
		"- say: {{":                       "is not closed",
		"- call:":                         "line 1: call needs the name of a tool",
		"- call: x {\"a\": {{n}}}":        "must be a JSON object",
		"- call: x {} then":               `"then" should be => and a result`,
		"- call: x {\"a\":\"{{b}}\"}":     "call: nothing is called {{b}}",
		"- call: x => {{b}}":              "call: nothing is called {{b}}",
		"- attach: note.txt":              "line 1: attach needs a name, a media type and the content",
		"- attach: a text/plain {{b}}":    "attach: nothing is called {{b}}",
	} {
		if _, err := scripted.Parse(runbook); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: error %v does not say %q", runbook, err, says)
		}
	}
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("../../seed/runbooks/*.md")
	if err != nil || len(files) == 0 {
		f.Fatalf("no runbooks to begin with: %v", err)
	}
	for _, file := range files {
		runbook, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(runbook))
	}
	for _, runbook := range []string{
		"- repeat 3:\n\t- say: {{n}}\n  1. wait: 1ms\n", "- call: x {\"a\":[1]} !! no\r\n+ cut\n* next message",
		"~~~\n- x\n~~~\n- say: a\n\n  b\nc", "- attach: a b/c d\n- fail: \"\\u0000\"",
	} {
		f.Add(runbook)
	}
	f.Fuzz(func(t *testing.T, runbook string) {
		steps, err := scripted.Parse(runbook)
		switch {
		case err == nil && len(steps) == 0:
			t.Error("neither steps nor an error")
		case err != nil && len(steps) > 0:
			t.Errorf("%d steps beside the error %v", len(steps), err)
		case err != nil && !strings.Contains(err.Error(), "no steps") && !strings.HasPrefix(err.Error(), "line "):
			t.Errorf("the error names no line: %v", err)
		}
	})
}
