package restclient

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func decodeAll(data ...string) []Event {
	decoder := eventDecoder{redact: redactor{keys: []string{testKey}}}
	var events []Event
	for _, d := range data {
		events = append(events, decoder.decode(serverSentEvent{name: "agent_event", data: []byte(d)})...)
	}
	return events
}

func TestUnreadableEvents(t *testing.T) {
	for name, c := range map[string]struct{ data, kind string }{
		"no JSON":              {`{"event_type":`, "agent_event"},
		"no object":            {`7`, "agent_event"},
		"content without id":   {`{"event_type":"message_content","delta":{"op":"add","path":""}}`, "message_content"},
		"content without any":  {`{"event_type":"message_content","message_id":"m1"}`, "message_content"},
		"a delta that is none": {`{"event_type":"message_content","message_id":"m1","delta":"x"}`, "message_content"},
		"a begin without id":   {`{"event_type":"message_begin"}`, "message_begin"},
		"an end without id":    {`{"event_type":"message_end"}`, "message_end"},
		"a field of odd type":  {`{"event_type":"message_end","message_id":7}`, "message_end"},
	} {
		t.Run(name, func(t *testing.T) {
			events := decodeAll(c.data)
			unknown, ok := events[0].(UnknownEvent)
			if !ok || len(events) != 1 {
				t.Fatalf("got %#v", events)
			}
			equal(t, "type", unknown.Type, c.kind)
			equal(t, "raw", string(unknown.Raw), c.data)
			equal(t, "has an error", unknown.Err != nil, true)
			var transcript Transcript
			if _, ok := errors.AsType[*DeltaError](transcript.Apply(unknown)); !ok {
				t.Error("the transcript does not report it")
			}
		})
	}
}

func TestOddEvents(t *testing.T) {
	for data, want := range map[string]Event{
		`{}`:                           UnknownEvent{Type: "agent_event", Raw: []byte(`{}`)},
		`{"type":"news"}`:              UnknownEvent{Type: "news", Raw: []byte(`{"type":"news"}`)},
		`{"event_type":"agent_error"}`: AgentError{Err: &RunError{}},
		`{"event_type":"agent_error","error":"out of ` + testKey + `"}`:                        AgentError{Err: &RunError{Message: "out of " + redacted}},
		`{"event_type":"request_user_input"}`:                                                  RequestUserInput{},
		`{"event_type":"request_user_input","message":{"text":"?"}}`:                           RequestUserInput{Message: `{"text":"?"}`},
		`{"event_type":"message_metadata","data":{"a":1}}`:                                     MessageMetadata{Metadata: []byte(`{"a":1}`)},
		`{"event_type":"thread_name_updated","new_name":"b","old_name":"a","reason":"manual"}`: ThreadNameUpdated{NewName: "b", OldName: "a", Reason: "manual"},
	} {
		if got := decodeAll(data); !reflect.DeepEqual(got, []Event{want}) {
			t.Errorf("%s: got %#v, want %#v", data, got, want)
		}
	}
}

func TestRunErrorTexts(t *testing.T) {
	equal(t, "empty", (&RunError{}).Error(), "the run failed")
	equal(t, "full", (&RunError{Code: "c", Message: "m", ErrorID: "e"}).Error(), "the run failed (c): m [e]")
}

// texts applies events and shows the texts of the messages.
func texts(t *testing.T, events []Event) string {
	t.Helper()
	var transcript Transcript
	for _, event := range events {
		if err := transcript.Apply(event); err != nil {
			t.Fatal(err)
		}
	}
	var all []string
	for _, m := range transcript.Messages() {
		all = append(all, m.Text())
	}
	return strings.Join(all, "|")
}

func TestV1Tokens(t *testing.T) {
	for name, c := range map[string]struct {
		data []string
		want string
	}{
		"tokens alone":           {[]string{`{"type":"token","token":"a"}`, `{"type":"token","token":"b"}`, `{"type":"end_stream"}`}, "ab"},
		"tokens in an object":    {[]string{`{"type":"token","token":{"token":"a","token_sequence":0}}`}, "a"},
		"tokens, then the whole": {[]string{`{"type":"token","token":"a"}`, `{"type":"message","role":"agent","content":"ab"}`}, "ab"},
		"two messages":           {[]string{`{"type":"token","token":"a"}`, `{"type":"message","role":"agent","content":"a"}`, `{"type":"token","token":"b"}`}, "a|b"},
		"a tool in between":      {[]string{`{"type":"token","token":"a"}`, `{"type":"action_request","role":"agent","action_calls":[]}`, `{"type":"token","token":"b"}`}, "a||b"},
		"a message of the user":  {[]string{`{"type":"token","token":"a"}`, `{"type":"message","role":"human","content":"q"}`}, "a|q"},
		"messages with one id":   {[]string{`{"type":"message","id":"1","role":"agent","content":"a"}`, `{"type":"message","id":"1","role":"agent","content":"b"}`}, "b"},
	} {
		t.Run(name, func(t *testing.T) {
			equal(t, "texts", texts(t, decodeAll(c.data...)), c.want)
		})
	}
}
