package sdm_test

import (
	"encoding/json"
	"strings"
	"testing"

	"sema4mcp/internal/localtenant/datasource"
	"sema4mcp/internal/localtenant/sdm"
)

func TestExportNamesConnections(t *testing.T) {
	const model = `{"name":"m","tables":[{"base_table":{"data_connection_id":"d1","table":"t"}},{"base_table":{"data_connection_id":"d2"}},{"base_table":{"data_connection_id":7}}],
		"verified_queries":[{"sql":"SELECT a\nFROM b"}]}`
	names := map[string]string{"d1": "Größe: x"}
	got, err := sdm.Export(json.RawMessage(model), names)
	const want = `name: m
tables:
  - base_table:
      data_connection_name: 'Größe: x'
      table: t
  - base_table:
      data_connection_id: d2
  - base_table:
      data_connection_id: 7
verified_queries:
  - sql: |-
      SELECT a
      FROM b
`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
	named, err := sdm.Named(json.RawMessage(model), names)
	if err != nil || !strings.Contains(string(named), `[{"base_table":{"data_connection_name":"Größe: x","table":"t"}},{"base_table":{"data_connection_id":"d2"}},`) {
		t.Errorf("%s, %v", named, err)
	}
	ids, err := sdm.Connections(json.RawMessage(model))
	if err != nil || strings.Join(ids, " ") != "d1 d2" {
		t.Errorf("connections %q, %v", ids, err)
	}
	for _, broken := range []string{``, `[`, `{"a"`, `{"a":`} {
		if _, err := sdm.Export(json.RawMessage(broken), nil); err == nil {
			t.Errorf("%q was exported", broken)
		}
		if _, err := sdm.Named(json.RawMessage(broken), nil); err == nil {
			t.Errorf("%q was named", broken)
		}
		if _, err := sdm.Connections(json.RawMessage(broken)); err == nil {
			t.Errorf("%q has connections", broken)
		}
	}
}

func TestImportedTexts(t *testing.T) {
	idOf := func(name string) (string, bool) { return "id of " + name, name != "Nowhere" }
	for text, want := range map[string]string{
		"a: 0x1F\nb: 1_000\nc: 1.50\nd: .5\ne: True\nf: ~\ng: 2026-01-02": `{"a":31,"b":1000,"c":1.50,"d":0.5,"e":true,"f":null,"g":"2026-01-02"}`,
		"a: !!str 1\nb: !custom x\nc: 'q'\nd: |\n  l\n  m\n":              `{"a":"1","b":"x","c":"q","d":"l\nm\n"}`,
		"x:\n  data_connection_name: A\ny: {data_connection_name: A}":     `{"x":{"data_connection_id":"id of A"},"y":{"data_connection_id":"id of A"}}`,
		`{"x":{"data_connection_name":"A"},"n":1e2}`:                      `{"x":{"data_connection_id":"id of A"},"n":1e2}`,
		`{"a":1,"b":2,"a":[3]}`:                                           `{"a":[3],"b":2}`,
		"x: {data_connection_name: \"\"}\ny: {data_connection_name: }":    `{"x":{"data_connection_name":""},"y":{"data_connection_name":null}}`,
		"data_connection_name: [A]":                                       `{"data_connection_name":["A"]}`,
		"html: <&>":                                                       `{"html":"<&>"}`,
	} {
		exported, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, unknown, err := sdm.Import(exported, idOf); err != nil || string(got) != want || unknown != nil {
			t.Errorf("%q: %s %q %v; want %s", text, got, unknown, err, want)
		}
	}
	if _, unknown, err := sdm.Import(json.RawMessage(`{"a":{"data_connection_name":"Nowhere"}}`), idOf); err != nil || len(unknown) != 1 {
		t.Errorf("unknown %q, %v", unknown, err)
	}
	for _, broken := range []string{`{"a"`, `"a: ["`, `"a: &x 1\nb: *x"`} {
		if _, _, err := sdm.Import(json.RawMessage(broken), idOf); err == nil {
			t.Errorf("%s was imported", broken)
		}
	}
}

func TestScaffoldOfSeveralSchemas(t *testing.T) {
	tables := []datasource.Table{
		{Name: "orders", Schema: "a", Columns: []datasource.Column{{Name: `Odd "x`, DataType: datasource.Number}}, ForeignKeys: []datasource.ForeignKey{
			{Table: "lines", Columns: []string{"x", "y"}, To: []string{"p", "q"}},
			{Table: "elsewhere", Columns: []string{"x"}, To: []string{"p"}},
			{Table: "lines", Columns: []string{"x"}, To: []string{""}},
		}},
		{Name: "lines", Schema: "a"}, {Name: "orders", Schema: "b"},
	}
	got, err := sdm.Scaffold("n", "d", "c", tables)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sdm.Check(got); err != nil {
		t.Error(err)
	}
	for _, part := range []string{
		`"name":"b_orders"`, `"expr":"\"Odd \"\"x\""`,
		`"relationships":[{"name":"orders_x_y_to_lines","left_table":"orders","right_table":"lines","relationship_columns":[{"left_column":"x","right_column":"p"},{"left_column":"y","right_column":"q"}]}]`,
	} {
		if !strings.Contains(string(got), part) {
			t.Errorf("%s is not in %s", part, got)
		}
	}
}
