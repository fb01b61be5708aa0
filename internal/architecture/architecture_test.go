package architecture

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "sema4mcp"

type goPackage struct {
	ImportPath string
	Doc        string
	Imports    []string // of the package itself, without its tests
	Deps       []string // of those, all the way down
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	output, err := exec.Command("go", "list", "-json=ImportPath,Doc,Imports,Deps", module+"/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	for decoder := json.NewDecoder(strings.NewReader(string(output))); ; {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) < 10 {
		t.Fatalf("go list found %d packages: the rules below would hold of nothing", len(all))
	}
	return all
}

// forbidden imports, direct or through others. A name that ends in / stands for
// all below it.
var forbidden = []struct{ from, to, why string }{
	{"restclient", "github.com/", "the client is for others to import: the standard library alone"},
	{"restclient", "golang.org/", "the client is for others to import: the standard library alone"},
	{"restclient", "sema4mcp/bridge", "the client knows nothing of MCP"},
	{"restclient", "sema4mcp/mcpserver", "the client knows nothing of MCP"},
	{"bridge", "sema4mcp/mcpserver", "imports point one way: cmd, mcpserver, bridge, restclient"},
	{"bridge", "sema4mcp/internal/localtenant", "the bridge talks to any tenant alike"},
	{"bridge", "sema4mcp/cmd", "commands are doorways"},
	{"bridge/run", "github.com/mark3labs/mcp-go", "a run is no matter of MCP: a command line could use it"},
	{"bridge/exchange", "sema4mcp/restclient", "an exchange carries any MCP server's requests"},
	{"bridge/stdio", "sema4mcp/restclient", "a transport carries any MCP server's requests"},
	{"mcpserver", "sema4mcp/bridge/stdio", "one transport does not need the other"},
	{"mcpserver", "sema4mcp/internal/localtenant", "the server talks to any tenant alike"},
	{"mcpserver", "sema4mcp/cmd", "commands are doorways"},
	{"internal/hosts", "sema4mcp/bridge", "hosts are told what to start, not how it works"},
	{"internal/localtenant", "sema4mcp/restclient", "client and tenant are two independent readings of one contract"},
	{"internal/localtenant", "sema4mcp/bridge", "the tenant knows nothing of what is made of it"},
	{"internal/localtenant", "sema4mcp/mcpserver", "the tenant knows nothing of what is made of it"},
}

func TestForbiddenImports(t *testing.T) {
	all := packages(t)
	for _, rule := range forbidden {
		applied := false
		for _, p := range all {
			if !within(p.ImportPath, module+"/"+rule.from) {
				continue
			}
			applied = true
			for _, dep := range p.Deps {
				if within(dep, rule.to) {
					t.Errorf("%s imports %s: %s", p.ImportPath, dep, rule.why)
				}
			}
		}
		if !applied {
			t.Errorf("no package is called %s: the rule against %s holds of nothing", rule.from, rule.to)
		}
	}
}

// within tells whether a path is the named package or one below it.
func within(path, name string) bool {
	rest, ok := strings.CutPrefix(path, strings.TrimSuffix(name, "/"))
	return ok && (rest == "" || rest[0] == '/')
}

// importers of packages that are for a few others only.
var importers = map[string][]string{
	"internal/contracttest": {"internal/testtenant"},
	"internal/localtenant":  {"cmd", "internal/contracttest", "internal/localtenant", "internal/testtenant"},
	"internal/testllm":      {}, // tests
	"internal/testpostgres": {}, // tests
	"internal/testtenant":   {}, // tests
}

func TestImportersOfPackagesForAFew(t *testing.T) {
	for _, p := range packages(t) {
		for name, allowed := range importers {
			for _, imported := range p.Imports {
				if within(imported, module+"/"+name) && !withinAny(p.ImportPath, allowed) {
					t.Errorf("%s imports %s, which only %v and tests may", p.ImportPath, imported, allowed)
				}
			}
		}
	}
}

func withinAny(path string, names []string) bool {
	for _, name := range names {
		if within(path, module+"/"+name) {
			return true
		}
	}
	return false
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for _, p := range packages(t) {
		if p.Doc == "" {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
	}
}
