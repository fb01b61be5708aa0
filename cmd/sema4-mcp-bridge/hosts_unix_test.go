//go:build unix

package main

import (
	"net"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/testtenant"
)

// desktop is the environment that hosts have themselves: that of a desktop session,
// with a wrong key and a proxy that goes nowhere among much else.
func desktop(home string) map[string]string {
	return map[string]string{
		"HOME": home, "PATH": os.Getenv("PATH"), "USER": "user", "SHELL": "/bin/sh", "LANG": "C.UTF-8", "TERM": "dumb", "TMPDIR": home, "TZ": "UTC",
		"XDG_RUNTIME_DIR": home, "DBUS_SESSION_BUS_ADDRESS": "unix:path=" + home + "/bus", "DISPLAY": ":0",
		"HTTPS_PROXY": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1",
		"SEMA4_API_KEY": "somebody-elses", "OPENAI_API_KEY": "none-of-ours", "SEMA4_LOG_LEVEL": "${SEMA4_LOG_LEVEL}",
	}
}

// patience is that of the least patient host, for the first answer.
const patience = 3 * time.Second

// endings are the ways in which hosts end a bridge; all but a killed one end by
// themselves.
var endings = map[string]func(*process){
	"stdin closed":         func(p *process) { _ = p.in.Close() },
	"SIGTERM":              func(p *process) { _ = p.command.Process.Signal(syscall.SIGTERM) },
	"SIGTERM to the group": func(p *process) { p.signalGroup(syscall.SIGTERM) },
	killed:                 func(p *process) { _ = p.command.Process.Signal(syscall.SIGKILL) },
}

const killed = "SIGKILL"

// TestHosts plays every host's session, each in the process that this host makes
// of a bridge. UPDATE=1 rewrites what the bridge answers.
func TestHosts(t *testing.T) {
	served := httptest.NewServer(testtenant.Start(t).Handler())
	t.Cleanup(served.Close)
	settings := strings.NewReplacer("$TENANT", served.URL+"/tenants/local/api/v2", "$KEY", localtenant.APIKey)
	for _, script := range readTranscripts(t) {
		t.Run(script.name, func(t *testing.T) {
			p := script.launch(t, settings, script.args...)
			said := make(map[int]string)
			for _, next := range script.steps {
				script.play(p, next, said)
			}
			endings[script.end](p)
			if script.end == killed {
				p.remains()
			} else if late := p.end(); len(late) > 0 {
				t.Errorf("unasked: %q", late)
			}
			if os.Getenv("UPDATE") != "" {
				if err := script.rewrite(said); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestHostsOpenWithATenantThatHangs: nothing that a host asks at first may wait
// for a tenant that accepts connections and never answers.
func TestHostsOpenWithATenantThatHangs(t *testing.T) {
	hanging := hangingTenant(t)
	settings := strings.NewReplacer("$TENANT", hanging, "$KEY", localtenant.APIKey)
	for _, script := range readTranscripts(t) {
		t.Run(script.name, func(t *testing.T) {
			p := script.launch(t, settings, "--base-url", hanging)
			for _, next := range script.opening() {
				next.within = patience
				script.play(p, next, make(map[int]string))
			}
			endings[script.end](p)
			if script.end != killed {
				p.end()
			}
		})
	}
}

// TestToolsAreListedWhileTheTenantHangs: they are there within a host's time to
// start, but for those of single agents.
func TestToolsAreListedWhileTheTenantHangs(t *testing.T) {
	t.Parallel()
	p := launch(t, "/", []string{"SEMA4_BASE_URL=" + hangingTenant(t), "SEMA4_API_KEY=" + localtenant.APIKey})
	p.send(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`)
	if listed := p.receive(10 * time.Second); !strings.Contains(listed, `"name":"ask_agent"`) || strings.Contains(listed, `"name":"message_`) {
		t.Errorf("got %s", listed)
	}
	_ = p.in.Close()
	p.end()
}

func hangingTenant(t *testing.T) (baseURL string) {
	t.Helper()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	return "http://" + silent.Addr().String() + "/tenants/local/api/v2"
}

func (s *transcript) launch(t *testing.T, settings *strings.Replacer, args ...string) *process {
	t.Helper()
	home := t.TempDir()
	directory := s.cwd
	if directory == "home" {
		directory = home
	}
	return launch(t, directory, s.environment(desktop(home), settings), args...)
}

// play sends a line, or waits for one and compares it; said collects what came.
func (s *transcript) play(p *process, next step, said map[int]string) {
	p.t.Helper()
	if next.out {
		p.send(next.line)
		return
	}
	within := next.within
	if within == 0 {
		within = answerWithin
	}
	got := stable(p.t, p.receive(within))
	said[next.at] = got
	if got != next.line && os.Getenv("UPDATE") == "" {
		p.t.Errorf("%s:%d: the bridge says\n%s\nwant\n%s", s.file, next.at+1, got, next.line)
	}
}
