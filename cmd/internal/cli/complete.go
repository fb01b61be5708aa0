package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"sema4mcp/internal/configfile"
	"sema4mcp/internal/userdir"
)

// ConfigError is a fault in the configuration file or in a variable. A program that
// a host starts goes on with it, to say so where the user sees it.
type ConfigError struct{ Err error }

func (e *ConfigError) Error() string { return e.Err.Error() }
func (e *ConfigError) Unwrap() error { return e.Err }

// Complete fills what no flag has set from the environment and the configuration
// file, and checks it all. A [*UsageError] is a fault of a flag; a [*ConfigError]
// joins the others, and what it is about has its default value then.
func (s *Settings) Complete() error {
	s.origins = make(map[string]Origin)
	faults := s.readFile()
	if err := s.chooseProfile(); err != nil {
		faults = append(faults, err)
	}
	for _, set := range settings {
		if err := s.complete(set); err != nil {
			if s.origins[set.name].Kind == FromFlag {
				return err
			}
			faults = append(faults, err)
		}
	}
	s.chooseTenant()
	if origin, err := s.checkTogether(); err != nil {
		if origin.Kind == FromFlag {
			return err
		}
		faults = append(faults, err)
	}
	if err := s.checkKeyBelongs(); err != nil {
		faults = append(faults, err)
	}
	if len(faults) > 0 {
		return &ConfigError{errors.Join(faults...)}
	}
	return nil
}

