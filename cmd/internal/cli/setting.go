package cli

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"sema4mcp/bridge"
	"sema4mcp/bridge/run"
	"sema4mcp/internal/configfile"
)

// setting is one thing that can be set: by a flag, a variable and in the file.
type setting struct {
	name     string // in the file
	flag     string
	variable string // "" where there is none
	kind     configfile.Kind
	// check tells what is wrong with the value, as the rest of a sentence that
	// begins with what has set it; "" for nothing.
	check func(*Settings) string
}

// keySetting is the one whose flag does not hold the value, but a file with it.
const keySetting = "key"

var settings = []setting{
	{"base_url", "base-url", EnvBaseURL, configfile.Text, nil},
	{keySetting, "api-key-file", EnvAPIKey, configfile.Text, (*Settings).checkKey},
	{"local", "local", EnvLocal, configfile.Flag, nil},
	{"local_data", "local-data", "", configfile.Path, nil},
	{"agents", "agents", "SEMA4_AGENTS", configfile.List, (*Settings).checkAgents},
	{"toolsets", "toolsets", "SEMA4_TOOLSETS", configfile.List, func(s *Settings) string {
		return after(": ", parsed(bridge.ParseToolsets(s.Toolsets)))
	}},
	{"read_only", "read-only", "SEMA4_READ_ONLY", configfile.Flag, nil},
	{"agent_tools", "agent-tools", "SEMA4_AGENT_TOOLS", configfile.Text, func(s *Settings) string {
		return oneOf(bridge.AgentTools(s.AgentTools), bridge.AgentToolsAuto, bridge.AgentToolsAlways, bridge.AgentToolsNever)
	}},
	{"send", "send", "SEMA4_SEND", configfile.Text, func(s *Settings) string {
		return oneOf(run.Sending(s.Send), run.SendAuto, run.SendStream, run.SendPost)
	}},
	{"on_disconnect", "on-disconnect", "SEMA4_ON_DISCONNECT", configfile.Text, func(s *Settings) string {
		return oneOf(bridge.OnDisconnect(s.OnDisconnect), bridge.DisconnectKeep, bridge.DisconnectCancel)
	}},
	{"call_budget", "call-budget", "SEMA4_CALL_BUDGET", configfile.Duration, func(s *Settings) string { return positive(s.CallBudget) }},
	{"progress_interval", "progress-interval", "SEMA4_PROGRESS_INTERVAL", configfile.Duration, func(s *Settings) string {
		return positive(s.ProgressInterval)
	}},
	{"files_dirs", "files-dir", "", configfile.Paths, (*Settings).checkFilesDirs},
	{"proxy", "proxy", "SEMA4_PROXY", configfile.Text, (*Settings).checkProxy},
	{"ca", "ca", "SEMA4_CA", configfile.Path, nil},
	{"client_cert", "client-cert", "SEMA4_CLIENT_CERT", configfile.Path, nil},
	{"client_key", "client-key", "SEMA4_CLIENT_KEY", configfile.Path, nil},
	{"log_level", "log-level", EnvLogLevel, configfile.Text, func(s *Settings) string {
		if level, err := zerolog.ParseLevel(cmp.Or(s.LogLevel, "info")); err != nil || level == zerolog.NoLevel {
			return " is debug, info, warn or error"
		}
		return ""
	}},
	{"log_file", "log-file", "SEMA4_LOG_FILE", configfile.Path, nil},
}

// profileSetting names the profile that is used where no flag or variable does; it
// stands in the file alone.
const profileSetting = "profile"

// fileKeys are what the file may hold.
func fileKeys() []configfile.Key {
	keys := []configfile.Key{{Name: profileSetting, Kind: configfile.Text}}
	for _, setting := range settings {
		keys = append(keys, configfile.Key{Name: setting.name, Kind: setting.kind})
	}
	return keys
}

func parsed[T any](_ T, err error) error { return err }

func after(text string, err error) string {
	if err == nil {
		return ""
	}
	return text + err.Error()
}

func oneOf[T ~string](got T, choices ...T) string {
	if got == "" || slices.Contains(choices, got) {
		return ""
	}
	text := " is " + string(choices[0])
	for i, choice := range choices[1:] {
		if i == len(choices)-2 {
			return text + " or " + string(choice)
		}
		text += ", " + string(choice)
	}
	return text
}

func positive[T ~int64](got T) string {
	if got > 0 {
		return ""
	}
	return " must be more than 0"
}

// checkAgents refuses a list with nothing in it, which would offer all agents
// where somebody meant to leave some out.
func (s *Settings) checkAgents() string {
	for i, agent := range s.Agents {
		s.Agents[i] = strings.TrimSpace(agent)
	}
	if len(s.Agents) == 0 || slices.Contains(s.Agents, "") {
		return " wants names or ids of agents, with commas between them"
	}
	return ""
}

func (s *Settings) checkFilesDirs() string {
	dirs, err := bridge.CheckFilesDirs(s.FilesDirs)
	if err != nil {
		return ": " + err.Error()
	}
	s.FilesDirs = dirs
	return ""
}

// checkKey keeps keys out of the configuration file, which others may read and
// people show to each other.
func (s *Settings) checkKey() string {
	if s.origins[keySetting].Kind != FromFile || referenceKind(s.key) != "" {
		return ""
	}
	return " holds no reference: a key must not stand in this file; write env:NAME, file:PATH, keyring:NAME or cmd:COMMAND, or run sema4-mcp-bridge login"
}

// checkProxy keeps passwords where keys may be: not in a list of processes, and not
// in the configuration file.
func (s *Settings) checkProxy() string {
	if s.Proxy == noProxy {
		return ""
	}
	proxy, err := url.Parse(s.Proxy)
	switch {
	case err != nil || proxy.Host == "" || !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, proxy.Scheme):
		return " is a URL such as http://proxy.example:3128, or none"
	case proxy.User != nil && s.origins["proxy"].Kind != FromVariable:
		return " holds a user or a password: set the variable SEMA4_PROXY instead"
	}
	return ""
}

// unsetValue takes back what was refused, so that the rest can go on without.
func (s *Settings) unsetValue(set setting) {
	if set.name == keySetting {
		s.key = ""
		return
	}
	flag := s.lookup(set.flag)
	if list, ok := flag.Value.(interface{ Replace([]string) error }); ok {
		_ = list.Replace(nil)
		return
	}
	_ = flag.Value.Set(flag.DefValue)
}
