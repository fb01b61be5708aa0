package localtenant_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const root = "sema4mcp/internal/localtenant"

// mayImport says which packages of the module each package may depend on, besides
// itself. The tenant is an independent reading of the vendor's contract: what it
// shared with the client could be wrong on both sides at once.
var mayImport = map[string][]string{
	"":                {"/api", "/faults", "/minds", "/minds/echo", "/minds/scripted", "/minds/verified", "/runs", "/seed", "/sqlitedb", "/store", "/thread"},
	"/api":            {"/faults", "/minds", "/runs", "/sqlitedb", "/store", "/thread"},
	"/faults":         {},
	"/minds":          {"/thread"},
	"/minds/echo":     {"/minds", "/thread"},
	"/minds/scripted": {"/minds", "/thread"},
	"/minds/verified": {"/minds", "/thread"},
	"/runs":           {"/minds", "/sqlitedb", "/store", "/thread"},
	"/seed":           {"/minds", "/minds/echo", "/minds/scripted", "/minds/verified", "/sqlitedb", "/store", "/thread"},
	"/sqlitedb":       {},
	"/store":          {"/sqlitedb", "/thread"},
	"/thread":         {},
}

var libraries = []string{"modernc.org/", "github.com/google/uuid", "github.com/rs/zerolog", "golang.org/x/", "github.com/"}

func TestImports(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Deps " "}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		name := strings.TrimPrefix(fields[0], root)
		allowed, known := mayImport[name]
		if !known {
			t.Errorf("package %s is not in mayImport", fields[0])
		}
		seen++
		for _, dependency := range fields[1:] {
			if strings.HasPrefix(dependency, "sema4mcp/") && !slices.Contains(allowed, strings.TrimPrefix(dependency, root)) {
				t.Errorf("%s depends on %s", fields[0], dependency)
			}
			if strings.Contains(name, "minds") && dependency == "net/http" {
				t.Errorf("%s depends on net/http: minds know no HTTP", fields[0])
			}
		}
	}
	if seen != len(mayImport) {
		t.Errorf("%d packages, %d in mayImport", seen, len(mayImport))
	}
}
