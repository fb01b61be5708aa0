package keystore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/zalando/go-keyring"
)

// service is what the keys are filed under in the keyring.
const service = "sema4-mcp"

// keyringWithin bounds the keyring, which may ask its user to unlock it.
const keyringWithin = time.Minute

// UnavailableError says that there is no keyring, or none that answers.
type UnavailableError struct{ Err error }

func (e *UnavailableError) Error() string { return "there is no keyring that works: " + e.Err.Error() }
func (e *UnavailableError) Unwrap() error { return e.Err }

// Load reads a key from the keyring: under a name that [Save] has filed it
// under, or SERVICE/NAME of another program.
func Load(ctx context.Context, name string) (string, error) {
	of, account := service, name
	if other, rest, found := strings.Cut(name, "/"); found {
		of, account = other, rest
	}
	key, err := inKeyring(ctx, func() (string, error) { return keyring.Get(of, account) })
	if errors.Is(err, keyring.ErrNotFound) {
		return "", fmt.Errorf("the keyring holds no key %q; log in again", name)
	}
	return key, err
}

func setInKeyring(ctx context.Context, name, key string) error {
	_, err := inKeyring(ctx, func() (string, error) { return "", keyring.Set(service, name, key) })
	return err
}

func deleteInKeyring(ctx context.Context, name string) error {
	_, err := inKeyring(ctx, func() (string, error) { return "", keyring.Delete(service, name) })
	if errors.Is(err, keyring.ErrNotFound) {
		return nil
	}
	return err
}

// inKeyring does what cannot be interrupted, and gives up waiting for it.
func inKeyring(ctx context.Context, do func() (string, error)) (string, error) {
	if err := reachable(); err != nil {
		return "", &UnavailableError{err}
	}
	type outcome struct {
		key string
		err error
	}
	done := make(chan outcome, 1)
	go func() {
		key, err := do()
		done <- outcome{key, err}
	}()
	ctx, cancel := context.WithTimeoutCause(ctx, keyringWithin, errors.New("it does not answer; is it locked?"))
	defer cancel()
	select {
	case got := <-done:
		if got.err != nil && !errors.Is(got.err, keyring.ErrNotFound) {
			return "", &UnavailableError{got.err}
		}
		return got.key, got.err
	case <-ctx.Done():
		return "", &UnavailableError{context.Cause(ctx)}
	}
}
