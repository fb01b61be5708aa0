package restclient

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// planted begins every secret in these tests.
const planted = "pl4nted-"

var secretive = map[string]any{
	"DataConnection": DataConnection{ID: "d1", Name: "Sales DB", Engine: "postgres",
		Configuration: RawObject{"host": json.RawMessage(`"db.example"`), "password": json.RawMessage(`"pl4nted-1"`)},
		Extra:         RawObject{"credentials": json.RawMessage(`{"token":"pl4nted-2"}`)}},
	"MCPServer": MCPServer{ID: "m1", Name: "crm", URL: "https://me:pl4nted-6@crm.example/mcp?key=pl4nted-7",
		Args:              []string{"--token", "pl4nted-8"},
		Headers:           map[string]MCPServerVariable{"X-Key": {Value: "pl4nted-1"}, "X-Odd": decodedVariable(`["pl4nted-2"]`)},
		Env:               map[string]MCPServerVariable{"KEY": {Type: VariableSecret, Value: "pl4nted-3", Extra: RawObject{"old": json.RawMessage(`"pl4nted-4"`)}}},
		OAuthClientConfig: RawObject{"client_secret": json.RawMessage(`"pl4nted-5"`)}},
	"MCPServerVariable":    MCPServerVariable{Type: VariableSecret, Value: "pl4nted-1"},
	"DocumentIntelligence": DocumentIntelligence{Integrations: []DocumentIntegration{{Type: "reducto", APIKey: "pl4nted-1"}}, Raw: RawObject{"api_key": json.RawMessage(`"pl4nted-2"`)}},
	"CallbackRegistration": CallbackRegistration{URL: "https://h.example", SignatureSecret: "pl4nted-1"},
	"WorkItem":             WorkItem{ID: "w1", Callbacks: []CallbackRegistration{{SignatureSecret: "pl4nted-1"}}},
	"WorkItemCreate":       WorkItemCreate{Callbacks: []CallbackRegistration{{SignatureSecret: "pl4nted-1"}}},
	"WorkItemUpload":       WorkItemUpload{UploadURL: "https://pl4nted-1", UploadFormData: map[string]Secret{"p": "pl4nted-2"}},
	"Secret":               Secret("pl4nted-1"),
	"RawObject":            RawObject{"password": json.RawMessage(`"pl4nted-1"`)},
}

func decodedVariable(wire string) (v MCPServerVariable) {
	_ = json.Unmarshal([]byte(wire), &v)
	return v
}

func TestSecretsAreNeitherPrintedNorLogged(t *testing.T) {
	for name, value := range secretive {
		t.Run(name, func(t *testing.T) {
			var shown bytes.Buffer
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
				fmt.Fprintf(&shown, verb+verb+verb+"\n", value, &value, []any{value})
			}
			shown.WriteString(fmt.Errorf("refused: %v", value).Error())
			slog.New(slog.NewJSONHandler(&shown, nil)).Info("x", "value", value)
			slog.New(slog.NewTextHandler(&shown, nil)).Info("x", "value", value)
			if strings.Contains(shown.String(), planted) || strings.Contains(shown.String(), fmt.Sprintf("%x", planted)) {
				t.Errorf("it shows a secret: %s", shown.String())
			}
			encoded, err := json.Marshal(value)
			equal(t, "error", err, nil)
			contains(t, "on the wire", string(encoded), planted)
		})
	}
	equal(t, "no secret", fmt.Sprint(Secret("")), "")
	equal(t, "names are shown", fmt.Sprint(RawObject{"b": nil, "a": nil}), "{a b}")
}

// echo repeats what it was sent, in an error, as careless servers do.
func echo(w http.ResponseWriter, r *http.Request) {
	var body bytes.Buffer
	_, _ = body.ReadFrom(r.Body)
	document, _ := parseDocument(body.Bytes())
	details := encodeDocument(document)
	w.WriteHeader(http.StatusBadRequest)
	_, _ = fmt.Fprintf(w, `{"error":{"message":%q,"details":%s}}`, "cannot connect with "+body.String(), details)
}

func TestErrorsDoNotRepeatTheSecretsOfARequest(t *testing.T) {
	const key = "-----BEGIN KEY-----\npl4nted-line-1\npl4nted-line-2\n-----END KEY-----\n"
	account, err := json.Marshal(map[string]string{"private_key": key, "client_email": "pl4nted-mail"})
	if err != nil {
		t.Fatal(err)
	}
	configuration, err := NewRawObject(map[string]any{
		"host": "db.example", "port": 5432, "user": "reader", "password": `pl4nted-"<é>\ @1`, "pin": 12345678, "ssl_key": key,
		"service_account_json": string(account), "hosts": []any{map[string]any{"token": "pl4nted-4"}, true},
	})
	if err != nil {
		t.Fatal(err)
	}
	client := serve(t, echo)
	ctx := t.Context()
	connection := DataConnection{Name: "Sales DB", Engine: "postgres", Configuration: configuration}
	server := secretive["MCPServer"].(MCPServer)
	item := WorkItemCreate{AgentID: "a1", Callbacks: []CallbackRegistration{secretive["CallbackRegistration"].(CallbackRegistration)}}
	for name, call := range map[string]func() error{
		"a data connection": func() error { _, err := client.DataConnections.Create(ctx, connection); return err },
		"a replaced one":    func() error { _, err := client.DataConnections.Replace(ctx, "d1", connection); return err },
		"an MCP server":     func() error { _, err := client.MCPServers.Create(ctx, server); return err },
		"a replaced server": func() error { _, err := client.MCPServers.Replace(ctx, "m1", server); return err },
		"a work item":       func() error { _, err := client.WorkItems.Create(ctx, item); return err },
		"a raw call": func() error {
			_, err := client.Raw(ctx, http.MethodPatch, "/llms", json.RawMessage(`{"api_key":"pl4nted-1"}`))
			return err
		},
	} {
		err := call()
		refused, ok := errors.AsType[*APIError](err)
		if !ok {
			t.Fatalf("%s: got %v, want an APIError", name, err)
		}
		if shown := err.Error() + string(refused.Details); strings.Contains(shown, planted) {
			t.Errorf("%s: %s shows a secret", name, shown)
		}
		contains(t, name, err.Error(), redactedSecret)
		if strings.Contains(name, "connection") {
			contains(t, name, err.Error(), "db.example", "5432")
			equal(t, "digits of a secret are gone from", strings.Contains(err.Error(), "12345678"), false)
		}
	}
}