// readFile reads the configuration file. A default one need not exist.
func (s *Settings) readFile() []error {
	if s.tenantFlags == nil {
		return nil
	}
	path, given := s.ConfigPath()
	if path == "" {
		return nil
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && !given {
		return nil
	}
	if err != nil {
		return []error{fmt.Errorf("the configuration file cannot be read: %w", err)}
	}
	s.File, err = configfile.Parse(path, data, fileKeys())
	if err != nil {
		return []error{err}
	}
	return nil
}

// ConfigPath is where the configuration file is, whether it exists or not, and
// whether that was given; "" where there is no home directory to look in.
func (s *Settings) ConfigPath() (path string, given bool) {
	if s.configPath == "" {
		path := userdir.Expand(Environment(EnvConfig))
		if s.ConfigFile != "" {
			path = s.ConfigFile
		}
		if path != "" {
			if absolute, err := filepath.Abs(path); err == nil {
				path = absolute
			}
			s.configPath = path
			return path, true
		}
		dir, err := userdir.Dir()
		if err != nil {
			return "", false
		}
		s.configPath = filepath.Join(dir, "sema4-mcp.toml")
	}
	return s.configPath, s.ConfigFile != "" || Environment(EnvConfig) != ""
}

// DefaultProfile is the profile that is used where nobody names one, if the file
// has it.
const DefaultProfile = "default"

// chooseProfile leaves Profile empty where none is to be used. One that nobody has
// named gives way to a tenant that a flag or variable names.
func (s *Settings) chooseProfile() error {
	if s.tenantFlags == nil {
		return nil
	}
	named := s.NamedProfile()
	if named == "" && s.namesTenant() {
		return nil
	}
	s.Profile = named
	if s.File != nil {
		if _, ok := s.File.Profiles[s.defaultProfile()]; s.Profile == "" && (ok || s.File.Table[profileSetting].Text != "") {
			s.Profile = s.defaultProfile()
		}
		if _, ok := s.File.Profiles[s.Profile]; ok {
			return nil
		}
	}
	if s.Profile == "" {
		return nil
	}
	return s.noSuchProfile()
}

// namesTenant tells whether a flag or variable says which tenant it is.
func (s *Settings) namesTenant() bool {
	local, _ := truthOf(Environment(EnvLocal))
	return s.BaseURL != "" || Environment(EnvBaseURL) != "" || s.Local || local && !s.tenantFlags.Changed("local")
}

// NamedProfile is the profile that a flag or the variable names.
func (s *Settings) NamedProfile() string {
	if s.Profile != "" {
		return s.Profile
	}
	return Environment(EnvProfile)
}

func (s *Settings) noSuchProfile() error {
	if err := configfile.CheckProfileName(s.Profile); err != nil {
		return err
	}
	text := fmt.Sprintf("there is no profile %s", s.Profile)
	if s.File != nil && len(s.File.Profiles) > 0 {
		text += ": " + s.File.Path + " has " + strings.Join(s.File.ProfileNames(), ", ")
	}
	return fmt.Errorf("%s; sema4-mcp-bridge login --profile %s makes it", text, s.Profile)
}

// lookup finds the flag of a setting; nil where the command has none.
func (s *Settings) lookup(name string) *pflag.Flag {
	for _, flags := range []*pflag.FlagSet{s.tenantFlags, s.logFlags} {
		if flags == nil {
			continue
		}
		if flag := flags.Lookup(name); flag != nil {
			return flag
		}
	}
	return nil
}

// complete gives one setting its value and checks it.
func (s *Settings) complete(set setting) error {
	flag := s.lookup(set.flag)
	if flag == nil {
		return nil // not a setting of this command
	}
	value, origin := s.find(set, flag)
	s.origins[set.name] = origin
	if origin.Kind == FromDefault {
		return nil
	}
	fault := ""
	if origin.Kind != FromFlag {
		fault = s.assign(set, flag, value)
	} else if set.name == keySetting {
		s.key = fileReference + s.APIKeyFile
	}
	if fault == "" && set.check != nil {
		fault = set.check(s)
	}
	if fault == "" {
		return nil
	}
	err := origin.fault(set.name, fault)
	if origin.Kind != FromFlag {
		s.unsetValue(set)
		s.origins[set.name] = Origin{}
	}
	return err
}

// find looks for a setting's value; that of a flag is in its place already.
func (s *Settings) find(set setting, flag *pflag.Flag) (configfile.Value, Origin) {
	if flag.Changed {
		return configfile.Value{}, Origin{Kind: FromFlag, Name: "--" + set.flag}
	}
	if text := Environment(set.variable); set.variable != "" && text != "" {
		return configfile.Value{Text: text}, Origin{Kind: FromVariable, Name: set.variable}
	}
	if s.File == nil {
		return configfile.Value{}, Origin{}
	}
	profile := s.File.Profiles[s.Profile].Table
	if value, ok := profile[set.name]; ok {
		return value, Origin{Kind: FromFile, Name: s.File.Path, Line: value.Line, Profile: s.Profile}
	}
	if _, ok := profile["base_url"]; ok && set.name == keySetting {
		return configfile.Value{}, Origin{} // another tenant's key must not go to this one
	}
	if value, ok := s.File.Table[set.name]; ok {
		return value, Origin{Kind: FromFile, Name: s.File.Path, Line: value.Line}
	}
	return configfile.Value{}, Origin{}
}

// assign sets a flag's value as if it had been given, and says what is wrong with it.
func (s *Settings) assign(set setting, flag *pflag.Flag, value configfile.Value) string {
	if set.name == keySetting {
		s.key = value.Text
		if path, ok := strings.CutPrefix(value.Text, fileReference); ok && value.Line > 0 {
			s.key = fileReference + s.File.Place(path)
		}
		return ""
	}
	if list, ok := flag.Value.(interface{ Replace([]string) error }); ok && value.List != nil {
		return after(": ", list.Replace(value.List))
	}
	if set.kind == configfile.Flag {
		truth, ok := truthOf(value.Text)
		if !ok {
			return " is 1 or 0, not " + value.Text
		}
		value.Text = fmt.Sprint(truth)
	}
	if err := flag.Value.Set(value.Text); err != nil {
		if set.kind == configfile.Duration {
			return " is a time such as 50s or 2m"
		}
		return ": " + err.Error()
	}
	return ""
}

// chooseTenant lets what was set nearer by win between a local tenant and another.
func (s *Settings) chooseTenant() {
	if s.Local && s.BaseURL != "" && s.origins["base_url"].before(s.origins["local"]) {
		s.Local, s.origins["local"] = false, Origin{}
	}
}

// checkTogether is about flags that need each other.
func (s *Settings) checkTogether() (Origin, error) {
	switch {
	case s.LocalData != "" && !s.Local && s.origins["local_data"].Kind == FromFlag:
		return s.origins["local_data"], &UsageError{"--local-data goes with --local"}
	case (s.ClientCert == "") != (s.ClientKey == ""):
		half := s.origins["client_cert"].orElse(s.origins["client_key"])
		return half, half.fault("client_cert", ": a client certificate and its key go together; set both")
	}
	return Origin{}, nil
}

// checkKeyBelongs keeps the key of a profile from going to another address than
// the profile's.
func (s *Settings) checkKeyBelongs() error {
	key, address := s.origins[keySetting], s.origins["base_url"]
	if s.Local || s.key == "" || key.Kind != FromFile || !address.before(key) {
		return nil
	}
	own := s.File.Profiles[key.Profile].Table["base_url"].Text
	if key.Profile == "" {
		own = s.File.Table["base_url"].Text
	}
	if strings.TrimRight(own, "/") == strings.TrimRight(s.BaseURL, "/") {
		return nil
	}
	s.key = ""
	return fmt.Errorf("the base URL of %s is not the one that the key at %s is for: set %s too, or leave the base URL out", address, key, EnvAPIKey)
}
