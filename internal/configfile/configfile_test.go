package configfile_test

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"sema4mcp/internal/configfile"
)

var known = []configfile.Key{
	{Name: "base_url", Kind: configfile.Text}, {Name: "key", Kind: configfile.Text}, {Name: "agents", Kind: configfile.List},
	{Name: "read_only", Kind: configfile.Flag}, {Name: "call_budget", Kind: configfile.Duration}, {Name: "log_file", Kind: configfile.Path},
	{Name: "files_dirs", Kind: configfile.Paths},
}

func TestParse(t *testing.T) {
	home, dir := t.TempDir(), t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	path := filepath.Join(dir, "sema4-mcp.toml")
	file, err := configfile.Parse(path, []byte("\xef\xbb\xbfread_only = true # here too\r\ncall_budget = \"2m\"\nlog_file = \"logs/x\"\nfiles_dirs = [\"~/papers\", \"/abs\"]\n"+
		"[profiles.work]\nbase_url = \"${BASE}\"\nagents = [\n  \"a\", # one\n  'b']\n[profiles]\nhome.key = \"env:K\"\n[profiles.empty]\n"+
		"[profiles.dotted]\nkey = \"\"\n"), known)
	if err != nil {
		t.Fatal(err)
	}
	if want := (configfile.Table{
		"read_only":   {Text: "true", Line: 1},
		"call_budget": {Text: "2m", Line: 2},
		"log_file":    {Text: filepath.Join(dir, "logs", "x"), Line: 3},
		"files_dirs":  {List: []string{filepath.Join(home, "papers"), "/abs"}, Line: 4},
	}); !reflect.DeepEqual(file.Table, want) {
		t.Errorf("got %+v", file.Table)
	}
	if want := (configfile.Table{"agents": {List: []string{"a", "b"}, Line: 7}}); !reflect.DeepEqual(file.Profiles["work"].Table, want) {
		t.Errorf("got %+v", file.Profiles["work"])
	}
	if got := strings.Join(file.ProfileNames(), " "); got != "dotted empty home work" {
		t.Errorf("got the profiles %s", got)
	}
	if got := file.Profiles["home"].Table["key"]; got.Text != "env:K" || got.Line != 11 {
		t.Errorf("got %+v", got)
	}
}

func TestFaults(t *testing.T) {
	for text, want := range map[string]string{
		"agentz = [\"s3cret\"]":                "c.toml:1: there is no setting agentz; did you mean agents?",
		"\n\nread-only = true":                 "c.toml:3: there is no setting read-only; did you mean read_only?",
		"s3cret1234567 = 1":                    "c.toml:1: there is no setting s3cret1234567",
		"read_only = \"s3cret\"":               "c.toml:1: read_only is true or false, without quotes",
		"agents = \"s3cret\"":                  `c.toml:1: agents is a list of texts, such as ["one", "two"]`,
		"agents = [1]":                         "c.toml:1: agents is a list of texts",
		"call_budget = 50":                     "c.toml:1: call_budget is a time in quotes",
		"call_budget = \"s3cret\"":             "c.toml:1: call_budget is a time in quotes",
		"key = 1":                              "c.toml:1: key is a text in quotes",
		"base_url = {s3cret = 1}":              "c.toml:1: base_url is a text in quotes\nc.toml:1: base_url is no table that is known here",
		"[profile.work]":                       "c.toml:1: profile is no table that is known here; did you mean profiles?",
		"[profiles]\nkey = \"s3cret\"":         "c.toml:2: key is a setting outside of a profile",
		"[profiles.a.b]":                       "c.toml:1: a profile holds settings and no tables",
		"[[profiles]]":                         "c.toml:1: a profile holds settings and no tables",
		"[profiles.Work]":                      "c.toml:1: the name of a profile has 1 to 32 characters",
		"[profiles.work]\nagentz = 1":          "c.toml:2: there is no setting agentz; did you mean agents?",
		"key = s3cret":                         "c.toml:1: this is not TOML",
		"read_only = true\nread_only = true\n": "c.toml:2: this is not TOML: key read_only is already defined",
		"key = \"s3cret\n":                     "c.toml:1: this is not TOML",
	} {
		_, err := configfile.Parse("c.toml", []byte(text), known)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got %v; want %s", text, err, want)
		} else if strings.Contains(strings.TrimPrefix(err.Error(), want), "s3cret") {
			t.Errorf("%q: the error quotes a value: %v", text, err)
		}
	}
}

