package restclient

import (
	"bytes"
	"encoding/json"
	"testing"
)

// wireMessage holds an item of every kind, as API v2 sends them.
const wireMessage = `{"message_id":"m2","role":"agent","content":[` +
	`{"content_id":"c1","kind":"thought","complete":true,"thought":"Hm.","extras":{"started_at":"2026-07-02T09:15:30Z","duration_seconds":1.5}},` +
	`{"content_id":"c2","kind":"tool_call","complete":false,"name":"query","tool_call_id":"tc1","arguments_raw":"{\"a\":1}",` +
	`"sub_type":"mcp-external","status":"failed","result":"","error":"timed out","discovered_at":"2026-07-02T09:15:30Z",` +
	`"pending_at":"2026-07-02T09:15:31Z","started_at":"2026-07-02T09:15:32Z","ended_at":"2026-07-02T09:15:33Z",` +
	`"action_server_run_id":"as1","metadata":{"n":1.50}},` +
	`{"content_id":"c3","kind":"text","complete":true,"text":"Three are open.","citations":[` +
	`{"document_uri":"file://a","start_char_index":3,"end_char_index":9,"cited_text":"open"}]},` +
	`{"content_id":"c4","kind":"formatted-text","text":"**Bold**"},` +
	`{"content_id":"c5","kind":"quick_actions","actions":[{"label":"Yes","value":"y","icon":"check"},{"label":"No","value":"n"}],"completed":false},` +
	`{"content_id":"c6","kind":"vega_chart","chart_spec_raw":"{}","sub_type":"vega","completed":true},` +
	`{"content_id":"c7","kind":"attachment","name":"a.csv","mime_type":"text/csv","description":"d","uri":"agent-server-file://1"},` +
	`{"content_id":"c8","kind":"attachment","name":"b.csv","mime_type":"text/csv","base64_data":"YQ=="},` +
	`{"another":[1,2.50],"content_id":"c9","kind":"hologram"}],` +
	`"complete":true,"commited":false,"parent_run_id":"r1","created_at":"2026-07-02T09:15:31.5Z","updated_at":"2026-07-02T09:15:32Z",` +
	`"agent_metadata":{"x":1},"server_metadata":{}}`

func TestMessageIsReadAndWrittenWhole(t *testing.T) {
	var m Message
	if err := json.Unmarshal([]byte(wireMessage), &m); err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "message", string(got), wireMessage)
	equal(t, "text", m.Text(), "Three are open.\n\n**Bold**")
	equal(t, "committed", *m.Committed, false)
	equal(t, "error", *m.Content[1].ToolCall.Error, "timed out")
	equal(t, "unknown kind", string(m.Content[8].Raw), `{"another":[1,2.50],"content_id":"c9","kind":"hologram"}`)
}

func TestMessageAsInput(t *testing.T) {
	m := Message{Role: RoleUser, Content: []Content{{Kind: KindText, Text: "Check this."}}}
	got, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "message", string(got), `{"role":"user","content":[{"kind":"text","text":"Check this."}]}`)
	got, err = json.Marshal(Content{Kind: "hologram", ID: "c1"})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "unknown kind", string(got), `{"content_id":"c1","kind":"hologram"}`)
}

// TestOddMessages shows what each shape is read as, written as API v2 has it.
func TestOddMessages(t *testing.T) {
	for wire, want := range map[string]string{
		`{"id":"1","role":"human","content":"hi","channel":"web"}`:                                                                                  `{"message_id":"1","role":"user","content":[{"kind":"text","text":"hi"}]}`,
		`{"role":"agent","content":""}`:                                                                                                             `{"role":"agent"}`,
		`{"role":"agent","content":null,"complete":"yes"}`:                                                                                          `{"role":"agent"}`,
		`{"role":"agent","content":{"kind":"text","text":"x"}}`:                                                                                     `{"role":"agent","content":[{"kind":"text","text":"x"}]}`,
		`{"role":"agent","content":["x",7,null]}`:                                                                                                   `{"role":"agent","content":[{"kind":"text","text":"x"},7,null]}`,
		`{"role":"agent","content":[{"kind":"text","text":7}]}`:                                                                                     `{"role":"agent","content":[{"kind":"text","text":"7"}]}`,
		`{"role":"agent","content":[{"kind":"thought","thought":"t","extras":{"duration_seconds":"x"}}]}`:                                           `{"role":"agent","content":[{"kind":"thought","thought":"t","extras":{}}]}`,
		`{"role":"agent","content":[{"kind":"text","text":"x","citations":[{"start_char_index":5.0,"end_char_index":1e99}]}]}`:                      `{"role":"agent","content":[{"kind":"text","text":"x","citations":[{"document_uri":"","start_char_index":5,"end_char_index":0,"cited_text":""}]}]}`,
		`{"role":"agent","content":[{"kind":"tool_call","name":"n","tool_call_id":"t","arguments_raw":{"a":1},"result":{"ok":true},"error":null}]}`: `{"role":"agent","content":[{"kind":"tool_call","name":"n","tool_call_id":"t","arguments_raw":"{\"a\":1}","result":"{\"ok\":true}"}]}`,
		`{"type":"tool_request","role":"agent","tool_calls":[{"id":"t","name":"n","args":{}}]}`:                                                     `{"role":"agent","content":[{"kind":"tool_call","name":"n","tool_call_id":"t","arguments_raw":"{}"}]}`,
		`{"type":"tool_response","role":"agent","tool_call_id":"t","status":"success","result":"r"}`:                                                `{"role":"agent","content":[{"kind":"tool_call","name":"","tool_call_id":"t","arguments_raw":"","status":"success","result":"r"}]}`,
		`{"role":"agent","content":[{"kind":"thought","thought":"t"}]}`:                                                                             `{"role":"agent","content":[{"kind":"thought","thought":"t"}]}`,
	} {
		var m Message
		if err := json.Unmarshal([]byte(wire), &m); err != nil {
			t.Errorf("%s: %v", wire, err)
			continue
		}
		got, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, wire, string(got), want)
	}
}

func TestWhatIsNoMessage(t *testing.T) {
	for _, wire := range []string{`7`, `null`, `[]`, `"text"`} {
		var m Message
		err := json.Unmarshal([]byte(wire), &m)
		if err == nil {
			t.Errorf("%s: no error", wire)
			continue
		}
		contains(t, wire, err.Error(), "not a JSON object")
	}
	if new(Message).UnmarshalJSON([]byte(`{`)) == nil || new(Content).UnmarshalJSON([]byte(`{`)) == nil {
		t.Error("no error for cut JSON")
	}
	var c Content
	if err := json.Unmarshal([]byte(`"text"`), &c); err != nil || c.Text != "text" {
		t.Errorf("content: got %v, %v", c, err)
	}
}

func FuzzMessage(f *testing.F) {
	f.Add([]byte(wireMessage))
	for _, recorded := range streams(f) {
		for line := range bytes.Lines([]byte(recorded)) {
			f.Add(bytes.TrimPrefix(line, []byte("data: ")))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var first, second Message
		if json.Unmarshal(data, &first) != nil {
			return
		}
		once, err := json.Marshal(first)
		if err != nil {
			t.Fatalf("%q: what was read cannot be written: %v", data, err)
		}
		if err := json.Unmarshal(once, &second); err != nil {
			t.Fatalf("%q: what was written cannot be read: %v", once, err)
		}
		twice, err := json.Marshal(second)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(once, twice) || first.Text() != second.Text() {
			t.Errorf("written as %q, then as %q", once, twice)
		}
	})
}
