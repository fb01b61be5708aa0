package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// sbomTool reads from a binary what it is linked from.
const sbomTool = "github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0"

// sbom writes the bill of materials of a binary. It has neither a serial number nor
// a time, and names no file of whoever made it.
func (r *release) sbom(ctx context.Context, source, binary, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	err := goTool(ctx, source, nil, "run", sbomTool,
		"bin", "-json", "-std", "-noserial", "-notimestamp", "-version", r.Version, "-output", to, binary)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(to)
	if err != nil {
		return err
	}
	var bill map[string]any
	if err := json.Unmarshal(text, &bill); err != nil {
		return fmt.Errorf("the bill of materials of %s: %w", filepath.Base(binary), err)
	}
	metadata, _ := bill["metadata"].(map[string]any)
	tools, _ := metadata["tools"].([]any)
	for _, tool := range tools {
		if t, ok := tool.(map[string]any); ok {
			delete(t, "hashes") // of the tool as this machine has compiled it
		}
	}
	return writeJSON(to, bill)
}
