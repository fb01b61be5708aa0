package restclient

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// kept are the types that have to survive decoding and encoding.
var kept = map[string]func() any{
	"Agent":                func() any { return new(Agent) },
	"ImportedAgent":        func() any { return new(ImportedAgent) },
	"Schedule":             func() any { return new(Schedule) },
	"File":                 func() any { return new(File) },
	"DataFrame":            func() any { return new(DataFrame) },
	"WorkItem":             func() any { return new(WorkItem) },
	"CallbackRegistration": func() any { return new(CallbackRegistration) },
	"DataConnection":       func() any { return new(DataConnection) },
	"SemanticDataModel":    func() any { return new(SemanticDataModel) },
	"MCPServer":            func() any { return new(MCPServer) },
	"MCPServerVariable":    func() any { return new(MCPServerVariable) },
}

// again decodes a document into a new value of a type and encodes that.
func again(t testing.TB, create func() any, wire string) (string, error) {
	t.Helper()
	value := create()
	if err := json.Unmarshal([]byte(wire), value); err != nil {
		return "", err
	}
	encoded, err := json.Marshal(reflect.ValueOf(value).Elem().Interface())
	if err != nil {
		t.Fatalf("%s is decoded and cannot be encoded: %v", wire, err)
	}
	return string(encoded), nil
}

func TestNothingIsLostOrAddedInARoundTrip(t *testing.T) {
	for name, create := range kept {
		for _, wire := range []string{
			`{"id":"x","name":"n"}`,
			`{"id":"x","name":"n","new":{"n":5432.0,"m":[1e3,null,"<>&"]},"-":1,"":2,"Extra":3}`,
			`{"id":"x","name":"n","description":"","tags":[],"transport":"carrier-pigeon","state":"sleeping","status":"PAUSED","type":null}`,
			`{"id":"x","name":"n","tags":7,"headers":[],"created_at":"soon","args":{},"enabled":"yes","configuration":"c","payload":null,"value":false}`,
			`{"id":"x","name":"n","headers":{"a":"b","c":{"value":"d"},"e":{"type":"new","value":"f","scopes":["s"],"g":1.0},"h":null,"i":5.0,"j":{}}}`,
			`{"id":"x","name":"n","configuration":{"port":5432.0,"deep":{"n":-0.0}},"semantic_model":{"b":1.0,"a":[]},"payload":[1.50]}`,
		} {
			got, err := again(t, create, wire)
			if err != nil {
				t.Errorf("%s: %s: %v", name, wire, err)
				continue
			}
			if !sameWire(t, got, wire) {
				t.Errorf("%s: %s becomes %s", name, wire, got)
			}
		}
	}
}

// sameWire compares documents with their numbers digit by digit.
func sameWire(t testing.TB, a, b string) bool {
	t.Helper()
	x, errX := parseDocument([]byte(a))
	y, errY := parseDocument([]byte(b))
	if errX != nil || errY != nil {
		t.Fatal(errX, errY)
	}
	return string(encodeDocument(x)) == string(encodeDocument(y))
}

func TestAFieldThatIsSetWinsOverWhatCame(t *testing.T) {
	var connection DataConnection
	if err := json.Unmarshal([]byte(`{"id":"d1","description":null,"tags":7,"new":1.0}`), &connection); err != nil {
		t.Fatal(err)
	}
	connection.Description, connection.Tags = "sales", []string{"eu"}
	encoded, err := json.Marshal(connection)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "encoded", string(encoded), `{"description":"sales","id":"d1","new":1.0,"tags":["eu"]}`)

	var variable MCPServerVariable
	for wire, want := range map[string]string{`7.0`: `"new"`, `"old"`: `"new"`, `{"value":"old"}`: `{"value":"new"}`} {
		if err := json.Unmarshal([]byte(wire), &variable); err != nil {
			t.Fatal(err)
		}
		variable.Value = "new"
		encoded, err := json.Marshal(variable)
		equal(t, wire, string(encoded), want)
		equal(t, "error", err, nil)
	}
}

func TestDecodingAgainForgetsWhatWasThere(t *testing.T) {
	var agent Agent
	for _, wire := range []string{`{"id":"a1","new":1}`, `{"id":"a2"}`} {
		if err := json.Unmarshal([]byte(wire), &agent); err != nil {
			t.Fatal(err)
		}
	}
	equal(t, "extra members", len(agent.Extra), 0)
}

