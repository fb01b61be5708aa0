package localtenant_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"go.yaml.in/yaml/v4"

	"sema4mcp/internal/localtenant"
)

const models = "/semantic-data-models"

func TestSemanticDataModels(t *testing.T) {
	c := start(t, localtenant.Config{})
	seeded := get[object](c, http.MethodGet, models+"/"+localtenant.SalesModelID, "")
	if seeded["name"] != "sales" || seeded["source"] != "seed" || seeded["is_mutable"] != true || seeded["semantic_model"].(object)["tables"] == nil {
		t.Errorf("the seeded model %v", seeded)
	}
	const model = `{"name":"mine","description":"d","schemas":{"x":1},"unknown":{"big":12345678901234567890,"f":1.50,"text":"<&> 🚀"},"tables":null}`
	created := get[object](c, http.MethodPost, models, `{"semantic_model":`+model+`,"thread_id":null,"version_id":"v","extra":1}`)
	if _, err := uuid.Parse(created["id"].(string)); err != nil || created["name"] != "mine" || created["description"] != "d" || created["is_mutable"] != true {
		t.Errorf("created %v: %v", created, err)
	}
	path := models + "/" + created["id"].(string)
	_, body, _ := c.do(http.MethodGet, path, "")
	var got struct {
		Model json.RawMessage `json:"semantic_model"`
	}
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"big":12345678901234567890`, `"f":1.50`, `"schemas":{"x":1}`} {
		if !strings.Contains(string(got.Model), part) {
			t.Errorf("%s is not in %s", part, got.Model)
		}
	}
	if ids := allPages(c, models, 1); !slices.Equal(ids, []string{localtenant.SalesModelID, created["id"].(string)}) {
		t.Errorf("oldest first: %q", ids)
	}
	replaced := get[object](c, http.MethodPut, path, `{"semantic_model":{"tables":[{"name":"t"}]}}`)
	if replaced["id"] != created["id"] || replaced["name"] != "semantic data model" || replaced["source"] != "api" || replaced["description"] != "" {
		t.Errorf("replaced %v", replaced)
	}
	if status, body, _ := c.do(http.MethodDelete, path, ""); status != http.StatusNoContent || len(body) != 0 {
		t.Errorf("deleted: %d %s", status, body)
	}
	for _, request := range []struct{ method, path string }{
		{http.MethodGet, path}, {http.MethodPut, path}, {http.MethodDelete, path}, {http.MethodGet, path + "/export"}, {http.MethodGet, models + "/%2e%2e%2f🚀"},
	} {
		c.refuse(http.StatusNotFound, request.method, request.path, `{"semantic_model":`+model+`}`)
	}
}

// The agents of a model that is deleted answer without it.
func TestDeletingAModelDetachesIt(t *testing.T) {
	c := start(t, localtenant.Config{})
	if status, body, _ := c.do(http.MethodDelete, models+"/"+localtenant.SalesModelID, ""); status != http.StatusNoContent {
		t.Fatalf("status %d: %s", status, body)
	}
	answer := c.post(c.converse(localtenant.SalesAnalystID), "What were total sales?")
	if text := texts(answer[1]); !strings.Contains(text, "no semantic data model") {
		t.Errorf("answer %q", text)
	}
	if status, body, _ := c.do(http.MethodDelete, "/data-connections/"+salesConnectionID, ""); status != http.StatusNoContent {
		t.Errorf("a connection without models: %d %s", status, body)
	}
}

func TestModelsThatAreRefused(t *testing.T) {
	c := start(t, localtenant.Config{})
	for body, want := range map[string]struct {
		status int
		says   string
	}{
		``:                        {400, "not JSON"},
		`{}`:                      {422, "semantic_model: is required"},
		`{"semantic_model":null}`: {422, "semantic_model: must be an object"},
		`{"semantic_model":"x"}`:  {422, "semantic_model: must be an object"},
		`{"semantic_model":{}}`:   {422, "must have non-empty tables or schemas"},
		`{"semantic_model":{"tables":[],"schemas":{}}}`:                                      {422, "must have non-empty tables or schemas"},
		`{"semantic_model":{"tables":"x"}}`:                                                  {422, "must have non-empty tables or schemas"},
		`{"semantic_model":{"tables":["x"]}}`:                                                {422, "tables: must be an array of objects"},
		`{"semantic_model":{"tables":{"a":1}}}`:                                              {422, "tables: must be an array of objects"},
		`{"semantic_model":{"tables":[{}],"name":1}}`:                                        {422, "name: must be a string"},
		`{"semantic_model":{"tables":[{}],"name":"` + strings.Repeat("x", 256) + `"}}`:       {422, "must not be longer than 255"},
		`{"semantic_model":{"tables":[{}]},"thread_id":1}`:                                   {422, "thread_id: must be a string"},
		`{"semantic_model":{"tables":[{}]},"version_id":"` + strings.Repeat("x", 256) + `"}`: {422, "version_id: must not be longer"},
		`{"semantic_model":{"tables":[{"name":"` + strings.Repeat("x", 4<<20) + `"}]}}`:      {413, "larger than"},
	} {
		for method, path := range map[string]string{http.MethodPost: models, http.MethodPut: models + "/" + localtenant.SalesModelID} {
			if got := c.refuse(want.status, method, path, body); !strings.Contains(got, want.says) {
				t.Errorf("%s %.60s: %q does not say %q", method, body, got, want.says)
			}
		}
	}
	if got := allPages(c, models, 50); len(got) != 1 {
		t.Errorf("stored nevertheless: %q", got)
	}
	c.refuse(http.StatusUnprocessableEntity, http.MethodGet, models+"?next=x", "")
}

func TestScaffold(t *testing.T) {
	c := start(t, localtenant.Config{})
	draft := get[object](c, http.MethodPost, models+"/scaffold-from-tables",
		fmt.Sprintf(`{"data_connection_id":%q,"tables":["orders",{"name":"customers"},{"table":"regions","schema":"main"},"order_lines"],"name":"Draft","description":"d"}`, salesConnectionID))
	if draft["name"] != "Draft" || draft["source"] != "scaffold" || draft["description"] != "d" {
		t.Errorf("draft %v", draft)
	}
	model := draft["semantic_model"].(object)
	tables := map[string]object{}
	for _, table := range model["tables"].([]any) {
		tables[table.(object)["name"].(string)] = table.(object)
	}
	fields := func(table, kind string) string {
		var all []string
		for _, field := range tables[table][kind].([]any) {
			f := field.(object)
			all = append(all, fmt.Sprint(f["name"], " ", f["data_type"], " ", f["is_enum"]))
		}
		return strings.Join(all, ", ")
	}
	for _, test := range []struct{ table, kind, want string }{
		{"orders", "dimensions", "id INTEGER false, customer_id INTEGER false, sales_rep_id INTEGER false"},
		{"orders", "time_dimensions", "ordered_on DATE <nil>"},
		{"orders", "facts", ""},
		{"regions", "dimensions", "id INTEGER false, name TEXT true"},
		{"order_lines", "dimensions", "order_id INTEGER false, line INTEGER false, product_id INTEGER false"},
		{"order_lines", "facts", "quantity INTEGER <nil>, unit_price_cents INTEGER <nil>, returned_quantity INTEGER <nil>"},
	} {
		if got := fields(test.table, test.kind); got != test.want {
			t.Errorf("%s, %s: %s; want %s", test.table, test.kind, got, test.want)
		}
	}
	names := tables["regions"]["dimensions"].([]any)[1].(object)["sample_values"]
	if fmt.Sprint(names) != "[Asia Pacific Europe Latin America Middle East & Africa North America]" && len(names.([]any)) != 5 {
		t.Errorf("values %v", names)
	}
	if base := tables["orders"]["base_table"]; fmt.Sprint(base) != fmt.Sprintf("map[data_connection_id:%s database:sales schema:main table:orders]", salesConnectionID) {
		t.Errorf("base table %v", base)
	}
	if got := encode(t, model["relationships"]); !strings.Contains(got, `"left_table":"orders"`) || !strings.Contains(got, `"right_column":"id"`) || strings.Contains(got, "sales_reps") {
		t.Errorf("relationships %s", got)
	}
	if got := get[object](c, http.MethodGet, models+"/"+draft["id"].(string), ""); fmt.Sprint(got) != fmt.Sprint(draft) {
		t.Errorf("stored %v", got)
	}
}

func TestScaffoldsThatAreRefused(t *testing.T) {
	c := start(t, localtenant.Config{})
	for body, want := range map[string]struct {
		status int
		says   string
	}{
		`{}`:                                     {422, "data_connection_id: is required; body -> tables: is required"},
		`{"data_connection_id":1,"tables":"x"}`:  {422, "data_connection_id: must be a string; body -> tables: must be an array"},
		`{"data_connection_id":"x","tables":[]}`: {422, "tables: must not be empty"},
		`{"data_connection_id":"x","tables":[1,"",{"name":2}]}`:                            {422, "tables -> 0: must be a string; body -> tables -> 1: must not be empty; body -> tables -> 2 -> name: must be a string"},
		`{"data_connection_id":"x","tables":["t"],"name":" "}`:                             {422, "name: must not be empty"},
		`{"data_connection_id":"x","tables":["` + strings.Repeat("t", 256) + `"]}`:         {422, "tables -> 0: must not be longer"},
		`{"data_connection_id":"x","tables":[` + strings.Repeat(`"t",`, 100) + `"t"]}`:     {422, "more than 100"},
		`{"data_connection_id":"🚀/..","tables":["t"]}`:                                     {404, "not found"},
		`{"data_connection_id":"` + salesConnectionID + `","tables":["regions","no\"pe"]}`: {422, `there is no table "no\"pe"; there are customers, order_lines, orders, products, regions, sales, sales_reps`},
	} {
		if got := c.refuse(want.status, http.MethodPost, models+"/scaffold-from-tables", body); !strings.Contains(got, want.says) {
			t.Errorf("%.60s: %q does not say %q", body, got, want.says)
		}
	}
	if got := allPages(c, models, 50); len(got) != 1 {
		t.Errorf("stored nevertheless: %q", got)
	}
	// A database that has gone meanwhile.
	path := shopFile(t, t.TempDir())
	connection := get[object](c, http.MethodPost, "/data-connections", fmt.Sprintf(`{"name":"Shop","engine":"sqlite","configuration":{"db_file":%q}}`, path))
	removeFile(t, path)
	c.refuse(http.StatusBadRequest, http.MethodPost, models+"/scaffold-from-tables", fmt.Sprintf(`{"data_connection_id":%q,"tables":["orders"]}`, connection["id"]))
}

func TestExportAndImport(t *testing.T) {
	c := start(t, localtenant.Config{})
	status, exported, header := c.do(http.MethodGet, models+"/"+localtenant.SalesModelID+"/export", "")
	if status != http.StatusOK || header.Get("Content-Type") != "application/x-yaml" || header.Get("Content-Disposition") != "attachment; filename=sales.yaml" {
		t.Fatalf("status %d, %v", status, header)
	}
	text := string(exported)
	if !strings.HasPrefix(text, "description: ") || !strings.Contains(text, "data_connection_name: Sales database") || strings.Contains(text, "data_connection_id") {
		t.Errorf("exported\n%s", text)
	}
	var parsed object
	if err := yaml.Unmarshal(exported, &parsed); err != nil {
		t.Fatal(err)
	}
	original := get[object](c, http.MethodGet, models+"/"+localtenant.SalesModelID, "")["semantic_model"]
	for name, form := range map[string]any{"YAML": text, "object": parsed, "JSON text": encode(t, parsed)} {
		arrival := get[object](c, http.MethodPost, models+"/import", encode(t, object{"semantic_model": form}))
		if fmt.Sprint(arrival["resolved_data_connections"]) != fmt.Sprintf("map[Sales database:%s]", salesConnectionID) || arrival["is_duplicate"] != false || fmt.Sprint(arrival["warnings"]) != "[]" {
			t.Errorf("%s: %v", name, arrival)
		}
		imported := get[object](c, http.MethodGet, models+"/"+arrival["semantic_data_model_id"].(string), "")
		if imported["source"] != "import" || encode(t, imported["semantic_model"]) != encode(t, original) {
			t.Errorf("%s: imported %v", name, imported)
		}
	}
	// The analyst has this model; Echo has not, and gets it once.
	for _, test := range []struct {
		agent     string
		duplicate bool
	}{{localtenant.SalesAnalystID, true}, {localtenant.EchoID, false}, {localtenant.EchoID, true}} {
		arrival := get[object](c, http.MethodPost, models+"/import", encode(t, object{"semantic_model": text, "agent_id": test.agent}))
		if arrival["is_duplicate"] != test.duplicate {
			t.Errorf("%v: %v", test, arrival)
		}
	}
	if got := allPages(c, models, 50); len(got) != 5 {
		t.Errorf("%d models", len(got))
	}
}

func TestImportedModelsOfAnAgent(t *testing.T) {
	c := start(t, localtenant.Config{Agents: []localtenant.AgentSpec{
		{ID: "7e570000-0000-4000-8000-000000000002", Name: "New", Architecture: "verified-queries"},
	}})
	path := shopFile(t, t.TempDir())
	for range 2 {
		get[object](c, http.MethodPost, "/data-connections", fmt.Sprintf(`{"name":"Größe Shop","engine":"sqlite","configuration":{"db_file":%q}}`, path))
	}
	model := strings.Replace(shopModel("GRÖSSE SHOP"), "data_connection_id", "data_connection_name", 1)
	send := func(model string) object {
		return get[object](c, http.MethodPost, models+"/import", `{"semantic_model":`+model+`,"agent_id":"7e570000-0000-4000-8000-000000000002"}`)
	}
	if got := send(model); !strings.Contains(fmt.Sprint(got["warnings"]), `2 data connections are called "GRÖSSE SHOP"; the oldest is used`) {
		t.Errorf("arrival %v", got)
	}
	get[object](c, http.MethodPost, "/agents/7e570000-0000-4000-8000-000000000002/publish", `{}`)
	if text := texts(c.post(c.converse("7e570000-0000-4000-8000-000000000002"), "What were the amounts by region?")[1]); !strings.Contains(text, "| EU | 11.50 |") {
		t.Errorf("answer %s", text)
	}
	got := fmt.Sprint(send(strings.Replace(shopModel("gone"), "amounts by", "sums by", 1))["warnings"])
	if !strings.Contains(got, `no data connection with the id "gone"`) || !strings.Contains(got, `another semantic data model called "shop"`) {
		t.Errorf("warnings %s", got)
	}
}

func TestImportsThatAreRefused(t *testing.T) {
	c := start(t, localtenant.Config{})
	for body, want := range map[string]struct {
		status int
		says   string
	}{
		`{}`:                        {422, "semantic_model: is required"},
		`{"semantic_model":null}`:   {422, "semantic_model: must be an object"},
		`{"semantic_model":[1]}`:    {422, "semantic_model: must be an object"},
		`{"semantic_model":" "}`:    {422, "semantic_model: must not be empty"},
		`{"semantic_model":"a: ["}`: {422, "semantic_model: is not YAML"},
		`{"semantic_model":"tables: &x [1]\nschemas: *x"}`:                                  {422, "aliases are not taken"},
		`{"semantic_model":"tables: [{}]\n---\nx: 1"}`:                                      {422, "more than one YAML document"},
		`{"semantic_model":"tables: [{}]\nx: .nan"}`:                                        {422, "no number JSON has"},
		`{"semantic_model":"tables: [{}]\nx: 1\nx: 2"}`:                                     {422, `the key "x" is there twice`},
		`{"semantic_model":"- 1"}`:                                                          {422, "must be an object"},
		`{"semantic_model":{"name":"x"}}`:                                                   {422, "non-empty tables or schemas"},
		`{"semantic_model":{"tables":[{}]},"agent_id":1}`:                                   {422, "agent_id: must be a string"},
		`{"semantic_model":{"tables":[{}]},"agent_id":"../x"}`:                              {404, "not found"},
		`{"semantic_model":{"tables":[{"base_table":{"data_connection_name":"Nowhere"}}]}}`: {400, "No data connection is called Nowhere; create it first."},
	} {
		if got := c.refuse(want.status, http.MethodPost, models+"/import", body); !strings.Contains(got, want.says) {
			t.Errorf("%.60s: %q does not say %q", body, got, want.says)
		}
	}
	if got := allPages(c, models, 50); len(got) != 1 {
		t.Errorf("stored nevertheless: %q", got)
	}
}
