package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// keyCommandWithin bounds a command that fetches a key: it may ask the user.
const keyCommandWithin = time.Minute

// keyCommandGrace is how long what the command has started may hold its output
// open after it was told to stop.
const keyCommandGrace = 200 * time.Millisecond

// APIKey is the key that the settings lead to. SEMA4_API_KEY holds the key
// itself, or where it is: env:NAME, file:PATH, cmd:COMMAND. "" means that there
// is none. No error quotes what it read.
func (s *Settings) APIKey(ctx context.Context) (string, error) {
	reference := Environment(EnvAPIKey)
	if s.APIKeyFile != "" {
		reference = "file:" + s.APIKeyFile
	}
	return KeyAt(ctx, reference, EnvAPIKey)
}

// KeyAt follows a reference to a key, which the named variable or setting holds: see
// [Settings.APIKey].
func KeyAt(ctx context.Context, reference, variable string) (string, error) {
	kind, rest, found := strings.Cut(reference, ":")
	if !found {
		return checkedKey(reference, variable)
	}
	switch kind {
	case "env":
		return checkedKey(Environment(rest), "$"+rest)
	case "file":
		data, err := os.ReadFile(rest)
		if err != nil {
			return "", fmt.Errorf("the API key cannot be read: %w", err)
		}
		return checkedKey(string(data), rest)
	case "cmd":
		return keyFromCommand(ctx, rest, variable)
	case "keyring":
		return "", errors.New("this version reads no keyring references; use env:NAME, file:PATH or cmd:COMMAND instead")
	default:
		return checkedKey(reference, variable)
	}
}

func keyFromCommand(ctx context.Context, line, variable string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, keyCommandWithin)
	defer cancel()
	shell := []string{"sh", "-c", line}
	if runtime.GOOS == "windows" {
		shell = []string{"cmd", "/c", line}
	}
	command := exec.CommandContext(ctx, shell[0], shell[1:]...)
	command.WaitDelay = keyCommandGrace
	endWithAll(command)
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("the command that %s names gave no key: %w", variable, err)
	}
	return checkedKey(string(output), "the command's output")
}

func checkedKey(key, origin string) (string, error) {
	key = strings.TrimSpace(key)
	if strings.ContainsAny(key, " \t\r\n") {
		return "", fmt.Errorf("what %s holds is not an API key: it has white space inside", origin)
	}
	return key, nil
}