func TestWhatIsNoObjectIsRefused(t *testing.T) {
	for name, create := range kept {
		for _, wire := range []string{`null`, `[]`, `7`, `"x"`} {
			if _, err := again(t, create, wire); err == nil && name != "MCPServerVariable" {
				t.Errorf("%s: %s: no error", name, wire)
			}
		}
	}
}

func TestWhatCannotBeEncodedIsAnError(t *testing.T) {
	broken := Agent{ID: "a1", Extra: RawObject{"new": json.RawMessage("{")}}
	for name, value := range map[string]any{"an agent": broken, "an imported agent": ImportedAgent{Agent: broken}} {
		if encoded, err := json.Marshal(value); err == nil {
			t.Errorf("%s: no error, but %s", name, encoded)
		}
	}
}

func TestReplacingSendsAllThatCame(t *testing.T) {
	for name, c := range map[string]struct {
		wire, want string
		replace    func(c *Client, wire string) error
	}{
		"a data connection": {
			`{"id":"d1","name":"n","engine":"newdb","configuration":{"port":5432.0,"x":null},"created_at":null,"updated_at":"2026-07-02T09:15:30Z","owner":{"n":1.0}}`,
			`{"configuration":{"port":5432.0,"x":null},"engine":"newdb","name":"n","owner":{"n":1.0}}`,
			func(c *Client, wire string) error {
				_, err := c.DataConnections.Replace(t.Context(), "d1", decoded[DataConnection](t, wire))
				return err
			}},
		"a model": {
			`{"id":"s1","name":"n","source":{"kind":"new"},"is_mutable":true,"semantic_model":{"z":1.0,"a":2.50},"owner":"u"}`,
			`{"owner":"u","semantic_model":{"z":1.0,"a":2.50}}`,
			func(c *Client, wire string) error {
				_, err := c.SemanticDataModels.Replace(t.Context(), "s1", decoded[SemanticDataModel](t, wire))
				return err
			}},
		"an MCP server": {
			`{"id":"m1","name":"n","type":"new_mcp","transport":"pigeon","url":"https://x.example","headers":{"a":{"type":"new","value":"v"}},"mcp_server_metadata":{},"command":null,"owner":"u"}`,
			`{"command":null,"headers":{"a":{"type":"new","value":"v"}},"name":"n","owner":"u","transport":"pigeon","type":"new_mcp","url":"https://x.example"}`,
			func(c *Client, wire string) error {
				_, err := c.MCPServers.Replace(t.Context(), "m1", decoded[MCPServer](t, wire))
				return err
			}},
		"a schedule": {
			`{"id":"c1","cron_expression":"0 7 * * *","timezone":null,"payload":{"n":1.0},"enabled":false,"next_run_at":null,"owner":"u"}`,
			`{"cron_expression":"0 7 * * *","owner":"u","payload":{"n":1.0},"timezone":null}`,
			func(c *Client, wire string) error {
				_, err := c.Schedules.Replace(t.Context(), "a1", "c1", decoded[Schedule](t, wire))
				return err
			}},
	} {
		t.Run(name, func(t *testing.T) {
			var seen string
			client := serve(t, echoing(&seen, 200, c.wire))
			if err := c.replace(client, c.wire); err != nil {
				t.Fatal(err)
			}
			_, body, _ := strings.Cut(seen, " application/json ")
			equal(t, "body", body, c.want)
		})
	}
}

func decoded[T any](t *testing.T, wire string) T {
	t.Helper()
	var value T
	if err := json.Unmarshal([]byte(wire), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestRawObjects(t *testing.T) {
	object, err := NewRawObject(map[string]any{"port": json.Number("5432.0"), "host": "db.example"})
	if err != nil {
		t.Fatal(err)
	}
	var settings struct {
		Port json.Number `json:"port"`
		Host string      `json:"host"`
	}
	if err := object.Decode(&settings); err != nil {
		t.Fatal(err)
	}
	equal(t, "host", settings.Host, "db.example")
	equal(t, "port", settings.Port, "5432.0")
	for _, value := range []any{nil, 7, []int{}, make(chan int), "x"} {
		if _, err := NewRawObject(value); err == nil {
			t.Errorf("%T: no error", value)
		}
	}
	if err := (RawObject{"a": json.RawMessage("{")}).Decode(&settings); err == nil {
		t.Error("no error for what is not JSON")
	}
}
