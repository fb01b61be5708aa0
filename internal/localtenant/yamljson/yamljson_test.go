package yamljson_test

import (
	"encoding/json"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"go.yaml.in/yaml/v4"

	"sema4mcp/internal/localtenant/store"
	"sema4mcp/internal/localtenant/yamljson"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Whatever JSON holds comes back from YAML as it was.
func TestRoundTrips(t *testing.T) {
	for _, model := range []string{
		`{}`, `{"a":[],"b":{},"c":[[],{}]}`, `{"n":[0,-1,1.50,1e300,12345678901234567890123,-0.0,1E5]}`,
		`{"t":["yes","no","on","y","true","null","~","1","1.5","0x1F","1_000","2026-01-02","12:30:45","=","<<",""," x","x ","- a","a: b","# c","%x","@x","!x","&x","*x","|",">"]}`,
		`{"m":["line\nline","line\n","\n","\n\nx","  indented\nx","a\n  b\n c","tab\there","cr\rlf\r\n","trailing \nspace","\u2028\u2029\u0085","\u0000\u001f\u007f","🚀 é \ufeff"]}`,
		`{"yes":1,"null":2,"1":3,"":4,"a b":5,"a: b":6,"- x":7,"#":8,"🚀":9,"line\nline":10}`,
		`{"deep":{"er":{"b":true,"n":null,"list":[{"x":1},[2,[3]]]}}}`,
		`{"long":"` + strings.Repeat("word ", 200) + `"}`,
	} {
		checkRoundTrip(t, model)
	}
}

func checkRoundTrip(t *testing.T, text string) {
	t.Helper()
	tree, err := yamljson.FromJSON(json.RawMessage(text))
	if err != nil {
		t.Errorf("read %s: %v", text, err)
		return
	}
	written, err := yamljson.ToYAML(tree)
	if err != nil {
		t.Errorf("write %s: %v", text, err)
		return
	}
	got, err := fromYAML(string(written))
	if err != nil || !store.SameJSON(json.RawMessage(got), json.RawMessage(text)) {
		t.Errorf("%s became %s by way of\n%s%v", text, got, written, err)
	}
	var other any
	if err := yaml.Unmarshal(written, &other); err != nil {
		t.Errorf("%s is no YAML to others: %v", written, err)
	}
}

func fromYAML(text string) (string, error) {
	tree, err := yamljson.FromYAML([]byte(text))
	if err != nil {
		return "", err
	}
	got, err := yamljson.ToJSON(tree)
	return string(got), err
}

func FuzzRoundTrip(f *testing.F) {
	f.Add("text", "key")
	f.Add("a: b\n - c", "yes")
	f.Add("\x00\r\n\t ", "~")
	f.Fuzz(func(t *testing.T, text, key string) {
		model, err := json.Marshal(map[string]any{"key " + key: text, "list": []any{text, []any{key}}})
		if err != nil {
			t.Skip(err)
		}
		checkRoundTrip(t, string(model))
	})
}

func TestTextsThatAreRefused(t *testing.T) {
	for text, says := range map[string]string{
		"a: [": "is not YAML", "\tx": "is not YAML", "": "is empty", "a: &x 1\nb: *x": "line 2: YAML aliases", "? [a]\n: b": "line 1: a key must be a text",
		"a: 1\na: 2": `line 2: the key "a" is there twice`, "a: .inf": "no number JSON has", "a: 1\n---\nb: 2": "more than one YAML document",
		"<<: {a: b}": "line 1: a key must be a text", "a: !!int x": "line 1", "a: !!bool x": "line 1", "a: [!!float x]": "line 1",
	} {
		if got, err := fromYAML(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %s, %v; want %q", text, got, err, says)
		}
	}
	for _, broken := range []string{``, `[`, `{"a"`, `{"a":`} {
		if tree, err := yamljson.FromJSON(json.RawMessage(broken)); err == nil {
			t.Errorf("%q was read: %v", broken, tree)
		}
	}
}
