package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// hostTranscripts are what hosts and bridge say to each other, a file for each
// host. A file has comments, then what the host makes of the process
//
//	inherit all [but PART...]  what it passes on of its own environment: all, all but
//	inherit NAME...            names with one of the parts, or these names
//	env NAME=VALUE             what its configuration sets; $TENANT and $KEY are the tenant's
//	args ARG...                the arguments
//	cwd DIR                    the working directory; home is the user's
//
// and then the lines of both, in order: -> to the bridge, <- from it. What differs
// from run to run stands there in angle brackets, see volatile.
//
//	within DURATION            how long the host waits for the next line
//	end WAY                    how it ends the bridge, see endings
const hostTranscripts = "../../testdata/hosts/*.txt"

// transcript is one of them.
type transcript struct {
	name     string
	file     string
	inherit  []string
	env      []string
	args     []string
	cwd      string
	steps    []step
	end      string
	original []string // the lines of the file
}

// step is one line that passes.
type step struct {
	out    bool // to the bridge
	line   string
	within time.Duration // for one from it; 0: no matter
	at     int           // its place in the file
}

func readTranscripts(t *testing.T) []*transcript {
	t.Helper()
	files, err := filepath.Glob(hostTranscripts)
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	var all []*transcript
	for _, file := range files {
		parsed, err := readTranscript(file)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, parsed)
	}
	return all
}

func readTranscript(file string) (*transcript, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	s := &transcript{name: strings.TrimSuffix(filepath.Base(file), ".txt"), file: file}
	var within time.Duration
	for lines := bufio.NewScanner(strings.NewReader(string(data))); lines.Scan(); {
		line := lines.Text()
		s.original = append(s.original, line)
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "", "#":
		case "inherit":
			s.inherit = strings.Fields(rest)
		case "env":
			s.env = append(s.env, rest)
		case "args":
			s.args = strings.Fields(rest)
		case "cwd":
			s.cwd = rest
		case "within":
			if within, err = time.ParseDuration(rest); err != nil {
				return nil, err
			}
		case "->", "<-":
			s.steps = append(s.steps, step{out: word == "->", line: rest, within: within, at: len(s.original) - 1})
			within = 0
		case "end":
			s.end = rest
		default:
			return nil, fmt.Errorf("line %d: %q is nothing that a transcript has", len(s.original), word)
		}
	}
	if len(s.steps) == 0 || s.end == "" || s.cwd == "" {
		return nil, fmt.Errorf("a transcript has lines, a directory and an end")
	}
	return s, nil
}

// opening is how far the host comes without needing to know the tenant.
func (s *transcript) opening() []step {
	listing := slices.IndexFunc(s.steps, func(each step) bool { return each.out && strings.Contains(each.line, `"method":"tools/`) })
	return s.steps[:listing]
}

// environment is the bridge's, of what the host itself has and of the settings.
func (s *transcript) environment(own map[string]string, settings *strings.Replacer) []string {
	var env []string
	for name, value := range own {
		if s.inherits(name) {
			env = append(env, name+"="+value)
		}
	}
	for _, setting := range s.env {
		env = append(env, settings.Replace(setting))
	}
	return env
}

func (s *transcript) inherits(name string) bool {
	if s.inherit[0] != "all" {
		return slices.Contains(s.inherit, name)
	}
	return !slices.ContainsFunc(s.inherit[1:], func(part string) bool { return part != "but" && strings.Contains(name, part) })
}

// rewrite puts what the bridge said into the file.
func (s *transcript) rewrite(said map[int]string) error {
	for at, line := range said {
		s.original[at] = "<- " + line
	}
	return os.WriteFile(s.file, []byte(strings.Join(s.original, "\n")+"\n"), 0o644)
}

// seeded is what the ids of the agents of every local tenant begin with.
const seeded = "5a1e0000-"

// volatile is what differs from run to run, and how it stands in a transcript.
var volatile = []struct {
	pattern *regexp.Regexp
	stands  string
}{
	{regexp.MustCompile(`"run_id":"run2_[A-Za-z0-9_-]{40,}"`), `"run_id":"<run id>"`},
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`), `<uuid>`},
	{regexp.MustCompile(`"name":"sema4","version":"[^"]+"`), `"name":"sema4","version":"<version>"`},
}

// stable is a line with what is volatile in it taken out. The tools have to be
// those of a snapshot, whose place they leave to its name.
func stable(t *testing.T, line string) string {
	t.Helper()
	var message struct {
		Result struct {
			Instructions json.RawMessage
			Tools        json.RawMessage
		}
	}
	if err := json.Unmarshal([]byte(line), &message); err != nil {
		t.Fatal(err)
	}
	if instructions := string(message.Result.Instructions); instructions != "" {
		if len(instructions) < 100 || len(instructions) > 2048 {
			t.Errorf("%d bytes of instructions", len(instructions))
		}
		line = strings.Replace(line, instructions, `"<instructions>"`, 1)
	}
	if tools := string(message.Result.Tools); tools != "" {
		checkTools(t, tools)
		line = strings.Replace(line, tools, `"<testdata/tools/tenant.json>"`, 1)
	}
	for _, each := range volatile {
		line = each.pattern.ReplaceAllStringFunc(line, func(found string) string {
			if strings.HasPrefix(found, seeded) {
				return found
			}
			return each.stands
		})
	}
	return line
}

// checkTools holds a list of tools against the snapshot. Some versions of the
// protocol have more to say of a tool.
func checkTools(t *testing.T, listed string) {
	t.Helper()
	data, err := os.ReadFile("../../testdata/tools/tenant.json")
	if err != nil {
		t.Fatal(err)
	}
	var snapshot struct {
		Result struct{ Tools []map[string]any }
	}
	var tools []map[string]any
	if err := cmp.Or(json.Unmarshal(data, &snapshot), json.Unmarshal([]byte(listed), &tools)); err != nil {
		t.Fatal(err)
	}
	want := snapshot.Result.Tools
	if len(tools) != len(want) {
		t.Fatalf("%d tools, want %d", len(tools), len(want))
	}
	for i, tool := range tools {
		for member, value := range want[i] {
			if got, wanted := fmt.Sprint(tool[member]), fmt.Sprint(value); got != wanted {
				t.Errorf("tool %d has for %s %s, want %s", i+1, member, got, wanted)
			}
		}
	}
}
