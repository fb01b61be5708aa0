package bridge

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

var someInputs = []input{
	{name: "message", required: true, description: "d"},
	{name: "wait_seconds", kind: integer, description: "d"},
	{name: "note", description: "d"},
}

func TestArgumentsAreReadLeniently(t *testing.T) {
	t.Parallel()
	got, err := parseArguments(someInputs, json.RawMessage(`{"message":"  hi  ","wait_seconds":"5","note":7}`))
	if err != nil {
		t.Fatal(err)
	}
	if wait, given := got.number("wait_seconds"); got.text("message") != "hi" || wait != 5 || !given || got.text("note") != "7" {
		t.Errorf("got %v", got)
	}
	got, err = parseArguments(someInputs, json.RawMessage(`{"message":"hi","wait_seconds":5.0,"note":null}`))
	if wait, given := got.number("wait_seconds"); err != nil || wait != 5 || !given || got.text("note") != "" {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err = parseArguments(nil, nil); err != nil || len(got) != 0 {
		t.Errorf("got %v, %v for a tool without arguments", got, err)
	}
}

func TestArgumentFaultsAreNamed(t *testing.T) {
	t.Parallel()
	for given, says := range map[string]string{
		`{}`:                                   "message is missing",
		`{"message":"  "}`:                     "message is empty",
		`{"message":null}`:                     "message is missing",
		`{"message":{}}`:                       "message must be a string",
		`{"message":["a"]}`:                    "message must be a string",
		`{"message":"a","wait_seconds":"x"}`:   "whole number",
		`{"message":"a","wait_seconds":1.5}`:   "whole number",
		`{"message":"a","wait_seconds":-1}`:    "whole number",
		`{"message":"a","wait_seconds":1e99}`:  "whole number",
		`{"message":"a","wait_seconds":1e400}`: "cannot be read",
		`{"message":"a","wait_seconds":true}`:  "whole number",
		`{"message":"a","wait_secs":1}`:        `no argument "wait_secs"`,
		`{"msg":"a"}`:                          `message is missing; there is no argument "msg"`,
		`[]`:                                   "must be an object",
		`"x"`:                                  "must be an object",
	} {
		_, err := parseArguments(someInputs, json.RawMessage(given))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v, want it to say %q", given, err, says)
			continue
		}
		if part := "message (required), wait_seconds, note"; !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %q does not say %q", given, err, part)
		}
	}
	if _, err := parseArguments(nil, json.RawMessage(`{"a":1}`)); err == nil || !strings.Contains(err.Error(), "takes no arguments") {
		t.Errorf("got %v", err)
	}
}

func TestSchemasAreFlatObjects(t *testing.T) {
	t.Parallel()
	got := string(schema(someInputs))
	want := `{"type":"object","properties":{"message":{"type":"string","description":"d"},"note":{"type":"string","description":"d"},` +
		`"wait_seconds":{"type":"integer","description":"d","minimum":0}},"required":["message"],"additionalProperties":false}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := string(schema(nil)); got != `{"type":"object","properties":{},"additionalProperties":false}` {
		t.Errorf("got %s for a tool without arguments", got)
	}
}

var richInputs = []input{
	{name: "columns", kind: array, description: "d"},
	{name: "status", kind: array, options: []string{"DONE", "OPEN"}, description: "d"},
	{name: "action", options: []string{"continue", "cancel"}, description: "d"},
	{name: "payload", kind: document, description: "d"},
	{name: "files", kind: array, fields: []input{{name: "name", required: true, description: "n"}, {name: "text", required: true, description: "t"}}, description: "d"},
}

func TestListsAndObjectsAreReadLeniently(t *testing.T) {
	t.Parallel()
	file := []record{{"name": "a.txt", "text": " x\n"}}
	for given, want := range map[string]any{
		`{"columns":["a",1,true]}`:                            []string{"a", "1", "true"},
		`{"columns":"a"}`:                                     []string{"a"},
		`{"columns":"[\"a\",\"b\"]"}`:                         []string{"a", "b"},
		`{"columns":"[a"}`:                                    []string{"[a"},
		`{"columns":[]}`:                                      []string{},
		`{"status":"open"}`:                                   []string{"OPEN"},
		`{"action":"Continue"}`:                               "continue",
		`{"action":""}`:                                       "",
		`{"payload":{"n":1.0}}`:                               json.RawMessage(`{"n":1.0}`),
		`{"payload":"{\"n\":9007199254740993}"}`:              json.RawMessage(`{"n":9007199254740993}`),
		`{"files":[{"name":"a.txt","text":" x\n"}]}`:          file,
		`{"files":{"name":"a.txt","text":" x\n"}}`:            file,
		`{"files":"{\"name\":\"a.txt\",\"text\":\" x\\n\"}"}`: file,
	} {
		got, err := parseArguments(richInputs, json.RawMessage(given))
		if err != nil {
			t.Errorf("%s: %v", given, err)
			continue
		}
		for name, value := range got {
			if !reflect.DeepEqual(value, want) || !got.given(name) {
				t.Errorf("%s: got %#v, want %#v", given, value, want)
			}
		}
	}
}

func TestFaultsInListsAndObjectsAreNamed(t *testing.T) {
	t.Parallel()
	for given, says := range map[string]string{
		`{"columns":[{}]}`:                               `each of columns must be a string: write columns as ["…"]`,
		`{"columns":[""]}`:                               "each of columns is empty",
		`{"status":["shut"]}`:                            `each of status must be one of DONE, OPEN: write status as ["DONE"]`,
		`{"action":"stop"}`:                              "action must be one of continue, cancel",
		`{"payload":[1]}`:                                "payload must be a JSON object",
		`{"payload":"{"}`:                                "payload must be a JSON object",
		`{"files":["a.txt"]}`:                            `each of files must be an object: write files as [{"name": "…", "text": "…"}]`,
		`{"files":[{"text":"x"}]}`:                       "each of files must have a name",
		`{"files":[{"name":" ","text":"x"}]}`:            "each of files must have a name",
		`{"files":[{"name":"a"}]}`:                       "each of files must have a text",
		`{"files":[{"name":"a","text":"x","mode":"y"}]}`: `no member "mode"`,
	} {
		if _, err := parseArguments(richInputs, json.RawMessage(given)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v, want it to say %q", given, err, says)
		}
	}
}

func TestRichSchemasStayFlat(t *testing.T) {
	t.Parallel()
	got := string(schema(richInputs))
	want := `{"type":"object","properties":{"action":{"type":"string","description":"d","enum":["continue","cancel"]},` +
		`"columns":{"type":"array","description":"d","items":{"type":"string"}},` +
		`"files":{"type":"array","description":"d","items":{"type":"object","properties":{"name":{"type":"string","description":"n"},"text":{"type":"string","description":"t"}},"required":["name","text"],"additionalProperties":false}},` +
		`"payload":{"type":"string","description":"d"},` +
		`"status":{"type":"array","description":"d","items":{"type":"string","enum":["DONE","OPEN"]}}},"additionalProperties":false}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
