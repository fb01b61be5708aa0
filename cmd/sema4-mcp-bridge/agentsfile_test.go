package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"sema4mcp/restclient"
)

func kept(t *testing.T, key string) *agentsFile {
	t.Helper()
	return keptAgents("work", "https://host.example/api/v2/", key, zerolog.Nop())
}

func TestAgentsAreKeptForOneKeyAndBaseURL(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	const key = "planted-secret-key"
	file := kept(t, key)
	if _, ok := file.Load(); ok {
		t.Error("there are agents before any were kept")
	}
	file.Save([]restclient.Agent{{ID: "a-1", Name: "Sales", UpdatedAt: restclient.Time{Time: time.Unix(1, 0)}}})
	if agents, ok := kept(t, key).Load(); !ok || len(agents) != 1 || agents[0].Name != "Sales" {
		t.Errorf("got %v, %v", agents, ok)
	}
	for name, other := range map[string]*agentsFile{
		"key":      kept(t, "another"),
		"base URL": keptAgents("work", "https://other.example/api/v2", key, zerolog.Nop()),
		"profile":  keptAgents("", "https://host.example/api/v2", key, zerolog.Nop()),
	} {
		if _, ok := other.Load(); ok {
			t.Errorf("another %s has them, too", name)
		}
	}
	data, err := os.ReadFile(file.path())
	if err != nil || bytes.Contains(data, []byte(key)) || strings.Contains(file.path(), key) {
		t.Errorf("got %s, %v", data, err)
	}
	if info, err := os.Stat(file.path()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
}

func TestAFileOfAgentsThatCannotBeUsedIsReplaced(t *testing.T) {
	for name, content := range map[string]string{
		"broken":          `{"version":1,"agents":[{`,
		"empty":           "",
		"another version": `{"version":2,"agents":[]}`,
		"no id":           `{"version":1,"agents":[{"name":"x"}]}`,
		"too long":        `{"version":1,"agents":[]}` + strings.Repeat(" ", maxAgentsFile),
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("HOME", t.TempDir())
			file := kept(t, "key")
			file.Save([]restclient.Agent{{ID: "a"}})
			if err := os.WriteFile(file.path(), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			again := kept(t, "key")
			if _, ok := again.Load(); ok {
				t.Error("it is used")
			}
			again.Save([]restclient.Agent{{ID: "b"}})
			if agents, ok := kept(t, "key").Load(); !ok || agents[0].ID != "b" {
				t.Errorf("got %v, %v", agents, ok)
			}
		})
	}
}

func TestAListThatIsTooLongIsNotKept(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	file := kept(t, "key")
	file.Save([]restclient.Agent{{ID: "a"}})
	file.Save([]restclient.Agent{{ID: "a", Description: strings.Repeat("x", maxAgentsFile)}})
	if _, err := os.Stat(file.path()); !os.IsNotExist(err) {
		t.Errorf("got %v", err)
	}
}

func TestFilesOfOldKeysGo(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	file := kept(t, "key")
	key := ""
	read := file.rekeyed(func(context.Context) (string, error) { return key, nil })
	for i := range maxAgentFiles + 3 {
		key = fmt.Sprint("key ", i)
		if got, err := read(t.Context()); got != key || err != nil {
			t.Fatal(got, err)
		}
		file.Save([]restclient.Agent{{ID: "a"}})
	}
	if entries, err := os.ReadDir(file.dir); err != nil || len(entries) != maxAgentFiles {
		t.Errorf("%d files are left, %v", len(entries), err)
	}
	if _, ok := kept(t, key).Load(); !ok {
		t.Error("the last is not among them")
	}
}

func TestWhereNothingCanBeWrittenNothingIsKept(t *testing.T) {
	home := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(home, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", home)
	var log bytes.Buffer
	file := keptAgents("", "https://host.example", "key", zerolog.New(&log))
	file.Save([]restclient.Agent{{ID: "a"}})
	if _, ok := file.Load(); ok || !strings.Contains(log.String(), "cannot be remembered") {
		t.Errorf("got %v, %s", ok, &log)
	}
}
