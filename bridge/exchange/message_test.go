package exchange

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/sourcegraph/jsonrpc2"
)

func TestParseRefusesWhatHoldsNoMessage(t *testing.T) {
	tests := map[string]struct {
		in   string
		code int64
		says string
	}{
		"empty":               {"", jsonrpc2.CodeParseError, "no message"},
		"blank":               {" \r\n\t", jsonrpc2.CodeParseError, "no message"},
		"garbage":             {"hello", jsonrpc2.CodeParseError, "not JSON"},
		"truncated":           {`{"jsonrpc":"2.0","id":1,"met`, jsonrpc2.CodeParseError, "not JSON"},
		"two messages":        {`{"jsonrpc":"2.0","method":"a"}{"jsonrpc":"2.0","method":"b"}`, jsonrpc2.CodeParseError, "not JSON"},
		"empty array":         {"[]", jsonrpc2.CodeInvalidRequest, "empty"},
		"not UTF-8":           {"{\"jsonrpc\":\"2.0\",\"id\":\"\xff\",\"method\":\"ping\"}", jsonrpc2.CodeParseError, "UTF-8"},
		"long array":          {"[" + strings.Repeat("1,", MaxMessages) + "1]", jsonrpc2.CodeInvalidRequest, "limit"},
		"many values":         {`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":[` + strings.Repeat("1,", MaxValues) + "1]}}", jsonrpc2.CodeInvalidRequest, "more than 100000 values"},
		"deep":                {strings.Repeat("[", MaxDepth+1), jsonrpc2.CodeInvalidRequest, "nested"},
		"duplicate ids":       {`[{"jsonrpc":"2.0","id":7,"method":"ping"},{"jsonrpc":"2.0","id":7,"method":"ping"}]`, jsonrpc2.CodeInvalidRequest, "twice"},
		"duplicate escaped":   {`[{"jsonrpc":"2.0","id":"a","method":"ping"},{"jsonrpc":"2.0","id":"\u0061","method":"ping"}]`, jsonrpc2.CodeInvalidRequest, "twice"},
		"duplicate string id": {`[{"jsonrpc":"2.0","id":"a","method":"ping"},{"jsonrpc":"2.0","id":"a","method":"ping"}]`, jsonrpc2.CodeInvalidRequest, "twice"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, fault := Parse([]byte(test.in))
			if fault == nil || fault.Code != test.code || !strings.Contains(fault.Message, test.says) {
				t.Errorf("got %v, want code %d saying %q", fault, test.code, test.says)
			}
		})
	}
}

func TestParseClassifies(t *testing.T) {
	tests := map[string]struct {
		in     string
		kind   Kind
		id     string // "" for none
		method string
		code   int64 // of the fault
	}{
		"request":                    {`{"jsonrpc":"2.0","id":1,"method":"ping"}`, Request, "1", "ping", 0},
		"negative id":                {`{"jsonrpc":"2.0","id":-1,"method":"ping"}`, Request, "-1", "ping", 0},
		"large id":                   {`{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}`, Request, "9007199254740993", "ping", 0},
		"huge id":                    {`{"jsonrpc":"2.0","id":1000000000000000000000,"method":"ping"}`, Request, "1000000000000000000000", "ping", 0},
		"empty id":                   {`{"jsonrpc":"2.0","id":"","method":"ping"}`, Request, `""`, "ping", 0},
		"escaped id":                 {`{"jsonrpc":"2.0","id":"\u0041🚀","method":"ping"}`, Request, `"\u0041🚀"`, "ping", 0},
		"null params":                {`{"jsonrpc":"2.0","id":1,"method":"ping","params":null}`, Request, "1", "ping", 0},
		"notification":               {`{"jsonrpc":"2.0","method":"notifications/initialized"}`, Notification, "", "notifications/initialized", 0},
		"response":                   {`{"jsonrpc":"2.0","id":1,"result":{}}`, Response, "1", "", 0},
		"error response":             {`{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"x"}}`, Response, "", "", 0},
		"null id":                    {`{"jsonrpc":"2.0","id":null,"method":"ping"}`, Invalid, "", "", jsonrpc2.CodeInvalidRequest},
		"exponent id":                {`{"jsonrpc":"2.0","id":1e400,"method":"ping"}`, Invalid, "", "", jsonrpc2.CodeInvalidRequest},
		"fractional id":              {`{"jsonrpc":"2.0","id":1.5,"method":"ping"}`, Invalid, "", "", jsonrpc2.CodeInvalidRequest},
		"object id":                  {`{"jsonrpc":"2.0","id":{},"method":"ping"}`, Invalid, "", "", jsonrpc2.CodeInvalidRequest},
		"boolean id":                 {`{"jsonrpc":"2.0","id":true,"method":"ping"}`, Invalid, "", "", jsonrpc2.CodeInvalidRequest},
		"empty object":               {`{}`, Invalid, "", "", jsonrpc2.CodeInvalidRequest},
		"number":                     {`1`, Invalid, "", "", jsonrpc2.CodeInvalidRequest},
		"names in capitals":          {`{"JSONRPC":"2.0","ID":1,"METHOD":"ping"}`, Invalid, "", "", jsonrpc2.CodeInvalidRequest},
		"other version":              {`{"jsonrpc":"1.0","id":1,"method":"ping"}`, Invalid, "1", "", jsonrpc2.CodeInvalidRequest},
		"no method":                  {`{"jsonrpc":"2.0","id":1}`, Invalid, "1", "", jsonrpc2.CodeInvalidRequest},
		"empty method":               {`{"jsonrpc":"2.0","id":1,"method":""}`, Invalid, "1", "", jsonrpc2.CodeInvalidRequest},
		"numeric method":             {`{"jsonrpc":"2.0","id":1,"method":1}`, Invalid, "1", "", jsonrpc2.CodeInvalidRequest},
		"request that is an answer":  {`{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}`, Invalid, "1", "", jsonrpc2.CodeInvalidRequest},
		"array params":               {`{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}`, Invalid, "1", "ping", jsonrpc2.CodeInvalidParams},
		"notification, array params": {`{"jsonrpc":"2.0","method":"n","params":[1]}`, Notification, "", "n", 0},
		"notification, text meta":    {`{"jsonrpc":"2.0","method":"n","params":{"_meta":"x"}}`, Notification, "", "n", 0},
		"text meta":                  {`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":"x"}}`, Invalid, "1", "ping", jsonrpc2.CodeInvalidParams},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			batch, fault := Parse([]byte(test.in))
			if fault != nil || len(batch.Messages) != 1 || batch.IsArray {
				t.Fatalf("got %v and %v, want one message", batch, fault)
			}
			got := batch.Messages[0]
			if got.Kind != test.kind || string(got.ID) != test.id || got.Method != test.method {
				t.Errorf("got kind %d id %s method %q, want kind %d id %s method %q", got.Kind, got.ID, got.Method, test.kind, test.id, test.method)
			}
			if test.code != 0 && (got.Fault == nil || got.Fault.Code != test.code) {
				t.Errorf("got fault %v, want code %d", got.Fault, test.code)
			}
		})
	}
}

