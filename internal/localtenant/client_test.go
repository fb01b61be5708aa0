package localtenant_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"sema4mcp/internal/contracttest"
	"sema4mcp/internal/localtenant"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// client speaks to a tenant with nothing but net/http.
type client struct {
	t      testing.TB
	tenant *localtenant.Tenant
	http   *http.Client
	base   string
	header http.Header
}

func start(t testing.TB, cfg localtenant.Config) *client {
	t.Helper()
	tenant, err := localtenant.New(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tenant.Close(); err != nil {
			t.Errorf("close tenant: %v", err)
		}
	})
	return connect(t, tenant)
}

func connect(t testing.TB, tenant *localtenant.Tenant) *client {
	return &client{
		t: t, tenant: tenant, http: &http.Client{Transport: checked(t, tenant.Transport())}, base: tenant.BaseURL(),
		header: http.Header{"Authorization": {"Bearer " + localtenant.APIKey}},
	}
}

// checked holds every exchange to the contract, but measures none that way.
func checked(t testing.TB, transport http.RoundTripper) http.RoundTripper {
	if _, benchmark := t.(*testing.B); benchmark {
		return transport
	}
	return contracttest.New(t).Wrap(transport)
}

// withScript adds an agent that does what the runbook says and gives its id.
func withScript(runbook string) (localtenant.Config, string) {
	const id = "7e570000-0000-4000-8000-000000000001"
	return localtenant.Config{Logger: quiet, Agents: []localtenant.AgentSpec{
		{ID: id, Name: "Scripted", Architecture: "scripted", Runbook: runbook},
	}}, id
}

var quiet = zerolog.New(io.Discard)

// with gives the client another header.
func (c *client) with(name, value string) *client {
	other := *c
	other.header = c.header.Clone()
	other.header.Set(name, value)
	return &other
}

func (c *client) send(ctx context.Context, method, path, body string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header = c.header.Clone()
	return c.http.Do(request)
}

