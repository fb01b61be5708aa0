package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// packed makes packages of stand-ins for the commands, for all targets.
func packed(t *testing.T) (*release, string) {
	t.Helper()
	r := &release{
		Version: "v1.2.3", Time: time.Unix(1700000000, 0).UTC(), Homepage: placeholderHomepage,
		Downloads: placeholderHomepage + "/files", Namespace: placeholderNamespace, Author: "a \"quoted\" name",
	}
	out := t.TempDir()
	for _, target := range targets {
		for _, command := range commands {
			binary := filepath.Join(out, "bin", target.name(), target.executable(command))
			if err := write(binary, []byte(command+" for "+target.name()), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := r.pack(filepath.Join("..", ".."), out, targets); err != nil {
		t.Fatal(err)
	}
	return r, out
}

func content(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func decoded[T any](t *testing.T, text string) (v T) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func sum(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }

func TestPackingTwiceGivesTheSameBytes(t *testing.T) {
	_, first := packed(t)
	_, second := packed(t)
	if err := same(first, second); err != nil {
		t.Error(err)
	}
}

func TestSumsAreOfEveryFile(t *testing.T) {
	_, out := packed(t)
	sums := content(t, out, sumsFile)
	files := 0
	err := filepath.WalkDir(out, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == sumsFile {
			return err
		}
		files++
		name, _ := filepath.Rel(out, path)
		if !strings.Contains(sums, sum(content(t, path))+"  "+filepath.ToSlash(name)+"\n") {
			t.Errorf("%s does not have the sum of %s", sumsFile, name)
		}
		return nil
	})
	if err != nil || files != strings.Count(sums, "\n") {
		t.Errorf("%d files, %d sums: %v", files, strings.Count(sums, "\n"), err)
	}
}

func TestArchivesHoldTheCommands(t *testing.T) {
	r, out := packed(t)
	for _, target := range targets {
		found := map[string]string{}
		top := r.archiveDir(target)
		see := func(name string, mode os.FileMode, modified time.Time, text io.Reader) {
			content, err := io.ReadAll(text)
			if err != nil {
				t.Fatal(err)
			}
			found[strings.TrimPrefix(name, top+"/")] = string(content)
			if !modified.Equal(r.Time) {
				t.Errorf("%s is of %s", name, modified)
			}
			if program := strings.Contains(name, "/sema4-"); program != (mode.Perm() == 0o755) {
				t.Errorf("%s has mode %o", name, mode)
			}
		}
		if target.os == "windows" {
			readZip(t, filepath.Join(out, top+".zip"), see)
		} else {
			readTar(t, filepath.Join(out, top+".tar.gz"), see)
		}
		for _, command := range commands {
			if found[target.executable(command)] != command+" for "+target.name() {
				t.Errorf("%s holds %q as %s", target.name(), found[target.executable(command)], command)
			}
		}
		if found["LICENSE"] == "" || found["README.md"] == "" || len(found) != 2+len(commands) {
			t.Errorf("%s holds %d files", target.name(), len(found))
		}
	}
}

func TestBundlesHoldTheBridge(t *testing.T) {
	r, out := packed(t)
	readme := content(t, "..", "..", "README.md")
	for _, target := range targets {
		found := map[string]string{}
		readZip(t, filepath.Join(out, bridge+"-1.2.3-"+target.name()+".mcpb"), func(name string, mode os.FileMode, _ time.Time, text io.Reader) {
			content, _ := io.ReadAll(text)
			found[name] = string(content)
			if strings.HasPrefix(name, "bin/") && mode.Perm() != 0o755 {
				t.Errorf("%s has mode %o", name, mode)
			}
		})
		m := decoded[manifest](t, found["manifest.json"])
		if found[m.Server.EntryPoint] != bridge+" for "+target.name() || found["LICENSE"] == "" {
			t.Errorf("the bundle for %s holds %q as %s", target.name(), found[m.Server.EntryPoint], m.Server.EntryPoint)
		}
		command := m.Server.MCPConfig.Command
		if override, ok := m.Server.MCPConfig.PlatformOverrides[target.nodeOS()]; ok {
			command = override.Command
		}
		if command != "${__dirname}/"+m.Server.EntryPoint {
			t.Errorf("the bundle for %s starts %s", target.name(), command)
		}
		if m.Version != "1.2.3" || m.Author.Name != r.Author || !slices.Equal(m.Compatibility.Platforms, []string{target.nodeOS()}) {
			t.Errorf("the bundle for %s is %+v", target.name(), m)
		}
		for name, value := range m.Server.MCPConfig.Env {
			option := m.UserConfig[strings.TrimSuffix(strings.TrimPrefix(value, "${user_config."), "}")]
			if option.Type == "" || !option.Required && option.Default == "" {
				t.Errorf("%s may arrive as the literal %s", name, value)
			}
			if option.Sensitive != (name == envAPIKey) {
				t.Errorf("%s is sensitive: %v", name, option.Sensitive)
			}
			if !strings.Contains(readme, name) {
				t.Errorf("the README does not explain %s", name)
			}
		}
	}
}

func TestRegistryEntryNamesTheBundles(t *testing.T) {
	_, out := packed(t)
	entry := decoded[registryEntry](t, content(t, out, "server.json"))
	if entry.Name != placeholderNamespace+"/"+bridge || len(entry.Packages) != len(targets) || len(entry.Description) > 100 {
		t.Errorf("the entry is %+v", entry)
	}
	for i, p := range entry.Packages {
		name, below := strings.CutPrefix(p.Identifier, placeholderHomepage+"/files/")
		if !below || !strings.Contains(name, targets[i].name()) || p.FileSHA256 != sum(content(t, out, name)) {
			t.Errorf("package %d is %s with the sum %s", i, p.Identifier, p.FileSHA256)
		}
		for _, v := range p.EnvironmentVariables {
			if v.IsSecret != (v.Name == envAPIKey) {
				t.Errorf("%s is secret: %v", v.Name, v.IsSecret)
			}
		}
	}
}

func TestFormulaAndScoopManifestNameTheArchives(t *testing.T) {
	_, out := packed(t)
	formula := content(t, out, "sema4-mcp.rb")
	scoop := decoded[scoopManifest](t, content(t, out, "sema4-mcp.json"))
	for _, name := range []string{"darwin-universal", "linux-amd64", "linux-arm64"} {
		archive := "sema4-mcp-1.2.3-" + name + ".tar.gz"
		if !strings.Contains(formula, `url "`+placeholderHomepage+"/files/"+archive+`"`) || !strings.Contains(formula, `sha256 "`+sum(content(t, out, archive))+`"`) {
			t.Errorf("the formula does not name %s:\n%s", archive, formula)
		}
	}
	for arch, name := range map[string]string{"64bit": "windows-amd64", "arm64": "windows-arm64"} {
		dir := "sema4-mcp-1.2.3-" + name
		want := scoopDownload{placeholderHomepage + "/files/" + dir + ".zip", sum(content(t, out, dir+".zip")), dir}
		if scoop.Architecture[arch] != want {
			t.Errorf("the Scoop manifest has %+v for %s", scoop.Architecture[arch], arch)
		}
	}
	if ends := strings.Count(formula, "\n    end\n") + strings.Count(formula, "\n  end\n") + strings.Count(formula, "\nend\n"); ends != strings.Count(formula, " do\n")+2 {
		t.Errorf("the formula has %d ends:\n%s", ends, formula)
	}
}

func TestQuotedIsNothingToRubyButText(t *testing.T) {
	if got := quoted(`a "b" \ #{c}`); got != `"a \"b\" \\ \#{c}"` {
		t.Error(got)
	}
}

func TestPackingNeedsTheCommands(t *testing.T) {
	r, out := packed(t)
	for _, command := range []string{bridge, server} {
		path := filepath.Join(out, "bin", "linux-arm64", command)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := r.pack(filepath.Join("..", ".."), out, targets); err == nil || !strings.Contains(err.Error(), command) {
			t.Errorf("packed without %s: %v", command, err)
		}
		if err := write(path, nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.pack(t.TempDir(), out, targets); err == nil || !strings.Contains(err.Error(), "LICENSE") {
		t.Errorf("packed without a licence: %v", err)
	}
}

func readZip(t *testing.T, path string, see func(string, os.FileMode, time.Time, io.Reader)) {
	t.Helper()
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	for _, f := range archive.File {
		text, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		see(f.Name, f.Mode(), f.Modified, text)
		_ = text.Close()
	}
}

func readTar(t *testing.T, path string, see func(string, os.FileMode, time.Time, io.Reader)) {
	t.Helper()
	packed, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	compressed, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	for archive := tar.NewReader(compressed); ; {
		header, err := archive.Next()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		see(header.Name, header.FileInfo().Mode(), header.ModTime, archive)
	}
}
