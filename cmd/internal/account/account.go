// Package account logs in to tenants and out of them: it asks for a base URL and a
// key, tries both, keeps the key where it is safe, and writes the rest into the
// configuration file as a profile. Start from [Login].
package account

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"sema4mcp/cmd/internal/baseurl"
	"sema4mcp/internal/atomicfile"
	"sema4mcp/internal/configfile"
	"sema4mcp/internal/keystore"
	"sema4mcp/internal/userdir"
)

// Account is one profile of one configuration file.
type Account struct {
	Profile    string
	ConfigPath string
	File       *configfile.File // what ConfigPath holds; nil where there is none yet
}

// Login is what logging in needs to know.
type Login struct {
	Account
	BaseURL   string // asked for if empty
	NoKeyring bool   // keep the key in a file even where there is a keyring
	Transport http.RoundTripper
	UserAgent string
	Terminal  *Terminal
}

// Run logs in. Nothing is kept unless the tenant accepts the key.
func (l *Login) Run(ctx context.Context) error {
	if err := configfile.CheckProfileName(l.Profile); err != nil {
		return err
	}
	forms, err := l.askBaseURL(ctx)
	if err != nil {
		return err
	}
	key, err := l.Terminal.Secret(ctx, "API key (not shown): ")
	if err != nil {
		return err
	}
	base, err := baseurl.Find(ctx, forms, key, l.UserAgent, l.Transport)
	if err != nil {
		return err
	}
	reference, note, err := l.keep(ctx, base, key)
	if err != nil {
		return err
	}
	l.Terminal.Say("%sLogged in to %s.\nThe key is in %s, the profile %s in %s.\n", note, base, reference.InWords(), l.Profile, l.ConfigPath)
	if l.Profile != l.defaultProfile() {
		l.Terminal.Say("Use it with --profile %s, or with the variable SEMA4_PROFILE=%s.\n", l.Profile, l.Profile)
	}
	return nil
}

func (a *Account) setting(name string) string {
	if a.File == nil {
		return ""
	}
	return a.File.Profiles[a.Profile].Table[name].Text
}

func (a *Account) defaultProfile() string {
	if a.File == nil {
		return "default"
	}
	return cmp.Or(a.File.Table["profile"].Text, "default")
}

// askBaseURL offers the one that the profile has.
func (l *Login) askBaseURL(ctx context.Context) ([]string, error) {
	text, known := l.BaseURL, l.setting("base_url")
	if text == "" {
		question := "Base URL, from Configuration > API Keys in the Sema4.ai application: "
		if known != "" {
			question = fmt.Sprintf("Base URL (Enter for %s): ", known)
		}
		answer, err := l.Terminal.Line(ctx, question)
		if err != nil {
			return nil, err
		}
		text = cmp.Or(answer, known)
	}
	return baseurl.Forms(text)
}

// keep stores the key and then the profile that leads to it. A profile that cannot
// be written takes a key back that nothing leads to.
func (l *Login) keep(ctx context.Context, base, key string) (at keystore.Reference, note string, err error) {
	if err := l.writable(); err != nil {
		return "", "", err
	}
	before := keystore.Reference(l.setting("key"))
	if !l.NoKeyring {
		if at, err = keystore.Save(ctx, l.Profile, key); err != nil {
			note = fmt.Sprintf("%s\nThe key is kept in a file instead, which only you can read.\n", capital(err))
		}
	}
	if at == "" {
		if at, err = keystore.SaveFile(l.Profile, key); err != nil {
			return "", "", err
		}
	}
	if err := l.write(configfile.Setting{Name: "base_url", Text: base}, configfile.Setting{Name: "key", Text: string(at)}); err != nil {
		if before != at {
			_, deleteErr := keystore.Delete(ctx, l.Profile, at)
			err = errors.Join(err, deleteErr)
		}
		return "", "", err
	}
	if before != at {
		if _, err := keystore.Delete(ctx, l.Profile, before); err != nil {
			note += fmt.Sprintf("The old key is still in %s: %v\n", before.InWords(), err)
		}
	}
	return at, note, nil
}

func capital(err error) string {
	text := err.Error()
	return string(text[0]&^0x20) + text[1:] + "."
}

// writable finds out whether the profile can be written before a key is stored.
func (a *Account) writable() error {
	_, err := a.changed(configfile.Setting{Name: "base_url", Text: "-"}, configfile.Setting{Name: "key", Text: "-"})
	return err
}

func (a *Account) changed(settings ...configfile.Setting) ([]byte, error) {
	data, err := os.ReadFile(a.ConfigPath)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("the configuration file cannot be read: %w", err)
	}
	return configfile.SetInProfile(data, a.Profile, settings...)
}

// write changes the profile in the configuration file.
func (a *Account) write(settings ...configfile.Setting) error {
	data, err := a.changed(settings...)
	if err != nil {
		return err
	}
	if err := userdir.Make(filepath.Dir(a.ConfigPath)); err != nil {
		return err
	}
	if err := atomicfile.Write(a.ConfigPath, data, 0o600); err != nil {
		return fmt.Errorf("the configuration file cannot be written: %w", err)
	}
	return nil
}

// Logout forgets the profile's key and leaves its other settings for the next
// login. A key that login has not put there is not deleted, only forgotten.
func (a *Account) Logout(ctx context.Context, out io.Writer) error {
	at := keystore.Reference(a.setting("key"))
	if at == "" {
		return fmt.Errorf("the profile %s has no key: nobody is logged in", a.Profile)
	}
	deleted, err := keystore.Delete(ctx, a.Profile, at)
	if err != nil {
		return err
	}
	if err := a.write(configfile.Setting{Name: "key"}); err != nil {
		return err
	}
	said := "Its key is deleted from " + at.InWords()
	if !deleted {
		said = "Its key was not put there by login, and is left where it is" // which may be a command with a secret in it
	}
	_, err = fmt.Fprintf(out, "Logged out of the profile %s. %s.\n", a.Profile, said)
	return err
}
