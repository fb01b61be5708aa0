// Package testtenant starts local tenants for the tests of other packages, holds
// every exchange with them to the contract, and makes them misbehave. Nothing else
// may import it.
package testtenant

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"sema4mcp/internal/contracttest"
	"sema4mcp/internal/localtenant"
	"sema4mcp/restclient"
)

// Tenant is a local tenant that lives as long as a test.
type Tenant struct {
	*localtenant.Tenant
	// Contract checks every exchange through [Tenant.Transport], both ways; nil in
	// benchmarks.
	Contract *contracttest.Checker
	t        testing.TB
}

// Start returns a tenant with the seeded agents and those given.
func Start(t testing.TB, agents ...localtenant.AgentSpec) *Tenant {
	t.Helper()
	return StartWith(t, localtenant.Config{Logger: zerolog.Nop(), Agents: agents})
}

// StartWith returns a tenant of another configuration.
func StartWith(t testing.TB, config localtenant.Config) *Tenant {
	t.Helper()
	tenant := &Tenant{t: t}
	if _, benchmark := t.(*testing.B); !benchmark {
		tenant.Contract = contracttest.New(t, contracttest.Strict())
	}
	local, err := localtenant.New(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := local.Close(); err != nil {
			t.Errorf("closing the tenant: %v", err)
		}
	})
	tenant.Tenant = local
	return tenant
}

// Transport reaches the tenant inside the process. What passes must fit the
// contract: see [contracttest.Strict].
func (t *Tenant) Transport() http.RoundTripper {
	if t.Contract == nil {
		return t.Tenant.Transport()
	}
	return t.Contract.Wrap(t.Tenant.Transport())
}

// Scripted is an agent that follows a runbook.
func Scripted(name, runbook string) localtenant.AgentSpec {
	return localtenant.AgentSpec{Name: name, Architecture: "scripted", Runbook: runbook}
}

// Client is a client with the tenant's key and no patience: a failing tenant
// fails at once.
func (t *Tenant) Client(options ...restclient.Option) *restclient.Client {
	t.t.Helper()
	options = append([]restclient.Option{
		restclient.WithTransport(t.Transport()),
		restclient.WithRetry(restclient.RetryPolicy{}),
		restclient.WithStreamIdleTimeout(2 * time.Second),
	}, options...)
	client, err := restclient.New(t.BaseURL(), localtenant.APIKey, options...)
	if err != nil {
		t.t.Fatal(err)
	}
	return client
}

// AgentID finds an agent by its name.
func (t *Tenant) AgentID(name string) string {
	t.t.Helper()
	for agent, err := range t.Client().Agents.All(t.t.Context(), nil) {
		if err != nil {
			t.t.Fatal(err)
		}
		if agent.Name == name {
			return agent.ID
		}
	}
	t.t.Fatalf("no agent is called %q", name)
	return ""
}

// Conversation returns the messages of the agent's conversation of that name;
// nil where there is none, and a failed test where there are several.
func (t *Tenant) Conversation(agentID, name string) []restclient.Message {
	t.t.Helper()
	client := t.Client()
	var found []restclient.Conversation
	for conversation, err := range client.Conversations.All(t.t.Context(), agentID, nil) {
		if err != nil {
			t.t.Fatal(err)
		}
		if conversation.Name == name {
			found = append(found, conversation)
		}
	}
	if len(found) == 0 {
		return nil
	}
	if len(found) > 1 {
		t.t.Errorf("%d conversations are called %q", len(found), name)
	}
	var messages []restclient.Message
	for message, err := range client.Conversations.AllMessages(t.t.Context(), agentID, found[0].ID, nil) {
		if err != nil {
			t.t.Fatal(err)
		}
		messages = append(messages, message)
	}
	return messages
}

// Fail sets the tenant's standing faults; "" clears them.
func (t *Tenant) Fail(faults string) {
	t.t.Helper()
	method := http.MethodPut
	if faults == "" {
		method = http.MethodDelete
	}
	request, err := http.NewRequestWithContext(t.t.Context(), method, t.BaseURL()+"/local/faults", strings.NewReader(faults))
	if err != nil {
		t.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+localtenant.APIKey)
	request.Header.Set("Content-Type", "text/plain")
	response, err := t.Transport().RoundTrip(request)
	if err != nil {
		t.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= http.StatusMultipleChoices {
		t.t.Fatalf("the faults %q are refused: %s %s", faults, response.Status, body)
	}
}
