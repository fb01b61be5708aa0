package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	module  = "sema4mcp"
	product = "sema4-mcp" // in file names
	bridge  = "sema4-mcp-bridge"
	server  = "sema4-mcp-server"
	licence = "Apache-2.0"

	title       = "Sema4.ai agents"
	description = "Every agent of a Sema4.ai tenant as tools for any MCP host."

	// What stands for the publisher until one is named: a domain that nobody can have.
	placeholderHomepage  = "https://sema4mcp.example"
	placeholderNamespace = "example.sema4mcp"
)

var commands = []string{"sema4-local-tenant", bridge, server}

// release is what distinguishes one release from another.
type release struct {
	Version   string    // v1.2.3, or v1.2.3-4-gabcdef0 between releases
	Time      time.Time // of every file in it
	Homepage  string
	Downloads string // without a slash at its end
	Namespace string
	Author    string
}

var (
	semantic   = regexp.MustCompile(`^v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$`)
	reverseDNS = regexp.MustCompile(`^[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)+$`)
)

// complete fills in what no flag has set and checks it all.
func (r *release) complete(ctx context.Context) error {
	if r.Version == "" {
		r.Version = described(ctx)
	}
	r.Version = "v" + strings.TrimPrefix(r.Version, "v")
	if !semantic.MatchString(r.Version) {
		return fmt.Errorf("the version %q is not a semantic one: set VERSION to one such as v1.2.3", r.Version)
	}
	if r.Downloads == "" {
		r.Downloads = strings.TrimRight(r.Homepage, "/") + "/releases/download/" + r.Version
	}
	r.Downloads = strings.TrimRight(r.Downloads, "/")
	for _, address := range []string{r.Homepage, r.Downloads} {
		if parsed, err := url.Parse(address); err != nil || parsed.Scheme != "https" || parsed.Host == "" || strings.ContainsAny(address, "\"#\\ ") {
			return fmt.Errorf("%q is no https URL: correct HOMEPAGE or DOWNLOADS", address)
		}
	}
	if !reverseDNS.MatchString(r.Namespace) {
		return fmt.Errorf("the namespace %q is not a reverse-DNS name: set NAMESPACE to one such as %s", r.Namespace, placeholderNamespace)
	}
	if r.Author == "" {
		return fmt.Errorf("the author is missing: set AUTHOR to the publisher's name")
	}
	var err error
	r.Time, err = timeOf(ctx)
	return err
}

// number is the version as packages have it.
func (r *release) number() string { return strings.TrimPrefix(r.Version, "v") }

// described is the version that git knows; sources without one are version 0.
func described(ctx context.Context) string {
	if tagged, err := git(ctx, "describe", "--tags", "--dirty", "--match", "v[0-9]*"); err == nil {
		return tagged
	}
	if commit, err := git(ctx, "describe", "--always", "--dirty", "--exclude", "*", "--abbrev=12"); err == nil {
		return "v0.0.0-g" + commit
	}
	return "v0.0.0-unknown"
}

// timeOf is that of SOURCE_DATE_EPOCH or else of the commit, so that it is the same
// in every build.
func timeOf(ctx context.Context) (time.Time, error) {
	seconds := os.Getenv("SOURCE_DATE_EPOCH")
	if seconds == "" {
		var err error
		if seconds, err = git(ctx, "log", "-1", "--format=%ct"); err != nil {
			return time.Time{}, fmt.Errorf("git does not know the time of the commit (%w): set SOURCE_DATE_EPOCH to it, in seconds", err)
		}
	}
	epoch, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || epoch < earliestZip {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH %q is not a number of seconds since 1970, from 1980 on", seconds)
	}
	return time.Unix(epoch, 0).UTC(), nil
}

func git(ctx context.Context, args ...string) (string, error) {
	output, err := exec.CommandContext(ctx, "git", args...).Output()
	return strings.TrimSpace(string(output)), err
}

// write builds everything for the targets from the sources, into a directory of its
// own: what stood there is gone.
func (r *release) write(ctx context.Context, source, out string, targets []target) error {
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	for _, t := range targets {
		fmt.Println("building", t.name())
		if err := r.build(ctx, source, out, t); err != nil {
			return fmt.Errorf("building for %s: %w", t.name(), err)
		}
	}
	return r.pack(source, out, targets)
}

// pack makes packages of the binaries in out.
func (r *release) pack(source, out string, targets []target) error {
	made := packages{}
	for _, t := range targets {
		archive, err := r.archive(source, out, t)
		if err != nil {
			return err
		}
		bundle, err := r.bundle(source, out, t)
		if err != nil {
			return err
		}
		made[t.name()] = packaged{archive: archive, bundle: bundle}
	}
	for name, content := range map[string]any{"server.json": r.registryEntry(targets, made), "sema4-mcp.json": r.scoop(targets, made)} {
		if err := writeJSON(filepath.Join(out, name), content); err != nil {
			return err
		}
	}
	formula, err := r.formula(targets, made)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(out, "sema4-mcp.rb"), formula, 0o644); err != nil {
		return err
	}
	return writeSums(out)
}

// packages are what was made for each target, by its name.
type packages map[string]packaged

type packaged struct{ archive, bundle file }

// file is a file of the release.
type file struct{ name, sha256 string }