// do sends a request and gives status, body and headers of the answer.
func (c *client) do(method, path, body string) (int, []byte, http.Header) {
	c.t.Helper()
	response, err := c.send(context.Background(), method, path, body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return response.StatusCode, data, response.Header
}

// get decodes the answer to a request that must succeed.
func get[T any](c *client, method, path, body string) T {
	c.t.Helper()
	status, data, _ := c.do(method, path, body)
	if status != http.StatusOK {
		c.t.Fatalf("%s %s: status %d: %s", method, path, status, data)
	}
	var v T
	if err := json.Unmarshal(data, &v); err != nil {
		c.t.Fatalf("%s %s: %v: %s", method, path, err, data)
	}
	return v
}

// refuse checks that a request gets an error envelope, and gives its message.
func (c *client) refuse(status int, method, path, body string) string {
	c.t.Helper()
	got, data, header := c.do(method, path, body)
	if got != status {
		c.t.Fatalf("%s %s: status %d, want %d: %s", method, path, got, status, data)
	}
	if !strings.HasPrefix(header.Get("Content-Type"), "application/json") {
		c.t.Errorf("%s %s: content type %q", method, path, header.Get("Content-Type"))
	}
	var envelope struct {
		Error struct {
			ID      string `json:"error_id"`
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if err := json.Unmarshal(data, &envelope); err != nil {
		c.t.Fatalf("%s %s: %v: %s", method, path, err, data)
	}
	if envelope.Error.ID == "" || envelope.Error.Code == "" || envelope.Error.Message == "" {
		c.t.Errorf("%s %s: incomplete envelope: %s", method, path, data)
	}
	return envelope.Error.Message
}

type object = map[string]any

type listing struct {
	Next    *string  `json:"next"`
	HasMore bool     `json:"has_more"`
	Data    []object `json:"data"`
}

// converse begins a conversation and gives the path below it.
func (c *client) converse(agent string) string {
	c.t.Helper()
	conversation := get[object](c, http.MethodPost, "/agents/"+agent+"/conversations", `{"name":"test"}`)
	return fmt.Sprintf("/agents/%s/conversations/%s", agent, conversation["id"])
}

func content(text string) string {
	data, _ := json.Marshal(object{"content": text})
	return string(data)
}

// post sends a message synchronously and gives all messages.
func (c *client) post(conversation, text string) []object {
	c.t.Helper()
	return get[listing](c, http.MethodPost, conversation+"/messages", content(text)).Data
}

func (c *client) messages(conversation string) []object {
	c.t.Helper()
	return get[listing](c, http.MethodGet, conversation+"/messages?limit=200", "").Data
}

// texts joins the text items of a message.
func texts(message object) string {
	var all []string
	for _, item := range items(message) {
		if item["kind"] == "text" {
			all = append(all, item["text"].(string))
		}
	}
	return strings.Join(all, "\n")
}

func items(message object) []object {
	var all []object
	for _, item := range message["content"].([]any) {
		all = append(all, item.(object))
	}
	return all
}

// sseEvent is one server-sent event; a comment has no data.
type sseEvent struct {
	name    string
	data    object
	raw     string
	comment string
}

// stream is an open stream of events.
type stream struct {
	body   io.ReadCloser
	reader *bufio.Reader
	cancel context.CancelFunc
}

func (c *client) stream(conversation, text string) *stream {
	c.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	response, err := c.send(ctx, http.MethodPost, conversation+"/stream", content(text))
	if err != nil {
		cancel()
		c.t.Fatal(err)
	}
	if got := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || got != "text/event-stream" {
		data, _ := io.ReadAll(response.Body)
		response.Body.Close()
		cancel()
		c.t.Fatalf("stream: status %d, content type %q: %s", response.StatusCode, got, data)
	}
	return &stream{body: response.Body, reader: bufio.NewReader(response.Body), cancel: cancel}
}

func (s *stream) close() {
	s.cancel()
	s.body.Close()
}

// next reads one event or comment. io.EOF is a clean end between two events.
func (s *stream) next() (sseEvent, error) {
	var event sseEvent
	for {
		line, err := s.reader.ReadString('\n')
		if err != nil {
			if errors.Is(err, io.EOF) && (line != "" || event.name != "") {
				err = io.ErrUnexpectedEOF
			}
			return event, err
		}
		line = strings.TrimSuffix(line, "\n")
		switch {
		case line == "" && event.comment != "":
			return event, nil
		case line == "":
			decoder := json.NewDecoder(bytes.NewBufferString(event.raw))
			if err := decoder.Decode(&event.data); err != nil {
				return event, fmt.Errorf("data %q: %w", event.raw, err)
			}
			return event, nil
		case strings.HasPrefix(line, ":"):
			event.comment = strings.TrimSpace(line[1:])
		case strings.HasPrefix(line, "event: "):
			event.name = line[len("event: "):]
		case strings.HasPrefix(line, "data: "):
			event.raw += line[len("data: "):]
		default:
			return event, fmt.Errorf("unexpected line %q", line)
		}
	}
}

// rest reads all events up to the end of the stream, without comments; a clean
// end is no error.
func (s *stream) rest() ([]sseEvent, error) {
	var events []sseEvent
	for {
		event, err := s.next()
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return events, nil
		}
		if err != nil {
			return events, err
		}
		if event.comment == "" {
			events = append(events, event)
		}
	}
}

// until reads to the first event of that type.
func (s *stream) until(t testing.TB, eventType string) sseEvent {
	t.Helper()
	for {
		event, err := s.next()
		if err != nil {
			t.Fatalf("no %s: %v", eventType, err)
		}
		if event.data["event_type"] == eventType {
			return event
		}
	}
}

func eventTypes(events []sseEvent) []string {
	var all []string
	for _, event := range events {
		all = append(all, fmt.Sprint(event.data["event_type"]))
	}
	return all
}

func encoded(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(data)
}
