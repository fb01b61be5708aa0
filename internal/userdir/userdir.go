// Package userdir is where a user's own state is kept: below the home directory,
// the same for every host and terminal. Hosts give their children other
// environments, and on Windows another %APPDATA%; the home directory stays.
package userdir

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"
)

// name of the directory, below the home directory.
const name = ".sema4-mcp"

// ErrNoHome is the error where the user has no home directory: everything has to
// come from the environment then.
var ErrNoHome = errors.New("there is no home directory: set HOME, or give every setting in the environment")

// Home is the user's home directory: of the environment, else of the account.
func Home() (string, error) {
	if home, err := os.UserHomeDir(); err == nil && home != "" {
		return home, nil
	}
	account, err := user.Current()
	if err != nil || account.HomeDir == "" {
		return "", ErrNoHome
	}
	return account.HomeDir, nil
}

// Expand puts the home directory in the place of ~ in a path that no shell has seen.
func Expand(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home, err := Home(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	return path
}

// Dir is the directory that all state is in. It need not exist.
func Dir() (string, error) {
	home, err := Home()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, name), nil
}

// Profile is the directory of what belongs to one profile: a key that is kept in a
// file, caches. It need not exist. The name is one that configfile accepts.
func Profile(profile string) (string, error) {
	dir, err := Dir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "profiles", profile), nil
}

// Make makes a directory of these, which nobody else can read.
func Make(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("the directory for settings cannot be made: %w", err)
	}
	return nil
}
