package cli_test

import (
	"os"
	"path/filepath"
	"testing"

	"sema4mcp/cmd/internal/cli"
)

func TestLLM(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("OTHER_KEY", "from-env")
	for name, test := range map[string]struct {
		url, key, model, commands string
		wantURL, wantKey          string
		wantModel                 string
		wantCommands              bool
	}{
		"nothing":             {},
		"all":                 {"http://h/v1", "k", "m", "1", "http://h/v1", "k", "m", true},
		"not filled in":       {"${URL}", "${KEY}", "${MODEL}", "${X}", "", "", "", false},
		"key in a variable":   {"http://h/v1", "env:OTHER_KEY", "", "0", "http://h/v1", "from-env", "", false},
		"key in a file":       {"http://h/v1", "file:" + file, "", "", "http://h/v1", "from-file", "", false},
		"no URL needs no key": {"", "file:/does/not/exist", "m", "", "", "", "m", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("SEMA4_LOCAL_LLM_URL", test.url)
			t.Setenv("SEMA4_LOCAL_LLM_KEY", test.key)
			t.Setenv("SEMA4_LOCAL_LLM_MODEL", test.model)
			t.Setenv("SEMA4_LOCAL_MCP_COMMANDS", test.commands)
			got, err := cli.LLM(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got.URL != test.wantURL || got.Key != test.wantKey || got.Model != test.wantModel || got.AllowCommands != test.wantCommands {
				t.Errorf("got %+v", got)
			}
		})
	}
}
