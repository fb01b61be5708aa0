package cli

import (
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"sema4mcp/bridge"
	"sema4mcp/bridge/run"
	"sema4mcp/internal/configfile"
)

// Settings mean the same in every command. A flag goes before its variable, that
// before the profile in the configuration file, that before the rest of the file.
// What is empty, or still reads ${…} because a host did not fill it in, counts as
// unset.
type Settings struct {
	ConfigFile       string // as it was given; see File
	Profile          string // "" where none is used
	BaseURL          string
	APIKeyFile       string
	Local            bool
	LocalData        string
	CallBudget       time.Duration
	ProgressInterval time.Duration
	Send             string
	OnDisconnect     string
	AgentTools       string
	Toolsets         []string
	ReadOnly         bool
	Agents           []string
	FilesDirs        []string
	Proxy            string
	CA               string
	ClientCert       string
	ClientKey        string
	RunQuiet         time.Duration
	PostedQuiet      time.Duration
	StreamIdle       time.Duration
	LogLevel         string
	LogFile          string

	File *configfile.File // nil where none was read

	key         string // reference to the API key, or the key itself
	origins     map[string]Origin
	configPath  string         // "" where there is no home directory
	tenantFlags *pflag.FlagSet // nil for a command that has none of them
	logFlags    *pflag.FlagSet
}

// The variables that settings are read from.
const (
	EnvConfig   = "SEMA4_CONFIG"
	EnvProfile  = "SEMA4_PROFILE"
	EnvBaseURL  = "SEMA4_BASE_URL"
	EnvAPIKey   = "SEMA4_API_KEY"
	EnvLocal    = "SEMA4_LOCAL"
	EnvLogLevel = "SEMA4_LOG_LEVEL"
)

// TenantFlags are for the commands that reach a tenant.
func (s *Settings) TenantFlags(flags *pflag.FlagSet) {
	flags.StringVar(&s.BaseURL, "base-url", "", "base `URL` of the REST API, copied from the application ($"+EnvBaseURL+")")
	flags.StringVar(&s.Profile, "profile", "", "use this `profile` of the configuration file ($"+EnvProfile+"; default the one called default)")
	s.ConfigFlag(flags)
	flags.BoolVar(&s.Local, "local", false, "use an embedded local tenant instead; needs no account ($"+EnvLocal+"=1)")
	s.tenantFlags = flags
	flags.StringVar(&s.LocalData, "local-data", "", "keep the local tenant's database in this `directory`; else in memory")
	flags.DurationVar(&s.CallBudget, "call-budget", bridge.DefaultCallBudget, "longest a tool call is held")
	flags.DurationVar(&s.ProgressInterval, "progress-interval", bridge.DefaultProgressInterval, "time between signs of life while an agent works")
	flags.StringVar(&s.Send, "send", string(run.SendAuto), "`how` to send messages: stream (shows the agent at work, who stops when this program ends), post (the agent finishes whatever happens), auto (stream for callers who want progress, else post)")
	flags.StringVar(&s.OnDisconnect, "on-disconnect", string(bridge.DisconnectKeep), "`what` becomes of an agent at work when its caller hangs up or cancels the call: keep (it works on, and get_run has the answer), cancel (it is stopped)")
	flags.StringVar(&s.AgentTools, "agent-tools", string(bridge.AgentToolsAuto), "`when` all agents together have a message tool for each: auto (up to 20 agents), always, never")
	flags.StringSliceVar(&s.Toolsets, "toolsets", nil, "further `tools` for all agents together: data (connections and models, to read), admin (agents and what they use, to change), all")
	flags.BoolVar(&s.ReadOnly, "read-only", false, "offer only tools that change nothing")
	flags.StringSliceVar(&s.Agents, "agents", nil, "offer these agents and no other: `names` or ids, with commas between them")
	s.NetworkFlags(flags)
	s.patienceFlags(flags)
}

