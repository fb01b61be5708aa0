package restclient_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"sema4mcp/restclient"
)

// tenant stands in for a deployment: it says the same to every request.
func tenant(status int, contentType, body string) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, body)
	}))
}

func ExampleNew() {
	_, err := restclient.New("host.example", "s4w_example")
	fmt.Println(err)
	// Output:
	// the base URL does not start with http:// or https://; copy it from the application, Configuration > API Keys (it looks like https://host/tenants/acme/api/v2)
}

func ExampleAgentsService_All() {
	server := tenant(200, "application/json", `{"data":[{"id":"a1","name":"Invoices"},{"id":"a2","name":"Orders"}],"next":null,"has_more":false}`)
	defer server.Close()
	client, err := restclient.New(server.URL, "s4w_example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.CloseIdleConnections()
	for agent, err := range client.Agents.All(context.Background(), nil) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(agent.ID, agent.Name)
	}
	// Output:
	// a1 Invoices
	// a2 Orders
}

func ExampleConversationsService_Stream() {
	server := tenant(200, "text/event-stream", `data: {"event_type":"agent_ready","run_id":"r1"}

data: {"event_type":"message_begin","message_id":"m1"}

data: {"event_type":"message_content","message_id":"m1","delta":{"op":"add","path":"/content","value":[{"kind":"text","text":"Three"}]}}

data: {"event_type":"message_content","message_id":"m1","delta":{"op":"concat_string","path":"/content/0/text","value":" are open."}}

data: {"event_type":"agent_finished","run_id":"r1"}

`)
	defer server.Close()
	client, err := restclient.New(server.URL, "s4w_example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.CloseIdleConnections()
	stream, err := client.Conversations.Stream(context.Background(), "a1", "t1", "Open invoices?")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stream.Close()
	var transcript restclient.Transcript
	for event, err := range stream.Events() {
		if err == nil {
			err = transcript.Apply(event)
		}
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	for _, message := range transcript.Messages() {
		fmt.Println(message.Role+":", message.Text())
	}
	// Output:
	// agent: Three are open.
}

func ExampleConversationsService_Send() {
	server := tenant(200, "application/json", `{"data":[{"role":"user","content":[{"kind":"text","text":"Open invoices?"}]},
		{"role":"agent","content":[{"kind":"text","text":"Three are open."}]}]}`)
	defer server.Close()
	client, err := restclient.New(server.URL, "s4w_example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.CloseIdleConnections()
	messages, err := client.Conversations.Send(context.Background(), "a1", "t1", "Open invoices?")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, message := range messages {
		fmt.Println(message.Role+":", message.Text())
	}
	// Output:
	// user: Open invoices?
	// agent: Three are open.
}

func ExampleAPIError() {
	server := tenant(404, "application/json", `{"error":{"code":"not_found","message":"Agent not found"}}`)
	defer server.Close()
	client, err := restclient.New(server.URL, "s4w_example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.CloseIdleConnections()
	_, err = client.Agents.Get(context.Background(), "a9")
	if refused, ok := errors.AsType[*restclient.APIError](err); ok && refused.StatusCode == http.StatusNotFound {
		fmt.Println(err)
	}
	// Output:
	// GET /agents/a9: 404 Not Found (not_found): Agent not found
}
