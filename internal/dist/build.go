package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// build puts the commands into bin below out, and beside them what they are linked
// from.
func (r *release) build(ctx context.Context, source, out string, t target) error {
	for _, command := range commands {
		var slices []slice
		for _, arch := range t.archs {
			binary, err := r.compile(ctx, source, out, command, t, arch)
			if err != nil {
				return err
			}
			content, err := os.ReadFile(binary)
			if err != nil {
				return err
			}
			slices = append(slices, slice{arch, content})
			if err := r.sbom(ctx, source, binary, filepath.Join(out, "sbom", command+"-"+t.os+"-"+arch+".cdx.json")); err != nil {
				return err
			}
		}
		if len(slices) == 1 {
			continue
		}
		universal, err := joined(slices)
		if err != nil {
			return err
		}
		if err := write(filepath.Join(out, "bin", t.name(), t.executable(command)), universal, 0o755); err != nil {
			return err
		}
		for _, arch := range t.archs {
			if err := os.RemoveAll(filepath.Join(out, "bin", t.os+"-"+arch)); err != nil {
				return err
			}
		}
	}
	return nil
}

// compile links one command for one processor and returns where it is.
func (r *release) compile(ctx context.Context, source, out, command string, t target, arch string) (string, error) {
	binary := filepath.Join(out, "bin", t.os+"-"+arch, t.executable(command))
	// The build id is what a Mach-O UUID is made of, which macOS tells programs apart
	// by; Go's own would do, but is not promised to be the same on every machine.
	id := fmt.Sprintf("%s@%s/%s-%s", command, r.Version, t.os, arch)
	err := goTool(ctx, source, []string{"CGO_ENABLED=0", "GOOS=" + t.os, "GOARCH=" + arch},
		"build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -buildid="+id+" -X "+module+"/cmd/internal/cli.version="+r.Version,
		"-o", binary, "./cmd/"+command)
	return binary, err
}

// settings that would change the bytes, or which directory a tool works on, are not
// taken from whoever builds.
var neutral = []string{"GOFLAGS=", "GOEXPERIMENT=", "GOAMD64=v1", "GOARM64=v8.0", "GOWORK=off", "GOFIPS140=off"}

func goTool(ctx context.Context, dir string, env []string, args ...string) error {
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = dir
	command.Env = append(append(os.Environ(), neutral...), env...)
	return ran(command)
}

// ran runs a command and returns what it said if it fails.
func ran(command *exec.Cmd) error {
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	if err := command.Run(); err != nil {
		return fmt.Errorf("%s: %w\n%s", command, err, bytes.TrimSpace(said.Bytes()))
	}
	return nil
}
