package openaichat

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"strings"
)

// The transports of an MCP server, as the vendor's API v2 names them.
const (
	transportAuto           = "auto"
	transportStreamableHTTP = "streamable-http"
	transportSSE            = "sse"
	transportStdio          = "stdio"
)

// Server is an MCP server attached to an agent. It has a URL or a Command, as
// Transport wants it; Transport is streamable-http, sse, stdio, or auto or "" to
// go by these two.
type Server struct {
	ID, Name, Transport string
	URL                 string
	Headers             map[string]string // sent with every request; secret
	Command             string
	Args                []string
	Env                 map[string]string // beside a few variables of this process; secret
	Cwd                 string
	ForceSerial         bool // its tools run one after another
}

// kind is the transport, which auto leaves to the URL.
func (s Server) kind() string {
	switch {
	case s.Transport != "" && s.Transport != transportAuto:
		return s.Transport
	case s.URL == "":
		return transportStdio
	case strings.Contains(s.URL, "/sse"):
		return transportSSE
	default:
		return transportStreamableHTTP
	}
}

func (s Server) headers(invocation string) http.Header {
	headers := http.Header{}
	headers.Set(invocationHeader, invocation)
	for name, value := range s.Headers {
		headers.Set(name, value)
	}
	return headers
}

// inherited are the variables that programs need to run at all. The rest of the
// environment stays here: there are keys in it.
var inherited = []string{
	"PATH", "HOME", "LANG", "LC_ALL", "LOGNAME", "SHELL", "TERM", "TMPDIR", "TZ", "USER",
	"APPDATA", "LOCALAPPDATA", "PATHEXT", "PROGRAMFILES", "SYSTEMDRIVE", "SYSTEMROOT", "TEMP", "TMP", "USERNAME", "USERPROFILE",
}

// process is the command of a stdio server.
func (s Server) process(ctx context.Context, command string, _, args []string) (*exec.Cmd, error) {
	p := exec.CommandContext(ctx, command, args...)
	p.Dir, p.WaitDelay = s.Cwd, killWithin
	p.Env = []string{} // nil would stand for all of this process's
	for _, name := range inherited {
		if value, ok := os.LookupEnv(name); ok {
			p.Env = append(p.Env, name+"="+value)
		}
	}
	for name, value := range s.Env {
		p.Env = append(p.Env, name+"="+value)
	}
	return p, nil
}
