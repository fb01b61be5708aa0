package localtenant_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/testpostgres"
)

// The data connections a tenant has from the start.
const (
	salesConnectionID      = "5a1e0000-0000-4000-8000-0000000000d1"
	purchasingConnectionID = "5a1e0000-0000-4000-8000-0000000000d2"
)

func encode(t testing.TB, value any) string {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// shopFile makes an SQLite database and gives its path.
func shopFile(t testing.TB, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "shop.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = db.ExecContext(t.Context(), `CREATE TABLE orders (id INTEGER PRIMARY KEY, region TEXT, amount REAL, ordered_on TEXT);
		INSERT INTO orders VALUES (1, 'EU', 10.5, '2026-01-01'), (2, 'US', 20, '2026-01-02'), (3, 'EU', 1, '2026-01-03')`)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSeededDataConnection(t *testing.T) {
	for _, dir := range []string{"", t.TempDir()} {
		c := start(t, localtenant.Config{DataDir: dir})
		got := get[listing](c, http.MethodGet, "/data-connections", "")
		if len(got.Data) != 2 || got.HasMore || got.Data[0]["id"] != salesConnectionID || got.Data[0]["name"] != "Sales database" ||
			got.Data[0]["engine"] != "sqlite" || fmt.Sprint(got.Data[0]["configuration"]) != "map[db_file:sales.sqlite]" {
			t.Errorf("connections %v", got)
		}
		model := get[object](c, http.MethodPost, "/semantic-data-models/scaffold-from-tables",
			fmt.Sprintf(`{"data_connection_id":%q,"tables":["regions"]}`, salesConnectionID))
		if model["name"] != "Sales database" {
			t.Errorf("model %v", model)
		}
	}
}

func TestDataConnections(t *testing.T) {
	dir := t.TempDir()
	shopFile(t, dir)
	c := start(t, localtenant.Config{DataDir: dir})
	created := get[object](c, http.MethodPost, "/data-connections",
		`{"name":"Shop 🚀","engine":"sqlite","configuration":{"db_file":"shop.db","other":{"a":1}},"description":"Orders","tags":["a","b"],"extra":1}`)
	if _, err := uuid.Parse(created["id"].(string)); err != nil || created["name"] != "Shop 🚀" || created["description"] != "Orders" ||
		fmt.Sprint(created["tags"]) != "[a b]" || created["created_at"] != created["updated_at"] || fmt.Sprint(created["configuration"]) != "map[db_file:shop.db other:map[a:1]]" {
		t.Errorf("created %v: %v", created, err)
	}
	path := "/data-connections/" + created["id"].(string)
	if got := get[object](c, http.MethodGet, path, ""); fmt.Sprint(got) != fmt.Sprint(created) {
		t.Errorf("got %v, created %v", got, created)
	}
	if got := allPages(c, "/data-connections", 1); !slices.Equal(got, []string{salesConnectionID, purchasingConnectionID, created["id"].(string)}) {
		t.Errorf("oldest first: %q", got)
	}
	created["name"] = "Renamed"
	delete(created, "description")
	replaced := get[object](c, http.MethodPut, path, encode(t, created))
	if replaced["name"] != "Renamed" || replaced["description"] != "" || replaced["created_at"] != created["created_at"] || replaced["updated_at"] == created["updated_at"] {
		t.Errorf("replaced %v", replaced)
	}
	if status, body, _ := c.do(http.MethodGet, path+"/semantic-views", ""); status != http.StatusOK || string(body) != "[]" {
		t.Errorf("semantic views: %d %s", status, body)
	}
	if status, body, _ := c.do(http.MethodDelete, path, ""); status != http.StatusNoContent || len(body) != 0 {
		t.Errorf("deleted: %d %s", status, body)
	}
	for _, request := range []struct{ method, path, body string }{
		{http.MethodGet, path, ""},
		{http.MethodDelete, path, ""},
		{http.MethodPut, path, encode(t, created)},
		{http.MethodGet, path + "/semantic-views", ""},
		{http.MethodGet, "/data-connections/%2e%2e%2f🚀", ""},
	} {
		c.refuse(http.StatusNotFound, request.method, request.path, request.body)
	}
}

func TestDataConnectionsThatAreRefused(t *testing.T) {
	dir := t.TempDir()
	shopFile(t, dir)
	c := start(t, localtenant.Config{DataDir: dir})
	good := `{"name":"Shop","engine":"sqlite","configuration":{"db_file":"shop.db"}}`
	path := "/data-connections/" + get[object](c, http.MethodPost, "/data-connections", good)["id"].(string)
	before := get[object](c, http.MethodGet, path, "")
	for body, want := range map[string]struct {
		status int
		says   string
	}{
		`{`:  {400, "not JSON"},
		`[]`: {422, "must be an object"},
		`{}`: {422, "body -> name: is required; body -> engine: is required; body -> configuration: is required"},
		`{"name":1,"engine":[],"configuration":"x","description":{},"tags":"a"}`:           {422, "name: must be a string; body -> engine: must be a string; body -> configuration: must be an object; body -> description: must be a string; body -> tags: must be an array"},
		`{"name":" ","engine":"sqlite","configuration":{}}`:                                {422, "name: must not be empty"},
		strings.Replace(good, "Shop", strings.Repeat("x", 256), 1):                         {422, "name: must not be longer than 255"},
		strings.Replace(good, `{`, `{"tags":[1],`, 1):                                      {422, "tags -> 0: must be a string"},
		strings.Replace(good, `{`, `{"tags":[`+strings.Repeat(`"x",`, 100)+`"x"],`, 1):     {422, "more than 100"},
		strings.Replace(good, `{`, `{"description":"`+strings.Repeat("x", 10_001)+`",`, 1): {422, "description: must not be longer"},
		strings.Replace(good, "sqlite", "excel", 1):                                        {400, `No engine is called "excel"; use one of postgres, sqlite, timescaledb, pgvector.`},
		strings.Replace(good, "sqlite", "mysql", 1):                                        {400, "Data connections to mysql are not supported by this tenant; use one of postgres"},
		strings.Replace(good, "shop.db", "none.db", 1):                                     {400, `there is no file "none.db"`},
		strings.Replace(good, "db_file", "file", 1):                                        {400, "db_file: is required"},
		strings.Replace(good, "shop.db", "tenant.sqlite", 1):                               {400, "the tenant's own database"},
		strings.Replace(good, "shop.db", "../x", 1):                                        {400, "leads out of"},
	} {
		for method, path := range map[string]string{http.MethodPost: "/data-connections", http.MethodPut: path} {
			if got := c.refuse(want.status, method, path, body); !strings.Contains(got, want.says) {
				t.Errorf("%s %.60s: %q does not say %q", method, body, got, want.says)
			}
		}
	}
	if got := get[listing](c, http.MethodGet, "/data-connections", ""); len(got.Data) != 3 {
		t.Errorf("stored nevertheless: %v", got.Data)
	}
	if after := get[object](c, http.MethodGet, path, ""); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("changed nevertheless: %v", after)
	}
	if got := c.refuse(http.StatusConflict, http.MethodDelete, "/data-connections/"+salesConnectionID, ""); !strings.Contains(got, "change them first: sales") {
		t.Errorf("deleting a connection in use: %q", got)
	}
	c.refuse(http.StatusUnprocessableEntity, http.MethodGet, "/data-connections?limit=x", "")
}

// Whatever is secret goes in and never comes out again.
func TestSecretsOfDataConnections(t *testing.T) {
	dir := t.TempDir()
	shopFile(t, dir)
	var log bytes.Buffer
	c := start(t, localtenant.Config{DataDir: dir, Logger: zerolog.New(&log).Level(zerolog.DebugLevel)})
	const planted = "pl4nted"
	body := `{"name":"Shop","engine":"sqlite","configuration":{"db_file":"shop.db","user":"u",
		"password":"pl4nted1","PRIVATE_KEY_PASSPHRASE":"pl4nted2","ssl_key":"pl4nted3","service_account_keys":{"a":"pl4nted4"},
		"service_account_json":"pl4nted5","client_secret":"pl4nted6","access_token":["pl4nted7"],"nested":[{"api_key":"pl4nted8","kept":1}]}}`
	var answers []string
	send := func(method, path, body string) object {
		status, data, _ := c.do(method, path, body)
		answers = append(answers, string(data))
		var decoded object
		if status == http.StatusOK && !strings.HasSuffix(path, "/export") {
			if err := json.Unmarshal(data, &decoded); err != nil {
				t.Fatal(err)
			}
		}
		return decoded
	}
	created := send(http.MethodPost, "/data-connections", body)
	if got := encode(t, created["configuration"]); got != `{"db_file":"shop.db","nested":[{"kept":1}],"user":"u"}` {
		t.Errorf("configuration %s", got)
	}
	path := "/data-connections/" + created["id"].(string)
	send(http.MethodGet, "/data-connections", "")
	send(http.MethodPut, path, encode(t, send(http.MethodGet, path, "")))
	send(http.MethodPost, "/data-connections", strings.Replace(body, "shop.db", "pl4nted1", 1))
	send(http.MethodPost, "/data-connections", strings.Replace(strings.Replace(body, "shop.db", "pl4nted1 ", 1), "sqlite", "postgres", 1))
	send(http.MethodPost, "/data-connections", strings.Replace(body, "sqlite", "snowflake", 1))
	model := send(http.MethodPost, "/semantic-data-models/scaffold-from-tables", fmt.Sprintf(`{"data_connection_id":%q,"tables":["orders"]}`, created["id"]))
	send(http.MethodGet, "/semantic-data-models/"+model["id"].(string)+"/export", "")
	for _, answer := range answers {
		// What a client writes where no secret belongs it may read again.
		if strings.Contains(strings.ReplaceAll(answer, `there is no file \"pl4nted1`, ""), planted) {
			t.Errorf("a secret is in %s", answer)
		}
	}
	if strings.Contains(log.String(), planted) {
		t.Errorf("a secret is in the log: %s", log.String())
	}
	// The PUT without them has kept them all.
	stored := storedConfiguration(t, dir, path)
	for n := 1; n <= 7; n++ {
		if !strings.Contains(stored, fmt.Sprint(planted, n)) {
			t.Errorf("the secret %d is lost: %s", n, stored)
		}
	}
}

// A secret that changes while another change is checked is not lost to it.
func TestSecretsThatChangeMeanwhile(t *testing.T) {
	server := testpostgres.Start(t)
	dir := t.TempDir()
	c := start(t, localtenant.Config{DataDir: dir, Logger: quiet})
	proxy := holdingProxy(t, fmt.Sprintf("%s:%d", server.Host, server.Port))
	configuration := server.Configuration()
	configuration["port"] = proxy.port
	body := func(name string, token any) string {
		configuration["token"] = token
		if token == nil {
			delete(configuration, "token")
		}
		return encode(t, object{"name": name, "engine": "postgres", "configuration": configuration})
	}
	path := "/data-connections/" + get[object](c, http.MethodPost, "/data-connections", body("first", "token-one"))["id"].(string)

	proxy.hold.Store(true)
	renaming := body("renamed", nil)
	var renamed sync.WaitGroup
	renamed.Go(func() {
		if status, answer, _ := c.do(http.MethodPut, path, renaming); status != http.StatusOK {
			t.Errorf("status %d: %s", status, answer)
		}
	})
	<-proxy.held
	get[object](c, http.MethodPut, path, body("second", "token-two"))
	close(proxy.release)
	renamed.Wait()

	if got := get[object](c, http.MethodGet, path, ""); got["name"] != "renamed" {
		t.Errorf("connection %v", got)
	}
	if stored := storedConfiguration(t, dir, path); !strings.Contains(stored, "token-two") || strings.Contains(stored, "token-one") {
		t.Errorf("stored %s", stored)
	}
}

// proxy passes connections on to a server, but holds one back.
type proxy struct {
	port    int
	hold    atomic.Bool // the next connection
	held    chan struct{}
	release chan struct{}
}

func holdingProxy(t *testing.T, server string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{port: listener.Addr().(*net.TCPAddr).Port, held: make(chan struct{}), release: make(chan struct{})}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer client.Close()
				if p.hold.CompareAndSwap(true, false) {
					close(p.held)
					<-p.release
				}
				upstream, err := net.Dial("tcp", server)
				if err != nil {
					t.Error(err)
					return
				}
				defer upstream.Close()
				all.Go(func() {
					_, _ = io.Copy(upstream, client) // until either is closed
					upstream.Close()
				})
				_, _ = io.Copy(client, upstream)
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		all.Wait()
	})
	return p
}

// storedConfiguration is the whole configuration at the path of a connection.
func storedConfiguration(t *testing.T, dir, path string) string {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "tenant.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var stored string
	if err := db.QueryRowContext(t.Context(), `SELECT configuration FROM data_connections WHERE id = ?`, filepath.Base(path)).Scan(&stored); err != nil {
		t.Fatal(err)
	}
	return stored
}

func TestDataConnectionsAtOnce(t *testing.T) {
	dir := t.TempDir()
	shopFile(t, dir)
	c := start(t, localtenant.Config{DataDir: dir})
	const body = `{"name":"Shop","engine":"sqlite","configuration":{"db_file":"shop.db"}}`
	shared := get[object](c, http.MethodPost, "/data-connections", body)["id"].(string)
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			for _, request := range []struct{ method, path, body string }{
				{http.MethodPost, "/data-connections", body},
				{http.MethodPut, "/data-connections/" + shared, body},
				{http.MethodPost, "/semantic-data-models/scaffold-from-tables", fmt.Sprintf(`{"data_connection_id":%q,"tables":["orders"]}`, shared)},
			} {
				if status, answer, _ := c.do(request.method, request.path, request.body); status != http.StatusOK {
					t.Errorf("%s %s: status %d: %s", request.method, request.path, status, answer)
				}
			}
		})
	}
	all.Wait()
	if got := allPages(c, "/data-connections", 5); len(got) != 13 {
		t.Errorf("%d connections", len(got))
	}
	if got := allPages(c, "/semantic-data-models", 5); len(got) != 11 {
		t.Errorf("%d models", len(got))
	}
}

// shopModel is a semantic data model over the orders of a connection.
func shopModel(connectionID string) string {
	return fmt.Sprintf(`{"name":"shop","tables":[{"name":"orders","base_table":{"data_connection_id":%q,"table":"orders"},
		"dimensions":[{"name":"region","expr":"region","data_type":"TEXT","is_enum":true,"sample_values":["EU","US",7,null]}]}],
		"verified_queries":[{"name":"amounts","nlq":"What were the amounts by region?",
			"sql":"SELECT region, SUM(amount) AS total, COUNT(*) AS big_cents FROM orders WHERE :year IS NULL OR id < :year GROUP BY region ORDER BY region",
			"parameters":[{"name":"year","data_type":"INTEGER"}]},
			{"name":"lost","nlq":"Which things are lost?","sql":"SELECT x FROM nowhere","parameters":[]}]}`, connectionID)
}

// analyst makes an agent that answers from a model, which must be stored.
func analyst(t *testing.T, c *client, modelID string) string {
	t.Helper()
	if err := c.tenant.UpdateAgent(t.Context(), localtenant.SalesAnalystID, func(spec *localtenant.AgentSpec) {
		spec.SemanticDataModels = []string{modelID}
	}); err != nil {
		t.Fatal(err)
	}
	return localtenant.SalesAnalystID
}

func TestAnswersFromAnSQLiteFile(t *testing.T) {
	c := start(t, localtenant.Config{Logger: quiet})
	connection := get[object](c, http.MethodPost, "/data-connections",
		fmt.Sprintf(`{"name":"Shop","engine":"sqlite","configuration":{"db_file":%q}}`, shopFile(t, t.TempDir())))
	model := get[object](c, http.MethodPost, "/semantic-data-models", `{"semantic_model":`+shopModel(connection["id"].(string))+`}`)
	conversation := c.converse(analyst(t, c, model["id"].(string)))
	answer := c.post(conversation, "What were the amounts by region?")
	if text := texts(answer[1]); !strings.Contains(text, "| EU | 11.50 | 0.02 |") {
		t.Errorf("answer %s", text)
	}
	got := c.refuse(http.StatusInternalServerError, http.MethodPost, conversation+"/messages", content("Which things are lost?"))
	if !strings.Contains(got, "no such table: nowhere") {
		t.Errorf("a query that fails: %q", got)
	}
	get[object](c, http.MethodPut, "/semantic-data-models/"+model["id"].(string), `{"semantic_model":`+shopModel("gone")+`}`)
	got = c.refuse(http.StatusInternalServerError, http.MethodPost, conversation+"/messages", content("What were the amounts by region?"))
	if !strings.Contains(got, `"gone", which does not exist`) {
		t.Errorf("a connection that is gone: %q", got)
	}
}

func TestPostgresEndToEnd(t *testing.T) {
	server := testpostgres.Start(t)
	server.Exec(t, `CREATE TABLE orders (id int PRIMARY KEY, region text, amount numeric, at date);
		INSERT INTO orders VALUES (1, 'EU', 10.50, '2026-01-01'), (2, 'US', 20, '2026-01-02')`)
	var log bytes.Buffer
	c := start(t, localtenant.Config{Logger: zerolog.New(&log)})
	body := func(change func(configuration map[string]any)) string {
		configuration := server.Configuration()
		change(configuration)
		return encode(t, object{"name": "Orders", "engine": "postgres", "configuration": configuration})
	}
	unchanged := func(map[string]any) {}
	connection := get[object](c, http.MethodPost, "/data-connections", body(unchanged))
	if _, ok := connection["configuration"].(object)["password"]; ok || connection["configuration"].(object)["port"] != float64(server.Port) {
		t.Errorf("connection %v", connection)
	}
	id := connection["id"].(string)
	for says, change := range map[string]func(map[string]any){
		"password authentication failed": func(c map[string]any) { c["password"] = "wr0ng-secret" },
		"password: is required":          func(c map[string]any) { delete(c, "password") },
		"database: is required":          func(c map[string]any) { delete(c, "database") },
		"does not exist":                 func(c map[string]any) { c["database"] = "nowhere" },
	} {
		got := c.refuse(http.StatusBadRequest, http.MethodPost, "/data-connections", body(change))
		if !strings.Contains(got, says) || strings.Contains(got, "wr0ng-secret") || strings.Contains(got, server.Password) {
			t.Errorf("%q does not say %q", got, says)
		}
	}
	connection["name"] = "Renamed"
	if got := get[object](c, http.MethodPut, "/data-connections/"+id, encode(t, connection)); got["name"] != "Renamed" {
		t.Errorf("sent back as it was read: %v", got)
	}
	draft := get[object](c, http.MethodPost, "/semantic-data-models/scaffold-from-tables", fmt.Sprintf(`{"data_connection_id":%q,"tables":["orders"]}`, id))
	if text := encode(t, draft["semantic_model"]); !strings.Contains(text, `"schema":"public"`) || !strings.Contains(text, `"data_type":"NUMBER"`) {
		t.Errorf("draft %s", text)
	}
	model := get[object](c, http.MethodPost, "/semantic-data-models", `{"semantic_model":`+shopModel(id)+`}`)
	conversation := c.converse(analyst(t, c, model["id"].(string)))
	if text := texts(c.post(conversation, "What were the amounts by region?")[1]); !strings.Contains(text, "| EU | 10.50 | 0.01 |") {
		t.Errorf("answer %s", text)
	}
	if frames := c.frames(conversation, "?num_samples=1"); frames[0]["sql_dialect"] != "postgres" || fmt.Sprint(frames[0]["sample_rows"]) != "[[EU 10.5 1]]" {
		t.Errorf("frames %v", frames)
	}
	if strings.Contains(log.String(), server.Password) || strings.Contains(log.String(), "wr0ng-secret") {
		t.Errorf("a password is in the log: %s", log.String())
	}
}

// Whoever may change where a connection leads must not have the password sent there.
func TestSecretsStayWithTheirHost(t *testing.T) {
	dir := t.TempDir()
	shopFile(t, dir)
	c := start(t, localtenant.Config{DataDir: dir})
	const body = `{"name":"Shop","engine":"sqlite","configuration":{"db_file":"shop.db","host":"a"%s}}`
	path := "/data-connections/" + get[object](c, http.MethodPost, "/data-connections", fmt.Sprintf(body, `,"password":"p"`))["id"].(string)
	get[object](c, http.MethodPut, path, fmt.Sprintf(body, "")) // nothing else has changed
	moved := strings.Replace(body, `"host":"a"`, `"host":"b"`, 1)
	if got := c.refuse(http.StatusUnprocessableEntity, http.MethodPut, path, fmt.Sprintf(moved, "")); !strings.Contains(got, "send its secrets again") {
		t.Errorf("refused with %q", got)
	}
	if got := get[object](c, http.MethodGet, path, "")["configuration"].(object)["host"]; got != "a" {
		t.Errorf("changed nevertheless: %v", got)
	}
	get[object](c, http.MethodPut, path, fmt.Sprintf(moved, `,"password":"q"`))
	get[object](c, http.MethodPut, path, strings.Replace(fmt.Sprintf(moved, ""), "Shop", "Renamed", 1))
	get[object](c, http.MethodPut, path, fmt.Sprintf(moved, `,"password":"q","nodes":[{"host":"a","password":"p"},{"host":"b","password":"q"}]`))
	if got := c.refuse(http.StatusUnprocessableEntity, http.MethodPut, path, fmt.Sprintf(moved, `,"password":"q","nodes":[{"host":"b"}]`)); !strings.Contains(got, "send its secrets again") {
		t.Errorf("refused with %q", got)
	}
}
