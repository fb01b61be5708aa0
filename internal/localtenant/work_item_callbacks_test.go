package localtenant_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/rs/zerolog"

	"sema4mcp/internal/localtenant"
)

// delivery is a callback as its receiver gets it.
type delivery struct {
	header http.Header
	raw    string
	body   map[string]any
}

// receive starts a receiver of callbacks that answers with a status.
func receive(t *testing.T, status int) (address string, got <-chan delivery) {
	t.Helper()
	deliveries := make(chan delivery, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		d := delivery{header: r.Header, raw: string(data)}
		if err := json.Unmarshal(data, &d.body); err != nil || r.Method != http.MethodPost {
			t.Errorf("%s %s: %v", r.Method, data, err)
		}
		w.Header().Set("Location", "/elsewhere") // which must not be followed
		w.WriteHeader(status)
		deliveries <- d
	}))
	t.Cleanup(server.Close)
	return server.URL, deliveries
}

// signature is what the vendor's description makes of a body.
func signature(secret string, body map[string]any) string {
	var plain strings.Builder
	plain.WriteByte('{')
	for i, key := range slices.Sorted(maps.Keys(body)) {
		if i > 0 {
			plain.WriteByte(',')
		}
		plain.WriteString(quoted(key) + ":")
		if text, ok := body[key].(string); ok {
			plain.WriteString(quoted(text))
		} else {
			plain.WriteString("null")
		}
	}
	plain.WriteByte('}')
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(plain.String()))
	return hex.EncodeToString(mac.Sum(nil))
}

func quoted(text string) string {
	out := `"`
	for _, unit := range utf16.Encode([]rune(text)) {
		switch {
		case unit == '"' || unit == '\\':
			out += `\` + string(rune(unit))
		case unit < ' ' || unit > '~':
			out += fmt.Sprintf(`\u%04x`, unit)
		default:
			out += string(rune(unit))
		}
	}
	return out + `"`
}

func TestCallbacks(t *testing.T) {
	const secret = "sécret"
	address, got := receive(t, http.StatusOK)
	cfg := withWorker("- ask: Well?")
	cfg.Agents[0].Name = `Agenté <&> "Ünïcode" \ 🚀`
	c := start(t, cfg)
	path := c.createItem(object{"agent_id": workerID, "callbacks": []object{
		{"url": address + "/review", "signature_secret": secret},
		{"url": address + "/done", "on_status": "COMPLETED"},
		{"url": address + "/error", "on_status": "ERROR"},
	}})
	first := <-got
	item := c.item(path)
	want := object{
		"work_item_id": item["work_item_id"], "agent_id": workerID, "thread_id": item["thread_id"], "status": "NEEDS_REVIEW",
		"work_item_url": item["work_item_url"], "agent_name": cfg.Agents[0].Name,
	}
	if encoded(first.body) != encoded(want) || item["status"] != "NEEDS_REVIEW" || item["thread_id"] == nil {
		t.Errorf("body %s, want %s", encoded(first.body), encoded(want))
	}
	if got, want := first.header.Get("X-SEMA4AI-SIGNATURE"), signature(secret, first.body); got != want {
		t.Errorf("signature %q, want %q", got, want)
	}
	if got := first.header.Get("User-Agent"); got != "Sema4AI-WorkItems-Callback/1.0" {
		t.Errorf("user agent %q", got)
	}
	if got := first.header.Get("Content-Type"); got != "application/json" {
		t.Errorf("content type %q", got)
	}
	c.act(path, "complete")
	second := <-got
	if _, signed := second.header["X-Sema4ai-Signature"]; signed || second.body["status"] != "COMPLETED" {
		t.Errorf("without a secret: %v", second)
	}
	if encoded(c.item(path)["callbacks"].([]any)[0]) != encoded(object{"url": address + "/review", "signature_secret": secret, "on_status": "NEEDS_REVIEW"}) {
		t.Errorf("callbacks %v", c.item(path)["callbacks"])
	}
	if len(got) != 0 {
		t.Errorf("%d more callbacks", len(got))
	}
}

// logLines hands on each line of a log.
type logLines chan string

func (l logLines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

// A receiver that fails gets no second try, and the log says so without secrets.
func TestFailingReceivers(t *testing.T) {
	broken, got := receive(t, http.StatusInternalServerError)
	moved, gotMoved := receive(t, http.StatusTemporaryRedirect)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	log := make(logLines, 100)
	cfg := withWorker("- say: ok")
	cfg.Logger = zerolog.New(log)
	tenant, err := localtenant.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	c := connect(t, tenant)
	for _, address := range []string{broken, moved, gone.URL} {
		c.createItem(object{"agent_id": workerID, "callbacks": []object{
			{"url": address + "/pa-th?token=que-ry", "signature_secret": "se-cret", "on_status": "COMPLETED"},
		}})
	}
	<-got
	<-gotMoved
	text := <-log + <-log + <-log
	if err := tenant.Close(); err != nil {
		t.Fatal(err)
	}
	for _, planted := range []string{"se-cret", "que-ry", "pa-th"} {
		if strings.Contains(text, planted) {
			t.Errorf("%s is in the log:\n%s", planted, text)
		}
	}
	for _, said := range []string{"answered 500", "answered 307", "refused"} {
		if !strings.Contains(text, said) {
			t.Errorf("%q is not in the log:\n%s", said, text)
		}
	}
	if len(got)+len(gotMoved)+len(log) != 0 {
		t.Error("a callback was sent twice")
	}
}

// A receiver that hangs holds up neither the work nor Close.
func TestHangingReceiver(t *testing.T) {
	reached, release := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		reached <- struct{}{}
		<-release
	}))
	defer server.Close()
	defer close(release)
	tenant, err := localtenant.New(t.Context(), withWorker("- ask: Well?"))
	if err != nil {
		t.Fatal(err)
	}
	c := connect(t, tenant)
	path := c.createItem(object{"agent_id": workerID, "callbacks": []object{{"url": server.URL}}})
	<-reached
	c.act(path, "complete")
	if item := c.item(path); item["status"] != "COMPLETED" {
		t.Errorf("item %v", item)
	}
	if err := tenant.Close(); err != nil {
		t.Fatal(err)
	}
}

// Whoever waits for an item that a crash has torn hears of it after the next start.
func TestCallbackAfterARestart(t *testing.T) {
	address, got := receive(t, http.StatusOK)
	cfg := withWorker("- wait: 1h")
	cfg.DataDir = t.TempDir()
	tenant, err := localtenant.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	c := connect(t, tenant)
	path := c.createItem(object{"agent_id": workerID, "callbacks": []object{{"url": address, "on_status": "ERROR"}}})
	for c.item(path)["thread_id"] == nil { // it is taken up at once
	}
	if err := tenant.Close(); err != nil {
		t.Fatal(err)
	}
	c = start(t, cfg)
	if body := (<-got).body; body["status"] != "ERROR" || body["thread_id"] != c.item(path)["thread_id"] {
		t.Errorf("body %v", body)
	}
}
