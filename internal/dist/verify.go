package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// registryModule brings the schemas that the MCP registry itself validates with.
const (
	registryModule = "github.com/modelcontextprotocol/registry@v1.8.8"
	schemaFile     = "internal/validators/schemas/2025-12-11.json"
)

// verify holds what was built against what others demand of it: the bundles against
// the official tool, server.json against the registry's schema.
func verify(ctx context.Context, source, out string) error {
	tool, err := bundleTool(ctx, source)
	if err != nil {
		return err
	}
	bundles, err := filepath.Glob(filepath.Join(out, "*.mcpb"))
	if err != nil {
		return err
	}
	if len(bundles) == 0 {
		return errors.New("there is no bundle to validate")
	}
	for _, bundle := range bundles {
		if err := verifyBundle(ctx, tool, bundle); err != nil {
			return err
		}
	}
	fmt.Println("valid to mcpb:", len(bundles), "bundles")
	schema, err := registrySchemaFile(ctx, source)
	if err != nil {
		return err
	}
	if err := validateJSON(schema, filepath.Join(out, "server.json")); err != nil {
		return err
	}
	fmt.Println("valid to the registry's schema: server.json")
	return nil
}

// bundleTool installs what testdata/mcpb has locked and returns how to call it.
func bundleTool(ctx context.Context, source string) ([]string, error) {
	dir := filepath.Join(source, "testdata", "mcpb")
	lock, err := os.ReadFile(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		return nil, err
	}
	// npm's own record of an installation leaves out what was optional, so the lock
	// file that was installed is kept beside it.
	record := filepath.Join(dir, "node_modules", ".installed-lock.json")
	if installed, err := os.ReadFile(record); err != nil || !bytes.Equal(installed, lock) {
		npm := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--loglevel=error")
		npm.Dir = dir
		if err := ran(npm); err != nil {
			return nil, err
		}
		if err := os.WriteFile(record, lock, 0o644); err != nil {
			return nil, err
		}
	}
	return []string{"node", filepath.Join(dir, "node_modules", "@anthropic-ai", "mcpb", "dist", "cli", "cli.js")}, nil
}

// verifyBundle lets the tool unpack a bundle, as a host does, and validate what it
// finds.
func verifyBundle(ctx context.Context, tool []string, bundle string) error {
	unpacked, err := os.MkdirTemp("", "bundle-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(unpacked)
	for _, args := range [][]string{{"unpack", bundle, unpacked}, {"validate", filepath.Join(unpacked, "manifest.json")}} {
		if err := callTool(ctx, tool, args...); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(bundle), err)
		}
	}
	return runnable(unpacked)
}

// verifyManifests lets the tool validate the manifests of all targets, built or not.
func (r *release) verifyManifests(ctx context.Context, source string) error {
	tool, err := bundleTool(ctx, source)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "manifests-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for _, t := range targets {
		path := filepath.Join(dir, t.name(), "manifest.json")
		if err := writeJSON(path, r.manifest(t)); err != nil {
			return err
		}
		if err := callTool(ctx, tool, "validate", path); err != nil {
			return fmt.Errorf("the manifest for %s: %w", t.name(), err)
		}
	}
	return nil
}

func callTool(ctx context.Context, tool []string, args ...string) error {
	return ran(exec.CommandContext(ctx, tool[0], append(tool[1:len(tool):len(tool)], args...)...))
}

// runnable tells whether the program that a bundle's manifest names is in it.
func runnable(unpacked string) error {
	text, err := os.ReadFile(filepath.Join(unpacked, "manifest.json"))
	if err != nil {
		return err
	}
	var m manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return err
	}
	info, err := os.Stat(filepath.Join(unpacked, filepath.FromSlash(m.Server.EntryPoint)))
	if err != nil {
		return fmt.Errorf("the manifest's entry point: %w", err)
	}
	if info.Mode().Perm()&0o111 == 0 {
		return fmt.Errorf("the manifest's entry point %s is not executable", m.Server.EntryPoint)
	}
	return nil
}

func registrySchemaFile(ctx context.Context, source string) (string, error) {
	download := exec.CommandContext(ctx, "go", "mod", "download", "-json", registryModule)
	download.Dir = source
	output, err := download.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", download, err, output)
	}
	var fetched struct{ Dir string }
	if err := json.Unmarshal(output, &fetched); err != nil {
		return "", err
	}
	return filepath.Join(fetched.Dir, filepath.FromSlash(schemaFile)), nil
}

// validateJSON holds a file against a schema, formats included.
func validateJSON(schemaPath, path string) error {
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	schema, err := compiler.Compile(schemaPath)
	if err != nil {
		return err
	}
	text, err := os.Open(path)
	if err != nil {
		return err
	}
	defer text.Close()
	document, err := jsonschema.UnmarshalJSON(text)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := schema.Validate(document); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
