package cli

import (
	"cmp"
	"errors"
	"net/url"

	"sema4mcp/internal/configfile"
	"sema4mcp/internal/userdir"
)

// CompleteForAccount fills in what the commands need that make, change and list
// profiles: ConfigFile, File, Profile, and the way to the tenant. A profile need
// not exist.
func (s *Settings) CompleteForAccount() error {
	named := cmp.Or(s.Profile, Environment(EnvProfile))
	s.origins = make(map[string]Origin)
	if faults := s.readFile(); len(faults) > 0 {
		return &ConfigError{errors.Join(faults...)}
	}
	path, _ := s.ConfigPath()
	if path == "" {
		return userdir.ErrNoHome
	}
	s.Profile = cmp.Or(named, s.defaultProfile())
	if err := configfile.CheckProfileName(s.Profile); err != nil {
		return &UsageError{err.Error()}
	}
	for _, set := range settings {
		if set.name == "base_url" {
			continue // a login is to where its own flag says, or where it is told
		}
		if err := s.complete(set); err != nil {
			return err
		}
	}
	if _, err := s.checkTogether(); err != nil {
		return err
	}
	s.ConfigFile = path
	return nil
}

func (s *Settings) defaultProfile() string {
	if s.File == nil {
		return DefaultProfile
	}
	return cmp.Or(s.File.Table[profileSetting].Text, DefaultProfile)
}

// ProfileInfo is what may be shown of a profile.
type ProfileInfo struct {
	Name    string `json:"name"`
	Default bool   `json:"default"`
	BaseURL string `json:"base_url,omitzero"`
	Key     string `json:"key,omitzero"` // where it is
}

// Profiles lists the profiles of the configuration file.
func (s *Settings) Profiles() []ProfileInfo {
	profiles := []ProfileInfo{}
	if s.File == nil {
		return profiles
	}
	for _, name := range s.File.ProfileNames() {
		table := s.File.Profiles[name].Table
		profiles = append(profiles, ProfileInfo{
			Name:    name,
			Default: name == s.defaultProfile(),
			BaseURL: shownURL(table["base_url"].Text),
			Key:     place(table[keySetting].Text),
		})
	}
	return profiles
}

// shownURL leaves out what may be secret in a URL. What is none may be a key in the
// wrong place.
func shownURL(text string) string {
	if text == "" || text == noProxy {
		return text
	}
	parsed, err := url.Parse(text)
	if err != nil || parsed.Host == "" {
		return "… (no URL)"
	}
	if parsed.User != nil {
		parsed.User = url.User("…")
	}
	if parsed.RawQuery != "" {
		parsed.RawQuery = "…"
	}
	shown, err := url.PathUnescape(parsed.String()) // {tenant} and … as they were written
	if err != nil {
		return parsed.String()
	}
	return shown
}
