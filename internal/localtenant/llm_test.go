package localtenant_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/localtenant/minds/openaichat"
	"sema4mcp/internal/testllm"
)

const llmAgentID = "7e570000-0000-4000-8000-000000000003"

// withLLM is a tenant with an agent that has a language model.
func withLLM(llm openaichat.Config) localtenant.Config {
	return localtenant.Config{Logger: quiet, LLM: llm, Agents: []localtenant.AgentSpec{
		{ID: llmAgentID, Name: "Chat", Architecture: "openai-chat", Runbook: "Be kind."},
	}}
}

// The words of a model reach the reader while it still speaks.
func TestAModelsWordsArriveAsTheyCome(t *testing.T) {
	heard := make(chan struct{})
	model := testllm.Start(t, func(w http.ResponseWriter, _ *http.Request) {
		testllm.Delta(w, object{"reasoning_content": "Hm."})
		testllm.Delta(w, object{"content": "One"})
		<-heard
		testllm.Delta(w, object{"content": ", two."})
		testllm.Finish(w, "stop")
	})
	c := start(t, withLLM(openaichat.Config{URL: model.URL}))
	conversation := c.converse(llmAgentID)
	s := c.stream(conversation, "Count.")
	defer s.close()
	var seen []string
	for !slices.Contains(seen, "One") {
		delta, _ := s.until(t, "message_content").data["delta"].(object)
		if item, ok := delta["value"].(object); ok {
			seen = append(seen, fmt.Sprint(item["text"]))
		}
	}
	close(heard)
	events, err := s.rest()
	if err != nil || eventTypes(events)[len(events)-1] != "agent_finished" {
		t.Fatalf("%v, %q", err, eventTypes(events))
	}
	message := c.messages(conversation)[1]
	if texts(message) != "One, two." || items(message)[0]["thought"] != "Hm." || message["complete"] != true {
		t.Errorf("message %v", message)
	}
}

// A reader who goes away stops the model.
func TestDisconnectStopsTheModel(t *testing.T) {
	stopped := make(chan struct{})
	model := testllm.Start(t, func(w http.ResponseWriter, r *http.Request) {
		testllm.Delta(w, object{"content": "One"})
		<-r.Context().Done()
		close(stopped)
	})
	c := start(t, withLLM(openaichat.Config{URL: model.URL}))
	conversation := c.converse(llmAgentID)
	s := c.stream(conversation, "Count.")
	s.until(t, "message_content")
	s.close()
	<-stopped
}

// What to set up, and what the endpoint says, reaches the user; the key does not,
// and not the log either.
func TestFailuresOfAModelAreTold(t *testing.T) {
	const key = "sk-planted"
	model := testllm.Start(t,
		testllm.Raw(http.StatusUnauthorized, "application/json", `{"error":{"message":"no such key: `+key+`"}}`),
		testllm.Raw(http.StatusUnauthorized, "application/json", `{"error":{"message":"no such key: `+key+`"}}`))
	var log bytes.Buffer
	for says, llm := range map[string]openaichat.Config{
		"Set SEMA4_LOCAL_LLM_URL":                      {},
		"no such key: ***). Check SEMA4_LOCAL_LLM_KEY": {URL: model.URL, Key: key},
	} {
		config := withLLM(llm)
		config.Logger = zerolog.New(&log)
		c := start(t, config)
		conversation := c.converse(llmAgentID)
		if got := c.refuse(http.StatusInternalServerError, http.MethodPost, conversation+"/messages", content("x")); !strings.Contains(got, says) {
			t.Errorf("%q does not say %q", got, says)
		}
		s := c.stream(conversation, "x")
		failure, _ := s.until(t, "agent_error").data["error"].(object)
		s.close()
		if got := fmt.Sprint(failure["message"]); !strings.Contains(got, says) || strings.Contains(got, key) {
			t.Errorf("%q does not say %q", got, says)
		}
	}
	if log.Len() != 0 {
		t.Errorf("the log has %s", log.String())
	}
}

// A tenant that ends while a model speaks ends both.
func TestClosingATenantWithAModelAtWork(t *testing.T) {
	speaking := make(chan struct{})
	model := testllm.Start(t, func(w http.ResponseWriter, r *http.Request) {
		testllm.Delta(w, object{"content": "One"})
		close(speaking)
		<-r.Context().Done()
	})
	tenant, err := localtenant.New(t.Context(), withLLM(openaichat.Config{URL: model.URL}))
	if err != nil {
		t.Fatal(err)
	}
	c := connect(t, tenant)
	conversation := c.converse(llmAgentID)
	answered := make(chan error, 1)
	go func() {
		response, err := c.send(context.Background(), http.MethodPost, conversation+"/messages", content("x"))
		if err == nil {
			err = response.Body.Close()
		}
		answered <- err
	}()
	<-speaking
	if err := tenant.Close(); err != nil {
		t.Error(err)
	}
	<-answered
}

func TestALanguageModelThatIsNone(t *testing.T) {
	_, err := localtenant.New(t.Context(), withLLM(openaichat.Config{URL: "planted"}))
	if err == nil || !strings.Contains(err.Error(), openaichat.EnvURL) || strings.Contains(err.Error(), "planted") {
		t.Errorf("error %v", err)
	}
}

// The model reads what was uploaded, and the conversation says so as of any tool
// of the agent's own.
func TestModelsReadFiles(t *testing.T) {
	model := testllm.Start(t, testllm.CallsTools("a", "read_file", `{"name":"Ünï 🚀.csv","offset":5}`), testllm.Says("done"))
	c := start(t, withLLM(openaichat.Config{URL: model.URL}))
	conversation := c.converse(llmAgentID)
	c.upload(conversation, file("Ünï 🚀.csv", "a,b\r\n1,2\r\n"), file("photo.png", "\x89PNG\r\n\x1a\n"))
	message := c.post(conversation, "What is in it?")[1]
	call := items(message)[0]
	if call["name"] != "read_file" || call["sub_type"] != "aa-internal" || call["status"] != "finished" || call["result"] != "1,2\r\n" {
		t.Errorf("call %v", call)
	}
	system := model.Requests()[0].Messages[0].Content
	if !strings.Contains(system, `- "Ünï 🚀.csv" (text/csv, 10 bytes)`) || !strings.Contains(system, `- "photo.png" (image/png, 8 bytes)`) {
		t.Errorf("the model was told %s", system)
	}
	if told := model.Requests()[1].Messages; told[len(told)-1].Content != "1,2\r\n" {
		t.Errorf("the model was given %+v", told)
	}
}
