package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestEntryPointHasToBeAProgram(t *testing.T) {
	unpacked := t.TempDir()
	r := &release{Version: "v1.2.3"}
	linux := target{"linux", []string{"amd64"}}
	if err := runnable(unpacked); err == nil {
		t.Error("a bundle without a manifest can run")
	}
	if err := writeJSON(filepath.Join(unpacked, "manifest.json"), r.manifest(linux)); err != nil {
		t.Fatal(err)
	}
	if err := runnable(unpacked); err == nil || !strings.Contains(err.Error(), "entry point") {
		t.Errorf("without the program: %v", err)
	}
	program := filepath.Join(unpacked, "bin", bridge)
	if err := write(program, []byte("#!"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := runnable(unpacked); err == nil || !strings.Contains(err.Error(), "not executable") {
		t.Errorf("with a program that is none: %v", err)
	}
	if err := os.Chmod(program, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := runnable(unpacked); err != nil {
		t.Error(err)
	}
}

func TestDocumentIsHeldAgainstItsSchema(t *testing.T) {
	dir := t.TempDir()
	schema, document := filepath.Join(dir, "schema.json"), filepath.Join(dir, "document.json")
	for path, text := range map[string]string{
		schema:   `{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"websiteUrl":{"type":"string","format":"uri"}}}`,
		document: `{"websiteUrl":"https://sema4mcp.example"}`,
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := validateJSON(schema, document); err != nil {
		t.Error(err)
	}
	for _, text := range []string{`{"websiteUrl":"not a URL"}`, `{"websiteUrl":1}`, `{`} {
		if err := os.WriteFile(document, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := validateJSON(schema, document); err == nil {
			t.Errorf("%s is valid", text)
		}
	}
	for _, missing := range [][2]string{{schema, filepath.Join(dir, "none")}, {filepath.Join(dir, "none"), document}} {
		if err := validateJSON(missing[0], missing[1]); err == nil {
			t.Errorf("%v is valid", missing)
		}
	}
}
