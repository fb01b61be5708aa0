package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// checkReproducible builds one platform from the sources and from a copy of them
// elsewhere, compares what came out, and holds it against what others demand.
func checkReproducible(ctx context.Context, source string, r release) error {
	work, err := os.MkdirTemp("", "dist-check-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	elsewhere := filepath.Join(work, "source")
	if err := copySources(ctx, source, elsewhere); err != nil {
		return err
	}
	first, second := filepath.Join(work, "first"), filepath.Join(work, "second", "deeper")
	if err := r.write(ctx, source, first, []target{checked()}); err != nil {
		return err
	}
	if err := r.write(ctx, elsewhere, second, []target{checked()}); err != nil {
		return err
	}
	if err := same(first, second); err != nil {
		return err
	}
	fmt.Println("two builds are equal, to the byte")
	if err := r.reports(ctx, first); err != nil {
		return err
	}
	if err := r.verifyManifests(ctx, source); err != nil {
		return err
	}
	return verify(ctx, source, first)
}

// copySources copies the files that git has or would have.
func copySources(ctx context.Context, from, to string) error {
	listed, err := git(ctx, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		return fmt.Errorf("git cannot list the sources: %w", err)
	}
	for path := range strings.SplitSeq(strings.TrimRight(listed, "\x00"), "\x00") {
		info, err := os.Stat(filepath.Join(from, path))
		if errors.Is(err, os.ErrNotExist) {
			continue // deleted, but not yet for git
		}
		if err != nil {
			return err
		}
		content, err := os.ReadFile(filepath.Join(from, path))
		if err != nil {
			return err
		}
		if err := write(filepath.Join(to, path), content, info.Mode().Perm()); err != nil {
			return err
		}
	}
	return nil
}

// same tells the files in which two releases differ. Their sums stand for all files.
func same(first, second string) error {
	a, err := os.ReadFile(filepath.Join(first, sumsFile))
	if err != nil {
		return err
	}
	b, err := os.ReadFile(filepath.Join(second, sumsFile))
	if err != nil {
		return err
	}
	lines := map[string]int{} // in how many of the two
	for line := range strings.Lines(string(a) + string(b)) {
		lines[line]++
	}
	var differing []string
	for line, times := range lines {
		if times != 2 {
			_, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
			differing = append(differing, name)
		}
	}
	if len(differing) == 0 {
		return nil
	}
	slices.Sort(differing)
	return fmt.Errorf("two builds differ in %s", strings.Join(slices.Compact(differing), ", "))
}

// reports tells whether the commands that were built for this machine know their
// version.
func (r *release) reports(ctx context.Context, out string) error {
	t := checked()
	if t.os != runtime.GOOS {
		return nil
	}
	for _, command := range commands {
		output, err := exec.CommandContext(ctx, filepath.Join(out, "bin", t.name(), t.executable(command)), "--version").CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s --version: %w: %s", command, err, output)
		}
		if !strings.Contains(string(output), r.Version) {
			return fmt.Errorf("%s says it is %q, not %s", command, output, r.Version)
		}
	}
	return nil
}
