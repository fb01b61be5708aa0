package bridge

import (
	"encoding/json"
	"strings"
	"testing"
)

var someInputs = []input{
	{name: "message", kind: "string", required: true, description: "d"},
	{name: "wait_seconds", kind: "integer", description: "d"},
	{name: "note", kind: "string", description: "d"},
}

func TestArgumentsAreReadLeniently(t *testing.T) {
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
