package bridge

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"sema4mcp/restclient"
)

// FuzzResourceURIs: whatever things are called, their URIs lead back to them, and
// a URI that is read is written the same way ever after.
func FuzzResourceURIs(f *testing.F) {
	for _, seed := range [][2]string{
		{"sema4://runs/run2_x", "a b/c?d#e%2f+&🚀"}, {"sema4://agents/a/threads/t/files/%2e%2e", ".."}, {"sema4://agents/a/threads/t/data-frames/n?format=json", "\xff"},
		{"sema4://agents/a/threads/t/files/", ""}, {"SEMA4://runs/x", "x"}, {"sema4://runs/%zz", "\x00"}, {"sema4://agents/a/threads/t?x=%zz", "/"}, {"file:///etc/passwd", "{name}"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, uri, name string) {
		if name != "" {
			for written, want := range map[string]resourceURI{
				agentURI(name):                {agent: name},
				runURI(name):                  {runID: name},
				threadURI(name, "t"+name):     {agent: name, thread: "t" + name},
				fileURI("a", name, name):      {agent: "a", thread: name, file: name},
				frameURI("a"+name, "t", name): {agent: "a" + name, thread: "t", frame: name},
				frameURI("a", "t", "f") + "?format=" + encoded(name): {agent: "a", thread: "t", frame: "f", format: name},
			} {
				want.uri = written
				if got, err := parseResourceURI(written); err != nil || got != want {
					t.Errorf("%q was read as %+v, %v, want %+v", written, got, err, want)
				}
			}
		}
		parsed, err := parseResourceURI(uri)
		if err != nil {
			return
		}
		again := rewritten(parsed)
		got, err := parseResourceURI(again)
		if got.uri = parsed.uri; err != nil || got != parsed {
			t.Errorf("%q was read as %+v, and %q as %+v, %v", uri, parsed, again, got, err)
		}
	})
}

// rewritten is the URI of what was read of one.
func rewritten(parsed resourceURI) string {
	uri, query := runURI(parsed.runID), url.Values{}
	switch {
	case parsed.file != "":
		uri = fileURI(parsed.agent, parsed.thread, parsed.file)
	case parsed.frame != "":
		uri = frameURI(parsed.agent, parsed.thread, parsed.frame)
		query.Set("format", parsed.format)
	case parsed.thread != "":
		uri = threadURI(parsed.agent, parsed.thread)
	case parsed.agent != "":
		uri = agentURI(parsed.agent)
	}
	if parsed.ranged {
		query.Set("offset", strconv.Itoa(parsed.offset))
	}
	if parsed.limit > 0 {
		query.Set("limit", strconv.Itoa(parsed.limit))
	}
	return uri + "?" + query.Encode()
}

// manyInputs has every kind of argument that there is.
var manyInputs = []input{
	{name: "text", required: true}, {name: "choice", options: []string{"asc", "desc"}}, {name: "number", kind: integer}, {name: "list", kind: array},
	{name: "choices", kind: array, options: []string{"a", "b"}}, {name: "document", kind: document},
	{name: "files", kind: array, fields: []input{{name: "name"}, {name: "text"}}},
}