// NetworkFlags are about the way to the tenant.
func (s *Settings) NetworkFlags(flags *pflag.FlagSet) {
	s.tenantFlags = flags
	flags.StringVar(&s.Proxy, "proxy", "", "reach the tenant through this proxy `URL`, or none; else HTTPS_PROXY, HTTP_PROXY and NO_PROXY say it")
	flags.StringVar(&s.CA, "ca", "", "trust the certificates in this PEM `file`, beside the system's")
	flags.StringVar(&s.ClientCert, "client-cert", "", "show this client certificate, a PEM `file`; goes with --client-key")
	flags.StringVar(&s.ClientKey, "client-key", "", "PEM `file` with the client certificate's private key")
}

// AccountFlags are for the commands that log in and out.
func (s *Settings) AccountFlags(flags *pflag.FlagSet) {
	flags.StringVar(&s.Profile, "profile", "", "the `profile` ($"+EnvProfile+"; default the one called default)")
	s.ConfigFlag(flags)
}

// ConfigFlag is for the commands that read or write the configuration file.
func (s *Settings) ConfigFlag(flags *pflag.FlagSet) {
	s.tenantFlags = flags
	flags.StringVar(&s.ConfigFile, "config", "", "read the settings from this `file` ($"+EnvConfig+"; default ~/.sema4-mcp/sema4-mcp.toml)")
}

// KeyFlag is for the commands that need the key themselves.
func (s *Settings) KeyFlag(flags *pflag.FlagSet) {
	flags.StringVar(&s.APIKeyFile, "api-key-file", "", "read the API key from this `file` ($"+EnvAPIKey+" holds the key or a reference to it)")
}

// patienceFlags are hidden: nobody has to set them but tests, which cannot wait as
// long as agents and networks are waited for.
func (s *Settings) patienceFlags(flags *pflag.FlagSet) {
	flags.DurationVar(&s.RunQuiet, "run-quiet", 0, "how long a conversation may stand still before a run whose stream was lost counts as interrupted; 0 means the default")
	flags.DurationVar(&s.PostedQuiet, "posted-quiet", 0, "the same for a run whose message was posted; 0 means the default")
	flags.DurationVar(&s.StreamIdle, "stream-idle", 0, "longest silence of a stream that is taken for work; 0 means the default")
	for _, name := range []string{"run-quiet", "posted-quiet", "stream-idle"} {
		flags.Lookup(name).Hidden = true
	}
}

// FilesFlags are for a command that runs on its user's own machine.
func (s *Settings) FilesFlags(flags *pflag.FlagSet) {
	flags.StringArrayVar(&s.FilesDirs, "files-dir", nil, "let tools send files from this `directory` and save files there; may be repeated")
}

// LogFlags are for every command.
func (s *Settings) LogFlags(flags *pflag.FlagSet) {
	flags.StringVar(&s.LogLevel, "log-level", "", "log `level`: debug, info, warn or error ($"+EnvLogLevel+"; default info)")
	flags.StringVar(&s.LogFile, "log-file", "", "write the log to this `file` instead of stderr")
	s.logFlags = flags
}

// noTenant says that a command was told of no tenant, and the ways to go on.
const noTenant = `there is no tenant to connect to. Two ways to go on:
  - try it without an account:   --local
  - connect to your tenant:      set ` + EnvBaseURL + `, copied from Configuration > API Keys
                                 in the Sema4.ai application`

// Environment is the value of a variable, "" where it counts as unset.
func Environment(name string) string {
	value := strings.TrimSpace(os.Getenv(name))
	if strings.HasPrefix(value, "${") && strings.HasSuffix(value, "}") {
		return ""
	}
	return value
}

// truth reads a variable that is 1 or 0.
func truth(variable string) (bool, error) {
	truth, ok := truthOf(Environment(variable))
	if !ok {
		return false, &UsageError{variable + " is 1 or 0, not " + Environment(variable)}
	}
	return truth, nil
}

func truthOf(value string) (truth, ok bool) {
	switch strings.ToLower(value) {
	case "", "0", "false", "no", "off":
		return false, true
	case "1", "true", "yes", "on":
		return true, true
	}
	return false, false
}