func TestParseKeepsAFaultyMessageBesideOthers(t *testing.T) {
	batch, fault := Parse([]byte(`[1, {"jsonrpc":"2.0","id":1,"method":"ping"}, {"jsonrpc":"2.0","id":2,"method":"initialize"}, {"jsonrpc":"2.0","method":"n"}]`))
	if fault != nil {
		t.Fatal(fault)
	}
	want := []Kind{Invalid, Request, Invalid, Notification}
	for i, message := range batch.Messages {
		if message.Kind != want[i] {
			t.Errorf("message %d: got kind %d, want %d", i, message.Kind, want[i])
		}
	}
	if !batch.IsArray || batch.Requests() != 3 {
		t.Errorf("got array %t owing %d replies, want an array owing 3", batch.IsArray, batch.Requests())
	}
}

func TestParseKeepsResponses(t *testing.T) {
	batch, _ := Parse([]byte(`[{"jsonrpc":"2.0","id":"a","result":{"b":1}},{"jsonrpc":"2.0","id":"c","error":{"code":1,"message":"x"}}]`))
	answered, failed := batch.Messages[0], batch.Messages[1]
	if string(answered.Result) != `{"b":1}` || answered.Failure != nil || failed.Result != nil || string(failed.Failure) != `{"code":1,"message":"x"}` {
		t.Errorf("got %+v and %+v", answered, failed)
	}
}

func TestIDText(t *testing.T) {
	for a, b := range map[string]string{`"x"`: `"\u0078"`, `"a/b"`: `"a\/b"`, "-1": "-1", "100000000000000000000000": "100000000000000000000000"} {
		if IDText(json.RawMessage(a)) != IDText(json.RawMessage(b)) {
			t.Errorf("%s is not %s", a, b)
		}
	}
	for a, b := range map[string]string{"1": `"1"`, "-1": "1", `""`: "", "2": "null"} {
		if IDText(json.RawMessage(a)) == IDText(json.RawMessage(b)) {
			t.Errorf("%s is %s", a, b)
		}
	}
}