func TestWhatRepeatsAShortSecretIsWithheld(t *testing.T) {
	for name, password := range map[string]string{"letters": "hunt3", "escaped in JSON": `a"b&c`, "not ASCII": "äö", "one letter": "q"} {
		t.Run(name, func(t *testing.T) {
			configuration, err := NewRawObject(map[string]any{"password": password})
			if err != nil {
				t.Fatal(err)
			}
			connection := DataConnection{Name: "Sales DB", Engine: "postgres", Configuration: configuration}
			text := fmt.Sprintf("no user has the password x%sx", password)
			body := encodeDocument(map[string]any{"error": map[string]any{"code": "bad_input", "message": text, "details": []any{text}}})
			_, err = serve(t, answer(400, "application/json", string(body))).DataConnections.Create(t.Context(), connection)
			refused, ok := errors.AsType[*APIError](err)
			if !ok {
				t.Fatalf("got %v, want an APIError", err)
			}
			equal(t, "status", refused.StatusCode, 400)
			equal(t, "code", refused.Code, "bad_input")
			equal(t, "message", refused.Message, withheld)
			equal(t, "details", string(refused.Details), "")

			_, err = serve(t, answer(400, "application/json", `{"error":"the host is unknown"}`)).DataConnections.Create(t.Context(), connection)
			contains(t, "what does not repeat it", err.Error(), "the host is unknown")

			_, err = serve(t, answer(200, "text/plain", text)).MCPServers.Create(t.Context(), MCPServer{Name: "crm", URL: "https://h.example", Args: []string{password}})
			if !isResponseError(err) {
				t.Fatalf("got %v, want a ResponseError", err)
			}
			contains(t, "an odd answer", err.Error(), withheld)
		})
	}
}

func TestAddressThatIsNoURLHoldsNoSecrets(t *testing.T) {
	equal(t, "secrets", len(secretsInURL("http://%zz?a=b")), 0)
	equal(t, "shown", withoutSecrets("http://%zz?a=b"), redactedSecret)
	equal(t, "shown", withoutSecrets("https://crm.example/mcp"), "https://crm.example/mcp")
}

func TestFormsOfASecret(t *testing.T) {
	words := formsOf("Bearer pl4nted-9")
	equal(t, "what follows Bearer", slices.Contains(words, "pl4nted-9"), true)
	equal(t, "Bearer itself", slices.Contains(words, "Bearer"), false)
	forms := formsOf("a&\"b\nc")
	for _, want := range []string{"a&\"b\nc", "a%26%22b%0Ac", `a&\"b\nc`, "a\\u0026\\\"b\\nc", `a&"b`} {
		if !slices.Contains(forms, want) {
			t.Errorf("%q is not among %q", want, forms)
		}
	}
}

func TestAnswersWithSecretsAreNotQuoted(t *testing.T) {
	ctx := t.Context()
	for _, body := range []string{`{"name":"n","configuration":{"password":"pl4nted-1"`, ` ["pl4nted-1"`, `"pl4nted-1`} {
		client := serve(t, answer(200, "application/json", body))
		for name, call := range map[string]func() error{
			"a connection":  func() error { _, err := client.DataConnections.Get(ctx, "d1"); return err },
			"connections":   func() error { _, err := client.DataConnections.List(ctx, nil); return err },
			"a server":      func() error { _, err := client.MCPServers.Get(ctx, "m1"); return err },
			"servers":       func() error { _, err := client.MCPServers.List(ctx, nil); return err },
			"those of one":  func() error { _, err := client.Agents.MCPServers(ctx, "a1", nil); return err },
			"a work item":   func() error { _, err := client.WorkItems.Get(ctx, "w1", nil); return err },
			"work items":    func() error { _, err := client.WorkItems.List(ctx, nil); return err },
			"configuration": func() error { _, err := client.DocumentIntelligence.Get(ctx); return err },
		} {
			err := call()
			if err == nil || !isResponseError(err) {
				t.Fatalf("%s: got %v, want a ResponseError", name, err)
			}
			if strings.Contains(err.Error(), planted) {
				t.Errorf("%s: %v shows a secret", name, err)
			}
		}
	}
}
