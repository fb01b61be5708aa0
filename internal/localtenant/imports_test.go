package localtenant_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const (
	root            = "sema4mcp/internal/localtenant"
	contractPackage = "sema4mcp/testdata/contract"
	loopbackPackage = "sema4mcp/internal/loopback" // knows nothing of either side
)

// mayImport says which packages of the module each package may depend on, besides
// itself. The tenant is an independent reading of the vendor's contract: what it
// shared with the client could be wrong on both sides at once.
var mayImport = map[string][]string{
	"":                  {"/agentpackage", "/api", "/blobs", "/csvframe", "/datasource", "/faults", "/minds", "/minds/checks", "/minds/echo", "/minds/openaichat", "/minds/scripted", "/minds/verified", "/runs", "/schedule", "/sdm", "/seed", "/sqlitedb", "/store", "/thread", "/threadfiles", "/worker", "/yamljson", contractPackage, loopbackPackage},
	"/agentpackage":     {"/yamljson"},
	"/api":              {"/agentpackage", "/blobs", "/csvframe", "/datasource", "/faults", "/minds", "/runs", "/schedule", "/sdm", "/sqlitedb", "/store", "/thread", "/threadfiles", "/worker", "/yamljson", contractPackage, loopbackPackage},
	"/blobs":            {},
	"/csvframe":         {},
	"/datasource":       {},
	"/faults":           {},
	"/minds":            {"/thread"},
	"/minds/checks":     {"/minds", "/thread"},
	"/minds/echo":       {"/minds", "/thread"},
	"/minds/openaichat": {"/minds", "/thread"},
	"/minds/scripted":   {"/minds", "/thread"},
	"/minds/verified":   {"/minds", "/thread"},
	"/runs":             {"/blobs", "/minds", "/sqlitedb", "/store", "/thread"},
	"/schedule":         {},
	"/sdm":              {"/datasource", "/yamljson"},
	"/seed":             {"/minds", "/minds/checks", "/minds/echo", "/minds/scripted", "/minds/verified", "/sqlitedb", "/store", "/thread"},
	"/sqlitedb":         {},
	"/store":            {"/sqlitedb", "/thread"},
	"/thread":           {},
	"/threadfiles":      {"/blobs", "/csvframe", "/sqlitedb", "/store", "/thread"},
	"/yamljson":         {},
	"/worker":           {"/blobs", "/csvframe", "/minds", "/runs", "/sqlitedb", "/store", "/thread", "/threadfiles"},
}

// libraries are what the packages may import from outside the module.
var libraries = []string{
	"github.com/google/uuid", "github.com/jackc/pgx/v5", "github.com/robfig/cron/v3", "github.com/rs/zerolog",
	"go.yaml.in/yaml/v4", "golang.org/x/net/http/httpguts", "golang.org/x/text/", "modernc.org/sqlite",
}

// librariesOf are what single packages may import beside those. This mind is a
// client of others: of a language model over server-sent events, and of MCP
// servers. No other package speaks MCP, or to the network.
var librariesOf = map[string][]string{
	"/minds/openaichat": {"github.com/mark3labs/mcp-go/", "github.com/tmaxmax/go-sse"},
}

func TestImports(t *testing.T) {
	const format = `{{.ImportPath}}|{{join .Imports " "}}|{{join .Deps " "}}`
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", format, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		parts := strings.Split(strings.TrimSpace(line), "|")
		name := strings.TrimPrefix(parts[0], root)
		allowed, known := mayImport[name]
		if !known {
			t.Errorf("package %s is not in mayImport", parts[0])
		}
		seen++
		for _, imported := range strings.Fields(parts[1]) {
			if !isAllowedLibrary(imported, librariesOf[name]) {
				t.Errorf("%s imports %s", parts[0], imported)
			}
		}
		for _, dependency := range strings.Fields(parts[2]) {
			if strings.HasPrefix(dependency, "sema4mcp/") && !slices.Contains(allowed, strings.TrimPrefix(dependency, root)) {
				t.Errorf("%s depends on %s", parts[0], dependency)
			}
			if strings.HasPrefix(name, "/minds") && name != "/minds/openaichat" && dependency == "net/http" {
				t.Errorf("%s depends on net/http: minds know no HTTP, but the one that is a client", parts[0])
			}
			if strings.HasPrefix(name, "/minds") && dependency == "database/sql" {
				t.Errorf("%s depends on %s: minds know no databases", parts[0], dependency)
			}
		}
	}
	if seen != len(mayImport) {
		t.Errorf("%d packages, %d in mayImport", seen, len(mayImport))
	}
}

// isAllowedLibrary lets the standard library and the module itself pass.
func isAllowedLibrary(path string, more []string) bool {
	domain, _, _ := strings.Cut(path, "/")
	return !strings.Contains(domain, ".") || slices.ContainsFunc(slices.Concat(libraries, more), func(library string) bool {
		return strings.HasPrefix(path, library)
	})
}