func TestParseReadsMeta(t *testing.T) {
	batch, _ := Parse([]byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{"progressToken":9007199254740993,"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`))
	meta := batch.Messages[0].Meta
	if string(meta.ProgressToken) != "9007199254740993" || meta.ProtocolVersion != "2026-07-28" {
		t.Errorf("got token %s and version %q", meta.ProgressToken, meta.ProtocolVersion)
	}
	batch, _ = Parse([]byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{"progressToken":{"no":"token"}}}}`))
	if token := batch.Messages[0].Meta.ProgressToken; token != nil {
		t.Errorf("got token %s, want none: a token is a string or an integer", token)
	}
}

func TestLimitsCountWhatStandsOutsideOfStringsOnly(t *testing.T) {
	text, _ := json.Marshal(strings.Repeat(`[{"\`, MaxDepth) + strings.Repeat(",", MaxValues))
	if fault := tooComplex(text); fault != nil {
		t.Errorf("what a string holds was counted: %v", fault)
	}
	if fault := tooComplex([]byte(strings.Repeat("[]", 5*MaxDepth))); fault != nil {
		t.Errorf("brackets beside each other were counted as nested: %v", fault)
	}
	if fault := tooComplex([]byte(strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth))); fault != nil {
		t.Errorf("at the limit: %v", fault)
	}
}

// TestNoMessageCostsMuchMoreThanItsBytes: what is refused next to nothing, what is
// carried a bounded amount, by the bytes that were ever allocated for it.
func TestNoMessageCostsMuchMoreThanItsBytes(t *testing.T) {
	work := serverWith("work", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("done"), nil
	})
	call := func(value string) string {
		return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"work","arguments":{"a":` + value + `}}}`
	}
	repeated := func(unit string, times int) string {
		return "[" + strings.Repeat(unit+",", times-1) + unit + "]"
	}
	const room, some = MaxBytes - 200, MaxBytes / 16
	for name, test := range map[string]struct {
		body    string
		carried bool
		most    uint64 // MiB
	}{
		"brackets":              {strings.Repeat("[", MaxBytes), false, 1},
		"braces":                {strings.Repeat(`{"":`, MaxBytes/4), false, 1},
		"brackets in arguments": {call(strings.Repeat("[", room)), false, 1},
		"an array of brackets":  {repeated("[]", room/3), false, 1},
		"objects":               {call(repeated(`{"":0}`, room/7)), false, 1},
		"an open string":        {`"` + strings.Repeat(`\`, room), false, 2},
		"a long number":         {call(strings.Repeat("9", some)), true, 10},
		"a long string":         {call(`"` + strings.Repeat("x", some) + `"`), true, 5},
		"a long name":           {call(`{"` + strings.Repeat("x", some) + `":0}`), true, 5},
		"a long id":             {strings.Replace(call("0"), `"id":1`, `"id":"`+strings.Repeat("x", some)+`"`, 1), true, 5},
		"a long method":         {`{"jsonrpc":"2.0","id":1,"method":"` + strings.Repeat("x", some) + `"}`, true, 10},
		"objects to the limit":  {call(repeated(`{"":0}`, MaxValues/2-10)), true, 60},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		batch, fault := Parse([]byte(test.body))
		if (fault == nil) != test.carried {
			t.Errorf("%s: got %v", name, fault)
		}
		if fault == nil {
			_ = Carry(t.Context(), work, batch.Messages[0], new(Peer), new(recording))
		}
		runtime.ReadMemStats(&after)
		if spent := (after.TotalAlloc - before.TotalAlloc) >> 20; spent > test.most+uint64(len(test.body)>>20) {
			t.Errorf("%s: %d MiB were allocated, want %d at most beside the body", name, spent, test.most)
		}
	}
}

func FuzzParse(f *testing.F) {
	seeds, err := filepath.Glob("../../testdata/messages/*.json")
	if err != nil || len(seeds) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, seed := range seeds {
		data, err := os.ReadFile(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		batch, fault := Parse(data)
		if (fault == nil) != (len(batch.Messages) > 0) {
			t.Fatalf("got %d messages and fault %v", len(batch.Messages), fault)
		}
		again, faultAgain := Parse(slices.Clone(data))
		if !reflect.DeepEqual(batch, again) || !reflect.DeepEqual(fault, faultAgain) {
			t.Fatalf("read twice: %+v, %v and %+v, %v", batch, fault, again, faultAgain)
		}
		ids := make(map[string]bool)
		for _, message := range batch.Messages {
			if (message.Kind == Invalid) != (message.Fault != nil) {
				t.Fatalf("kind %d has fault %v", message.Kind, message.Fault)
			}
			if message.Kind == Request {
				if ids[IDText(message.ID)] || IDText(message.ID) == "" {
					t.Fatalf("the id %s is not the request's own", message.ID)
				}
				ids[IDText(message.ID)] = true
				checkCarried(t, message)
			}
		}
	})
}

// checkCarried has a request answered: once, under its id as it came, in whatever
// it is written.
func checkCarried(t *testing.T, message Message) {
	t.Helper()
	if !json.Valid(message.forServer()) {
		t.Fatalf("not JSON: %s", message.forServer())
	}
	var got recording
	if err := Carry(t.Context(), server.NewMCPServer("test", "1", server.WithToolCapabilities(false)), message, new(Peer), &got); err != nil || len(got.replies) != 1 {
		t.Fatalf("got %d replies, %v", len(got.replies), err)
	}
	encoded, err := Encode(got.replies[0])
	if err != nil || !utf8.Valid(encoded) || bytes.ContainsAny(encoded, "\n\r") {
		t.Fatalf("the reply is not one line of text: %q, %v", encoded, err)
	}
	batch, fault := Parse(encoded)
	if fault != nil || batch.Messages[0].Kind != Response || !bytes.Equal(batch.Messages[0].ID, message.ID) {
		t.Fatalf("%s was answered with %s: %v, %v", message.ID, encoded, batch, fault)
	}
}