// FuzzArguments: what is refused says what to do next, and what is read is the
// same when it is written as it was read.
func FuzzArguments(f *testing.F) {
	for _, seed := range []string{
		`{"text":"x"}`, `{"text":" x ","choice":"ASC","number":"7","list":"[\"a\"]","choices":["A"],"document":"{\"$ref\":\"file:///etc/passwd\"}","files":[{"name":"n","text":" t "}]}`,
		`{"text":1e400}`, `{"text":true,"number":-1}`, `{"text":"x","list":[[]]}`, `{"text":"x","files":{}}`, `null`, `[]`, `{"text":"x","number":1e30}`, `{"text":"x","other":1}`,
		`{"text":"x","list":"","document":" "}`, `{"text":"x","choices":[]}`, `{"text":"x","list":["[\"a\"]"]}`, `{"text":"x","number":2147483648}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !json.Valid(raw) || !utf8.Valid(raw) {
			return // refused before
		}
		read, err := parseArguments(manyInputs, bytes.TrimSpace(raw))
		if err != nil {
			if known, ours := errors.AsType[*failure](err); !ours || known.what == "" || known.next == "" {
				t.Errorf("%s: got %v", raw, err)
			}
			return
		}
		written, err := json.Marshal(read)
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseArguments(manyInputs, written)
		if err != nil || !reflect.DeepEqual(canonical(again), canonical(read)) {
			t.Errorf("%s was read as %v, and %s as %v, %v", raw, read, written, again, err)
		}
	})
}

// canonical has documents without the white space that their writer chose.
func canonical(args arguments) arguments {
	if raw := args.document("document"); raw != nil {
		var compact bytes.Buffer
		if json.Compact(&compact, raw) == nil {
			var value any
			_ = json.Unmarshal(compact.Bytes(), &value)
			args["document"] = value
		}
	}
	return args
}

// FuzzCursors: parts put together are the whole, and a cursor that is none of
// ours is refused, not taken for another.
func FuzzCursors(f *testing.F) {
	for _, cursor := range []string{"", "0", "12", "12.3.20000", "-1", "1.2", "1.2.3.4", "99999999999999999999", "+1", "1e3", "12.3.4294967296", " 1"} {
		f.Add(cursor, "größe\n\n🚀 and so on\n", 40)
	}
	f.Add("3", strings.Repeat("\x80", 200), 7)
	f.Fuzz(func(t *testing.T, cursor, text string, limit int) {
		if place, err := parseThreadPlace(cursor); err == nil {
			if again, err := parseThreadPlace(place.String()); err != nil || again != place {
				t.Errorf("%q was read as %+v, and %q as %+v, %v", cursor, place, place, again, err)
			}
		}
		lines := strings.SplitAfter(text, "\n")
		if part, next, err := fitting(lines, cursor); err == nil && len(part) > len(lines) || next != "" && part == nil {
			t.Errorf("%q of %d lines gave %d, %q, %v", cursor, len(lines), len(part), next, err)
		}
		if start, err := strconv.Atoi(cursor); err == nil && start >= 0 && start <= len(text) {
			newLongText(text, text).part(start, 50, "x")
		}
		limit = utf8.UTFMax + limit&0xff
		whole, got := longText(lines), ""
		for at := 0; at < whole.size(); at = len(got) {
			shown := cut(whole.between(at, at+limit+utf8.UTFMax), limit)
			if shown == "" || len(shown) > limit || utf8.ValidString(text) && !utf8.ValidString(shown) {
				t.Fatalf("from %d on: %q", at, shown)
			}
			got += shown
		}
		if got != text {
			t.Errorf("the parts of %q are %q", text, got)
		}
	})
}

// FuzzAgentsInTools: whatever a tenant says of its agents, no server panics, and
// each lists all of its tools, as every host takes them.
func FuzzAgentsInTools(f *testing.F) {
	for i, name := range nastyNames() {
		f.Add(name, nastyNames()[i/2], strings.Repeat(name+"\n", 100), i%2 == 0)
	}
	f.Add(`{"$ref":"file:///etc/passwd"}`, `x-mcp-header`, `{"x-mcp-header":"no header","type":`, true)
	f.Fuzz(func(t *testing.T, name, beside, description string, worker bool) {
		mode := "conversational"
		if worker {
			mode = workerMode
		}
		one := restclient.Agent{ID: "1", Name: name, Description: description, Mode: mode}
		two := restclient.Agent{ID: "2", Name: beside, Description: name}
		agents := []restclient.Agent{one, two}
		tenant := tenantOf(t, Config{Toolsets: []Toolset{ToolsetAll}}, agents...)
		one, two = agents[0], agents[1]
		all, alone := show(t, tenant, ""), show(t, tenant, "1")
		checkHostRules(t, "both", all)
		checkHostRules(t, "one", alone)
		if want := len(tenant.tenantTools([]restclient.Agent{one, two})); len(all.Tools) != want {
			t.Errorf("%q and %q: %d tools are listed, want %d", name, beside, len(all.Tools), want)
		}
		if want := len(tenant.agentTools(one, agentName(one))); len(alone.Tools) != want {
			t.Errorf("%q: %d tools are listed, want %d", name, len(alone.Tools), want)
		}
	})
}

// FuzzStates: what is sealed opens as it was, for its key and its call alone, and
// with any byte changed not at all.
func FuzzStates(f *testing.F) {
	f.Add("Which year?", "go", "a key", 7, byte(1))
	f.Add("", "", "", 0, byte(0x80))
	f.Fuzz(func(t *testing.T, question, message, key string, at int, change byte) {
		if !utf8.ValidString(question) {
			return // agents' texts come as JSON
		}
		arguments, _ := json.Marshal(map[string]string{"message": message})
		sealed := SealerFor(key)
		tenant := &Tenant{config: Config{Sealer: sealed}}
		call := round{tool: "ask_agent", arguments: arguments}
		state := tenant.seal(call.in(t.Context()), asked{Run: "run", Question: question, Since: time.Unix(1, 0)})
		content, ok := sealed.open(state)
		var got asked
		if !ok || json.Unmarshal(content, &got) != nil || got.Question != cut(question, maxQuestion) || !bytes.Equal(got.Call, call.digest()) {
			t.Errorf("got %+v, %t", got, ok)
		}
		if _, ok := SealerFor(key + "x").open(state); ok {
			t.Error("another key opened it")
		}
		altered := []byte(state)
		altered[(at&0xffff)%len(altered)] ^= change
		if _, ok := sealed.open(string(altered)); ok != (change == 0) {
			t.Errorf("byte %d changed by %d: opened %t", at, change, ok)
		}
	})
}
