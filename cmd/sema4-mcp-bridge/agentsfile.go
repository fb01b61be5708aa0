package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/rs/zerolog"

	"sema4mcp/bridge"
	"sema4mcp/internal/atomicfile"
	"sema4mcp/internal/userdir"
	"sema4mcp/restclient"
)

// The files of remembered agents.
const (
	agentsDir     = "agents" // in the directory of a profile
	agentsVersion = 1        // of what is in a file; others are as good as none
	maxAgentsFile = 4 << 20  // bytes
	maxAgentFiles = 8        // of a profile: each key and base URL has one
)

// agentsFile is a [bridge.Memory] on disk. Only who has the key finds the file of a
// key and base URL, and nothing of either can be read from it.
type agentsFile struct {
	dir     string
	baseURL string
	log     zerolog.Logger

	mu   sync.Mutex // guards all below
	key  string
	last []byte // what the file of the key holds
}

// forgetAgents removes what is kept of a profile's agents.
func forgetAgents(profile string) error {
	dir, err := userdir.Profile(profile)
	if err != nil {
		return err
	}
	return os.RemoveAll(filepath.Join(dir, agentsDir))
}

// keptAgents is the file of a key for a base URL, below the profile's directory, or
// where no profile is used below that of all; nil where there is no home directory.
func keptAgents(profile, baseURL, key string, log zerolog.Logger) *agentsFile {
	dir, err := userdir.Dir()
	if profile != "" {
		dir, err = userdir.Profile(profile)
	}
	if err != nil {
		return nil
	}
	return &agentsFile{dir: filepath.Join(dir, agentsDir), baseURL: strings.TrimRight(baseURL, "/"), log: log, key: key}
}

// rekeyed is how the key is read, with the file following it.
func (f *agentsFile) rekeyed(read func(context.Context) (string, error)) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		key, err := read(ctx)
		f.mu.Lock()
		defer f.mu.Unlock()
		if err == nil && key != f.key {
			f.key, f.last = key, nil
		}
		return key, err
	}
}

// path wants f.mu held.
func (f *agentsFile) path() string {
	derived := hmac.New(sha256.New, []byte(f.key))
	_, _ = fmt.Fprintf(derived, "sema4-mcp agents, version %d\n%s", agentsVersion, f.baseURL) // never fails
	return filepath.Join(f.dir, hex.EncodeToString(derived.Sum(nil))+".json")
}

type agentsContent struct {
	Version int                `json:"version"`
	Agents  []restclient.Agent `json:"agents"`
}

// Load implements [bridge.Memory]. A file that cannot be used is replaced by the
// next Save.
func (f *agentsFile) Load() ([]restclient.Agent, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	agents, err := f.load()
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, false
	case err != nil:
		f.log.Debug().Err(err).Msg("the remembered agents cannot be used; the tenant is asked for them")
		return nil, false
	}
	return agents, true
}

func (f *agentsFile) load() ([]restclient.Agent, error) {
	file, err := os.Open(f.path())
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxAgentsFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxAgentsFile {
		return nil, errors.New("the file is too long")
	}
	var content agentsContent
	if err := json.Unmarshal(data, &content); err != nil {
		return nil, errors.New("the file is broken") // the error may quote it
	}
	if content.Version != agentsVersion || slices.ContainsFunc(content.Agents, func(a restclient.Agent) bool { return a.ID == "" }) {
		return nil, errors.New("the file is of another version")
	}
	f.last = data
	return content.Agents, nil
}

// Save implements [bridge.Memory].
func (f *agentsFile) Save(agents []restclient.Agent) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.save(agents); err != nil {
		f.log.Debug().Err(err).Msg("the agents cannot be remembered")
	}
}

func (f *agentsFile) save(agents []restclient.Agent) error {
	data, err := json.Marshal(agentsContent{agentsVersion, agents})
	if err != nil || bytes.Equal(data, f.last) {
		return err
	}
	path := f.path()
	if len(data) > maxAgentsFile {
		return errors.Join(errors.New("their list is too long"), os.Remove(path)) // what it holds is out of date
	}
	if err := userdir.Make(f.dir); err != nil {
		return err
	}
	if err := atomicfile.Write(path, data, 0o600); err != nil {
		return err
	}
	f.last = data
	return f.prune()
}

// prune leaves the files that were written last.
func (f *agentsFile) prune() error {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return err
	}
	var files []os.FileInfo
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil { // else it has just gone
			files = append(files, info)
		}
	}
	slices.SortFunc(files, func(a, b os.FileInfo) int {
		return cmp.Or(b.ModTime().Compare(a.ModTime()), cmp.Compare(a.Name(), b.Name()))
	})
	for _, file := range files[min(maxAgentFiles, len(files)):] {
		err = errors.Join(err, os.Remove(filepath.Join(f.dir, file.Name())))
	}
	return err
}

var _ bridge.Memory = (*agentsFile)(nil)
