package hosts

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// System is the machine that hosts are looked for on.
type System struct {
	OS     string // as runtime.GOOS has it
	Home   string // the user's directory
	Getenv func(name string) string
}

// ThisSystem is the machine that the program runs on.
func ThisSystem() (System, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return System{}, fmt.Errorf("there is no home directory to look for hosts in: %w", err)
	}
	return System{OS: runtime.GOOS, Home: home, Getenv: os.Getenv}, nil
}

// env is a directory that a variable names, or the fallback below the home.
func (s System) env(variable string, fallback ...string) string {
	if dir := s.Getenv(variable); filepath.IsAbs(dir) {
		return dir
	}
	return s.home(fallback...)
}

func (s System) home(elements ...string) string {
	return filepath.Join(append([]string{s.Home}, elements...)...)
}

// xdg is where programs keep their configuration that do as Linux does
// everywhere but on Windows.
func (s System) xdg() string { return s.env("XDG_CONFIG_HOME", ".config") }

// config is where applications keep their configuration.
func (s System) config() string {
	switch s.OS {
	case "windows":
		return s.env("APPDATA", "AppData", "Roaming")
	case "darwin":
		return s.home("Library", "Application Support")
	default:
		return s.xdg()
	}
}

func (s System) localAppData() string { return s.env("LOCALAPPDATA", "AppData", "Local") }
