package cli

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"sema4mcp/internal/keystore"
	"sema4mcp/internal/userdir"
)

// keyCommandWithin bounds a command that fetches a key: it may ask the user.
const keyCommandWithin = time.Minute

// keyCommandGrace is how long what the command has started may hold its output
// open after it was told to stop.
const keyCommandGrace = 200 * time.Millisecond

// The kinds of reference to a key.
const (
	envReference     = "env:"
	fileReference    = "file:"
	keyringReference = "keyring:"
	commandReference = "cmd:"
)

// referenceKind is the kind of a reference; "" for what is a key itself.
func referenceKind(text string) string {
	kind, _, _ := strings.Cut(text, ":")
	if kind += ":"; slices.Contains([]string{envReference, fileReference, keyringReference, commandReference}, kind) {
		return kind
	}
	return ""
}

// APIKey is the key that the settings lead to, read anew each time. "" means that
// there is none. No error quotes what it read.
func (s *Settings) APIKey(ctx context.Context) (string, error) {
	return KeyAt(ctx, s.key, EnvAPIKey)
}

// KeyPlace says for people where the key is, "" where there is none. A command is
// told by its program alone: what follows may be secret.
func (s *Settings) KeyPlace() string {
	if s.key != "" && referenceKind(s.key) == "" {
		return "the value of " + s.origins[keySetting].Name
	}
	return place(s.key)
}

func place(reference string) string {
	kind := referenceKind(reference)
	rest := strings.TrimPrefix(reference, kind)
	switch {
	case kind == "":
		return ""
	case kind == commandReference:
		program, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
		return kind + filepath.Base(program) + " …"
	default:
		return reference
	}
}

// KeyAt follows a reference to a key, which the named variable or setting holds:
// env:NAME, file:PATH, keyring:NAME or cmd:COMMAND. Anything else is a key itself.
func KeyAt(ctx context.Context, reference, variable string) (string, error) {
	kind := referenceKind(reference)
	rest := strings.TrimPrefix(reference, kind)
	switch kind {
	case envReference:
		return checkedKey(Environment(rest), "$"+rest)
	case fileReference:
		data, err := os.ReadFile(userdir.Expand(rest))
		if err != nil {
			return "", fmt.Errorf("the API key cannot be read: %w", err)
		}
		return checkedKey(string(data), rest)
	case keyringReference:
		key, err := keystore.Load(ctx, rest)
		if err != nil {
			return "", fmt.Errorf("the API key cannot be read: %w", err)
		}
		return checkedKey(key, "the keyring")
	case commandReference:
		return keyFromCommand(ctx, rest, variable)
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
