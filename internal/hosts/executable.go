package hosts

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Executable is the absolute path by which a host can start this program now and
// after an upgrade: package managers put each version elsewhere and keep a
// link to the newest. invoked is the name the program was called by.
func Executable(invoked string) (string, error) {
	running, err := os.Executable()
	if err != nil {
		return "", err
	}
	if isThrowaway(running) {
		return "", errors.New("this program was built to be run once and will be deleted: install it first (go install, or go build), then run setup from there")
	}
	return lasting(running, invoked), nil
}

// isThrowaway recognises what go run has built.
func isThrowaway(path string) bool {
	return strings.Contains(filepath.ToSlash(path), "/go-build")
}

// lasting chooses among the names of the running program.
func lasting(running, invoked string) string {
	for _, name := range []string{filepath.Base(running), invoked} {
		found, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		if found, err = filepath.Abs(found); err == nil && sameFile(found, running) {
			return found
		}
	}
	// Scoop: apps/NAME/VERSION/program, and apps/NAME/current leads to the version.
	version := filepath.Dir(running)
	current := filepath.Join(filepath.Dir(version), "current", filepath.Base(running))
	if sameFile(current, running) {
		return current
	}
	return running
}

func sameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}