func TestSetInProfile(t *testing.T) {
	url, key := configfile.Setting{Name: "base_url", Text: "https://h/api/v2"}, configfile.Setting{Name: "key", Text: `file:C:\key`}
	const added = "base_url = 'https://h/api/v2'\nkey = 'file:C:\\key'\n"
	for name, test := range map[string]struct{ before, after string }{
		"an empty file":          {"", "[profiles.work]\n" + added},
		"a file without newline": {"read_only = true", "read_only = true\n\n[profiles.work]\n" + added},
		"a profile with others":  {"[profiles.work] # mine\nagents = [\"a\"] # one\n\n[profiles.x]\n", "[profiles.work] # mine\nagents = [\"a\"] # one\n" + added + "\n[profiles.x]\n"},
		"a head at the end":      {"[profiles.work]", "[profiles.work]\n" + added},
		"values that change": {"[profiles.work]\n# why\nbase_url=\"old\" # kept\nkey   =   'k'\n",
			"[profiles.work]\n# why\nbase_url='https://h/api/v2' # kept\nkey   =   'file:C:\\key'\n"},
		"CRLF and a mark":  {"\xef\xbb\xbf# x\r\n", "\xef\xbb\xbf# x\r\n\r\n[profiles.work]\r\n" + strings.ReplaceAll(added, "\n", "\r\n")},
		"an inline table":  {"profiles = {work = {base_url = \"\", key = \"k\"}}\n", "profiles = {work = {base_url = 'https://h/api/v2', key = 'file:C:\\key'}}\n"},
		"no newline after": {"[profiles.work]\nagents = []", "[profiles.work]\nagents = []\n" + added},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := configfile.SetInProfile([]byte(test.before), "work", url, key)
			if err != nil || string(got) != test.after {
				t.Fatalf("got %q, %v", got, err)
			}
			again, err := configfile.SetInProfile(got, "work", url, key)
			if err != nil || string(again) != string(got) {
				t.Errorf("the second time: %q, %v", again, err)
			}
			file, err := configfile.Parse("c.toml", got, known)
			if err != nil || file.Profiles["work"].Table["key"].Text != key.Text {
				t.Errorf("read again: %+v, %v", file, err)
			}
		})
	}
}

func TestTakingASettingOut(t *testing.T) {
	for before, want := range map[string]string{
		"[profiles.work]\nbase_url = 'u'\n  key = 'k' # old\nagents = []\n": "[profiles.work]\nbase_url = 'u'\nagents = []\n",
		"[profiles.work]\nkey = 'k'":                                        "[profiles.work]\n",
		"profiles = {work = {key = 'k'}}\n":                                 "profiles = {work = {key = ''}}\n",
		"[profiles.work]\n":                                                 "[profiles.work]\n",
	} {
		if got, err := configfile.SetInProfile([]byte(before), "work", configfile.Setting{Name: "key"}); err != nil || string(got) != want {
			t.Errorf("%q: got %q, %v", before, got, err)
		}
	}
}

func TestWhatCannotBeChanged(t *testing.T) {
	for text, want := range map[string]string{
		"[profiles":                    "this is not TOML",
		"profiles.work.agents = []\n":  "beginning with [profiles.work]",
		"profiles = {work = {a = 1}}":  "beginning with [profiles.work]",
		"[profiles]\nwork.agents = []": "beginning with [profiles.work]",
	} {
		if got, err := configfile.SetInProfile([]byte(text), "work", configfile.Setting{Name: "key", Text: "k"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %q, %v", text, got, err)
		}
	}
	if _, err := configfile.SetInProfile(nil, "../x", configfile.Setting{Name: "key", Text: "k"}); err == nil {
		t.Error("a profile with the name of a path was begun")
	}
}
