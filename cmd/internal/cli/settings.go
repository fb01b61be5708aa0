package cli

import (
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"sema4mcp/bridge"
	"sema4mcp/bridge/run"
)

// Settings mean the same in every command. A flag goes before its variable; a
// variable that is empty, or still reads ${…} because a host did not fill it in,
// counts as unset.
type Settings struct {
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
	RunQuiet         time.Duration
	PostedQuiet      time.Duration
	StreamIdle       time.Duration
	LogLevel         string
	LogFile          string

	tenantFlags *pflag.FlagSet // nil for a command that has none of them
}

// The variables that settings are read from.
const (
	EnvBaseURL  = "SEMA4_BASE_URL"
	EnvAPIKey   = "SEMA4_API_KEY"
	EnvLocal    = "SEMA4_LOCAL"
	EnvLogLevel = "SEMA4_LOG_LEVEL"
)

// TenantFlags are for the commands that reach a tenant.
func (s *Settings) TenantFlags(flags *pflag.FlagSet) {
	flags.StringVar(&s.BaseURL, "base-url", "", "base `URL` of the REST API, copied from the application ($"+EnvBaseURL+")")
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
	s.patienceFlags(flags)
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

// KeyFlags are for a command that has a key of its own.
func (s *Settings) KeyFlags(flags *pflag.FlagSet) {
	flags.StringVar(&s.APIKeyFile, "api-key-file", "", "read the API key from this `file` ($"+EnvAPIKey+" holds the key or a reference to it)")
}

// FilesFlags are for a command that runs on its user's own machine.
func (s *Settings) FilesFlags(flags *pflag.FlagSet) {
	flags.StringArrayVar(&s.FilesDirs, "files-dir", nil, "let tools send files from this `directory` and save files there; may be repeated")
}

// LogFlags are for every command.
func (s *Settings) LogFlags(flags *pflag.FlagSet) {
	flags.StringVar(&s.LogLevel, "log-level", "", "log `level`: debug, info, warn or error ($"+EnvLogLevel+"; default info)")
	flags.StringVar(&s.LogFile, "log-file", "", "write the log to this `file` instead of stderr")
}

// Complete fills what no flag has set from the environment and checks it all.
func (s *Settings) Complete() error {
	if s.BaseURL == "" {
		s.BaseURL = Environment(EnvBaseURL)
	}
	if !s.Local && (s.tenantFlags == nil || !s.tenantFlags.Changed("local")) {
		local, err := truth(EnvLocal)
		if err != nil {
			return err
		}
		s.Local = local
	}
	if s.LogLevel == "" {
		s.LogLevel = Environment(EnvLogLevel)
	}
	switch bridge.OnDisconnect(s.OnDisconnect) {
	case bridge.DisconnectKeep, bridge.DisconnectCancel, "":
	default:
		return &UsageError{"--on-disconnect is keep or cancel"}
	}
	switch bridge.AgentTools(s.AgentTools) {
	case bridge.AgentToolsAuto, bridge.AgentToolsAlways, bridge.AgentToolsNever, "":
	default:
		return &UsageError{"--agent-tools is auto, always or never"}
	}
	if _, err := run.ParseSending(s.Send); err != nil {
		return &UsageError{"--send: " + err.Error()}
	}
	if _, err := bridge.ParseToolsets(s.Toolsets); err != nil {
		return &UsageError{"--toolsets: " + err.Error()}
	}
	if err := s.completeAgents(); err != nil {
		return err
	}
	dirs, err := bridge.CheckFilesDirs(s.FilesDirs)
	if err != nil {
		return &UsageError{"--files-dir: " + err.Error()}
	}
	s.FilesDirs = dirs
	if s.tenantFlags != nil && (s.CallBudget <= 0 || s.ProgressInterval <= 0) {
		return &UsageError{"--call-budget and --progress-interval must be more than 0"}
	}
	if s.LocalData != "" && !s.Local {
		return &UsageError{"--local-data goes with --local"}
	}
	return nil
}

// completeAgents refuses a list with nothing in it, which would offer all agents
// where somebody meant to leave some out.
func (s *Settings) completeAgents() error {
	if s.tenantFlags == nil || !s.tenantFlags.Changed("agents") {
		return nil
	}
	for i, agent := range s.Agents {
		s.Agents[i] = strings.TrimSpace(agent)
	}
	if len(s.Agents) == 0 || slices.Contains(s.Agents, "") {
		return &UsageError{"--agents wants names or ids of agents, with commas between them"}
	}
	return nil
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
	value := Environment(variable)
	switch strings.ToLower(value) {
	case "", "0", "false", "no", "off":
		return false, nil
	case "1", "true", "yes", "on":
		return true, nil
	default:
		return false, &UsageError{variable + " is 1 or 0, not " + value}
	}
}
