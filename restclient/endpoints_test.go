package restclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
)

// endpoint is one method, what it has to send and what it makes of an answer.
// ID in a request stands for the id that call is given.
type endpoint struct {
	call    func(ctx context.Context, c *Client, id string) (any, error)
	request string // method, path, media type and body, without what is empty
	status  int    // 200 if it is 0
	answer  string
	want    string // JSON of the result; as the answer if it is empty
	noID    bool   // it takes none
	also    string // the request that follows the first, a GET of the same id
}

func (e endpoint) String() string { return e.request }

// result makes a result of a call that has none but its error.
func result(err error) (any, error) { return nil, err }

func reading(text string) io.Reader { return strings.NewReader(text) }

// endpoints are all of them by the names of their methods.
var endpoints = func() map[string]endpoint {
	all := map[string]endpoint{}
	for _, some := range []map[string]endpoint{agentEndpoints, conversationEndpoints, workItemEndpoints, dataEndpoints} {
		maps.Copy(all, some)
	}
	return all
}()

// itemsOf takes the items of a page.
func itemsOf[T any](page *Page[T], err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return page.Items, nil
}

// text reads a download to its end.
func text(d *Download, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	defer d.Close()
	content, err := io.ReadAll(d)
	return string(content), err
}

// described is what a request says, one line.
func described(r *http.Request) string {
	line := r.Method + " " + r.URL.RequestURI()
	mediaType, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if mediaType == "" {
		return line
	}
	line += " " + mediaType
	if mediaType != "multipart/form-data" {
		body, _ := io.ReadAll(r.Body)
		return line + " " + string(body)
	}
	for parts := multipart.NewReader(r.Body, params["boundary"]); ; {
		part, err := parts.NextPart()
		if err != nil {
			return line
		}
		content, _ := io.ReadAll(part)
		line += " " + part.FormName() + "="
		if part.FileName() == "" {
			line += string(content)
			continue
		}
		line += fmt.Sprintf("%s(%s):%s", part.FileName(), part.Header.Get("Content-Type"), content)
	}
}

func TestEndpoints(t *testing.T) {
	ids := map[string]string{
		"7b0e5c7e-0a54": "7b0e5c7e-0a54", "a/b": "a%2Fb", "../a": "..%2Fa", "%2f": "%252f", "a b?c#d": "a%20b%3Fc%23d", "🧾": "%F0%9F%A7%BE",
	}
	for name, e := range endpoints {
		t.Run(name, func(t *testing.T) {
			var asked []string
			client := serve(t, func(w http.ResponseWriter, r *http.Request) {
				asked = append(asked, described(r))
				if key := r.Header.Get("Authorization"); (key != "") == (name == "OpenAPI") {
					t.Errorf("the key is %q", key)
				}
				answer(max(e.status, 200), "", e.answer)(w, r)
			})
			for id, escaped := range ids {
				asked = nil
				got, err := e.call(t.Context(), client, id)
				if err != nil {
					t.Fatal(err)
				}
				want := []string{strings.ReplaceAll(e.request, "ID", escaped)}
				if e.also != "" {
					want = append(want, strings.ReplaceAll(e.also, "ID", escaped))
				}
				equalSlices(t, "requests", asked, want)
				checkResult(t, got, e)
			}
		})
	}
}

func checkResult(t *testing.T, got any, e endpoint) {
	t.Helper()
	want := e.want
	if want == "" {
		want = e.answer
	}
	encoded, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	document, err := parseDocument([]byte(want))
	if err != nil {
		t.Fatal(err)
	}
	result, err := parseDocument(encoded)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "result", string(encodeDocument(result)), string(encodeDocument(document)))
}

func TestEveryEndpointRefusesBadIDsBeforeAnyRequest(t *testing.T) {
	asked := false
	client := serve(t, func(http.ResponseWriter, *http.Request) { asked = true })
	for name, e := range endpoints {
		for _, id := range []string{"", ".", ".."} {
			if e.noID {
				continue
			}
			if _, err := e.call(t.Context(), client, id); err == nil {
				t.Errorf("%s %q: no error", name, id)
			} else {
				contains(t, name, err.Error(), `the id after "`)
			}
		}
	}
	equal(t, "asked", asked, false)
}

func TestEveryEndpointPassesErrorsOn(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 405, 409, 412, 422, 500} {
		client := serve(t, answer(status, "application/json", `{"error":{"error_id":"e1","code":"family.detail","message":"m","data":{"n":1.0}}}`),
			WithRetry(RetryPolicy{}))
		for name, e := range endpoints {
			_, err := e.call(t.Context(), client, "x1")
			refused, ok := errors.AsType[*APIError](err)
			if !ok {
				t.Fatalf("%s: got %v, want an APIError", name, err)
			}
			equal(t, name+": status", refused.StatusCode, status)
			equal(t, name+": details", string(refused.Details), `{"n":1.0}`)
			path, _, _ := strings.Cut(strings.ReplaceAll(e.request, "ID", "x1"), "?")
			contains(t, name, err.Error(), strings.Join(strings.Fields(path)[:1], " "), "m [e1]")
		}
	}
}

func TestEveryObjectNeedsAnID(t *testing.T) {
	client := serve(t, answer(200, "application/json", `{"name":"n","ok":false}`))
	for name, e := range endpoints {
		if !strings.Contains(e.answer, `id":`) || e.answer[0] == '[' || e.want != "" || e.also != "" ||
			name == "Agents.State" || name == "SemanticDataModels.Scaffold" || name == "DocumentIntelligence.Get" {
			continue // it needs none
		}
		_, err := e.call(t.Context(), client, "x1")
		if err == nil || !isResponseError(err) {
			t.Errorf("%s: got %v, want a ResponseError", name, err)
			continue
		}
		contains(t, name, err.Error(), "it has no id")
	}
	contains(t, "ping", client.Ping(t.Context()).Error(), "it does not say that all is well")
}

func TestOnlyGetIsRepeated(t *testing.T) {
	for name, e := range endpoints {
		asked := 0
		client := serve(t, func(w http.ResponseWriter, r *http.Request) {
			asked++
			_, _ = io.Copy(io.Discard, r.Body)
			answer(503, "", "")(w, r)
		}, WithRetry(RetryPolicy{Attempts: 3}))
		if _, err := e.call(t.Context(), client, "x1"); err == nil {
			t.Errorf("%s: no error", name)
		}
		want := 1
		if strings.HasPrefix(e.request, "GET ") {
			want = 3
		}
		equal(t, name+": requests", asked, want)
	}
}

func TestEveryEndpointNeedsAnAnswerItCanUse(t *testing.T) {
	client := serve(t, answer(200, "text/html", "<html><title>Sign in</title></html>"))
	for name, e := range endpoints {
		if e.want == "null" && name != "Ping" || e.also != "" || strings.HasPrefix(name, "Raw") ||
			name == "Conversations.DownloadFile" {
			continue // any answer will do
		}
		_, err := e.call(t.Context(), client, "x1")
		if err == nil || !isResponseError(err) {
			t.Errorf("%s: got %v, want a ResponseError", name, err)
			continue
		}
		contains(t, name, err.Error(), `"Sign in"`)
	}
}
