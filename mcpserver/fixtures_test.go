package mcpserver_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"sema4mcp/bridge"
	"sema4mcp/internal/fixtureagent"
	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/testtenant"
	"sema4mcp/mcpserver"
)

// TestMain makes this test binary a server of the fixture agent where it is told to.
func TestMain(m *testing.M) {
	fixtureagent.Main(func() { testtenant.Main(m) }, serveFixtureAgent)
}

// serveFixtureAgent serves until ctx ends, at an address that it prints, as the
// product's own server does: the routes of a local tenant's agents, behind the
// guard of a server on loopback.
func serveFixtureAgent(ctx context.Context) error {
	log := zerolog.New(os.Stderr).Level(zerolog.WarnLevel)
	tenant, err := localtenant.New(ctx, localtenant.Config{Logger: log})
	if err != nil {
		return err
	}
	defer tenant.Close()
	server, err := mcpserver.New(mcpserver.Config{BaseURL: tenant.BaseURL(), Transport: tenant.Transport(), Bridge: bridge.Config{Logger: log}, Logger: log})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "serving the fixture agent on http://%s\n", listener.Addr())
	return server.ServeInPlace(ctx, listener, fixtureagent.New())
}

// TestTheFixtureAgentIsServed is for the suites that cannot be run here: what they
// are run against has to be the product's server but for the agent.
func TestTheFixtureAgentIsServed(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), program)
	command.Env = append(os.Environ(), fixtureagent.Variable+"=1")
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stderr).ReadString('\n')
	at := strings.Index(line, "http://")
	if err != nil || at < 0 {
		t.Fatalf("got %q, %v", line, err)
	}
	address, client := strings.TrimSpace(line[at:]), &http.Client{Transport: new(http.Transport)}
	for name, test := range map[string]struct {
		path, header string
		status       int
		want         string
	}{
		"an agent":       {analystPath, "Accept: " + accepting, http.StatusOK, "simple text response"},
		"no such agent":  {"/tenants/local/api/v1/agent-mcp/none/mcp/", "", http.StatusNotFound, "there is no such agent"},
		"another key":    {analystPath, otherKey("other"), http.StatusUnauthorized, "does not accept the API key"},
		"a foreign page": {analystPath, "Origin: http://evil.example.com", http.StatusForbidden, "Web pages of this origin"},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+test.path, strings.NewReader(callBody(1, "test_simple_text", nil)))
		if err != nil {
			t.Fatal(err)
		}
		request.Header = http.Header{"Authorization": {"Bearer " + localtenant.APIKey}, "Content-Type": {"application/json"}}
		if name, value, ok := strings.Cut(test.header, ": "); ok {
			request.Header.Set(name, value)
		}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != test.status || !strings.Contains(string(body), test.want) {
			t.Errorf("%s: got %d %s, %v, want %d %s", name, response.StatusCode, body, err, test.status, test.want)
		}
	}
	client.CloseIdleConnections()
	if err := command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err != nil {
		t.Errorf("it ends with %v when told to", err)
	}
}
