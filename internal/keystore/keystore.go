// Package keystore keeps API keys: in the keyring of the operating system, or
// where there is none, as on a server without a desktop, in a file that only its
// owner can read. Start from [Save]; a [Reference] says where a key is.
package keystore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sema4mcp/internal/atomicfile"
	"sema4mcp/internal/userdir"
)

// Reference says where a key is: keyring:NAME or file:PATH. It holds no secret.
type Reference string

// The kinds of a [Reference].
const (
	keyringKind = "keyring:"
	fileKind    = "file:"
)

// Save keeps a profile's key in the keyring. The error is an [*UnavailableError] where
// there is none that works; [SaveFile] remains then.
func Save(ctx context.Context, profile, key string) (Reference, error) {
	if err := setInKeyring(ctx, profile, key); err != nil {
		return "", err
	}
	return Reference(keyringKind + profile), nil
}

// SaveFile keeps a profile's key in a file of its directory, with permissions for
// its owner alone.
func SaveFile(profile, key string) (Reference, error) {
	path, err := keyFile(profile)
	if err != nil {
		return "", err
	}
	if err := userdir.Make(filepath.Dir(path)); err != nil {
		return "", err
	}
	if err := os.Chmod(path, 0o600); err != nil && !errors.Is(err, os.ErrNotExist) { // somebody may have opened it to others
		return "", fmt.Errorf("the key file cannot be replaced: %w", err)
	}
	if err := atomicfile.Write(path, []byte(key+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("the key file cannot be written: %w", err)
	}
	return Reference(fileKind + path), nil
}

// Delete removes a key that [Save] or [SaveFile] keeps for the profile. What
// others have put elsewhere is left alone, and reads false.
func Delete(ctx context.Context, profile string, at Reference) (bool, error) {
	path, err := keyFile(profile)
	switch {
	case at == Reference(keyringKind+profile):
		return true, deleteInKeyring(ctx, profile)
	case err == nil && at == Reference(fileKind+path):
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return false, fmt.Errorf("the key file cannot be removed: %w", err)
		}
		return true, nil
	}
	return false, nil
}

func keyFile(profile string) (string, error) {
	dir, err := userdir.Profile(profile)
	return filepath.Join(dir, "key"), err
}

// InWords says for people where the key is.
func (r Reference) InWords() string {
	if name, ok := strings.CutPrefix(string(r), keyringKind); ok {
		return "the keyring (" + name + ")"
	}
	return strings.TrimPrefix(string(r), fileKind)
}
