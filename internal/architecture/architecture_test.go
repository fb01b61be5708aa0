package architecture

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "sema4mcp"

type goPackage struct {
	ImportPath string
	Dir        string
	Doc        string
	GoFiles    []string // without its tests
	Imports    []string // of the package itself, without its tests
	Deps       []string // of those, all the way down
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	output, err := exec.Command("go", "list", "-json=ImportPath,Dir,Doc,GoFiles,Imports,Deps", module+"/...").Output()
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
	{"bridge/mcpcore", "sema4mcp/restclient", "what mcp-go lacks, it lacks for any MCP server"},
	{"bridge/stdio", "sema4mcp/restclient", "a transport carries any MCP server's requests"},
	{"mcpserver", "sema4mcp/bridge/stdio", "one transport does not need the other"},
	{"mcpserver/oauth", "sema4mcp/bridge", "who may come in is no matter of what there is"},
	{"mcpserver/oauth", "github.com/mark3labs/mcp-go", "whose tokens count is no matter of MCP"},
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
	"internal/fixtureagent": {}, // tests
	"internal/localtenant":  {"cmd", "internal/contracttest", "internal/localtenant", "internal/testtenant"},
	"internal/testissuer":   {}, // tests
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

// onlyIn is what of a library is for one package, and why.
var onlyIn = []struct{ library, name, in, why string }{
	{"github.com/mark3labs/mcp-go/server", "SetTools", "bridge/mcpcore", "mcp-go panics over some tools, and lists none because of others: use mcpcore.SetTools"},
	{"github.com/mark3labs/mcp-go/server", "AddTools", "bridge/mcpcore", "mcp-go panics over some tools, and lists none because of others: use mcpcore.SetTools"},
	{"github.com/mark3labs/mcp-go/server", "AddTool", "bridge/mcpcore", "mcp-go panics over some tools, and lists none because of others: use mcpcore.SetTools"},
	{"github.com/mark3labs/mcp-go/server", "HandleMessage", "bridge/exchange", "what mcp-go does to ids, sessions, notifications and panics is mended for what exchange.Carry carries"},
	{"github.com/mark3labs/mcp-go/server", "WithInputSchemaValidation", "", "no JSON Schema is linked, see internal/jsonschema: it would check nothing"},
	{"github.com/mark3labs/mcp-go/server", "WithStrictInputSchemaDefault", "", "no JSON Schema is linked, see internal/jsonschema: it would check nothing"},
	{"github.com/mark3labs/mcp-go/server", "WithOutputSchemaValidation", "", "no JSON Schema is linked, see internal/jsonschema: it would check nothing"},
	{"github.com/mark3labs/mcp-go/server", "NewStreamableHTTPServer", "", "it loses notifications, and lets one client cancel the call of another"},
	{"github.com/mark3labs/mcp-go/server", "NewStdioServer", "", "it writes a result before the last notifications of its call"},
	{"github.com/mark3labs/mcp-go/server", "ServeStdio", "", "it writes a result before the last notifications of its call"},
}

func TestWhatOfALibraryIsForOnePackage(t *testing.T) {
	for _, p := range packages(t) {
		if p.ImportPath == module+"/internal/fixtureagent" {
			continue // its tools are its own, and come and go while it is served
		}
		for _, rule := range onlyIn {
			if !slices.Contains(p.Imports, rule.library) || rule.in != "" && within(p.ImportPath, module+"/"+rule.in) {
				continue
			}
			for _, place := range uses(t, p, rule.name) {
				t.Errorf("%s uses %s: %s", place, rule.name, rule.why)
			}
		}
	}
}

// uses are the places where a package selects the name from anything but
// a package of ours.
func uses(t *testing.T, p goPackage, name string) (places []string) {
	t.Helper()
	files := token.NewFileSet()
	for _, file := range p.GoFiles {
		parsed, err := parser.ParseFile(files, filepath.Join(p.Dir, file), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(node ast.Node) bool {
			selected, ok := node.(*ast.SelectorExpr)
			if !ok || selected.Sel.Name != name {
				return true
			}
			if from, named := selected.X.(*ast.Ident); !named || from.Name != "mcpcore" {
				places = append(places, files.Position(selected.Pos()).String())
			}
			return true
		})
	}
	return places
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for _, p := range packages(t) {
		if p.Doc == "" {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
	}
}
