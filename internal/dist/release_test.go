package main

import (
	"strings"
	"testing"
)

func TestReleaseIsCompletedAndChecked(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	good := release{Version: "1.2.3", Homepage: placeholderHomepage, Namespace: placeholderNamespace, Author: module}
	completed := good
	if err := completed.complete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if completed.Version != "v1.2.3" || completed.number() != "1.2.3" || completed.Time.Unix() != 1700000000 ||
		completed.Downloads != placeholderHomepage+"/releases/download/v1.2.3" {
		t.Errorf("completed to %+v", completed)
	}
	for named, change := range map[string]func(*release){
		"VERSION":   func(r *release) { r.Version = "1.2" },
		"HOMEPAGE":  func(r *release) { r.Homepage = "http://sema4mcp.example" },
		"DOWNLOADS": func(r *release) { r.Downloads = `https://sema4mcp.example/"` },
		"NAMESPACE": func(r *release) { r.Namespace = "sema4mcp" },
		"AUTHOR":    func(r *release) { r.Author = "" },
	} {
		bad := good
		change(&bad)
		if err := bad.complete(t.Context()); err == nil || !strings.Contains(err.Error(), named) {
			t.Errorf("with a bad %s: %v", named, err)
		}
	}
}

func TestVersionAndTimeAreThoseOfTheCommit(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "")
	r := release{Homepage: placeholderHomepage, Namespace: placeholderNamespace, Author: module}
	t.Chdir(repository(t))
	if err := r.complete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !semantic.MatchString(r.Version) || r.Time.Unix() != 1600000000 {
		t.Errorf("version %s of %s", r.Version, r.Time)
	}
	if _, err := git(t.Context(), "tag", "v3.2.1"); err != nil {
		t.Fatal(err)
	}
	if version := described(t.Context()); version != "v3.2.1" {
		t.Errorf("with a tag it is version %s", version)
	}
}

func TestTimeHasToBeOneThatAZipFileCanTell(t *testing.T) {
	for _, seconds := range []string{"yesterday", "0", "-1"} {
		t.Setenv("SOURCE_DATE_EPOCH", seconds)
		if _, err := timeOf(t.Context()); err == nil {
			t.Errorf("SOURCE_DATE_EPOCH=%s is accepted", seconds)
		}
	}
}

func TestSourcesWithoutGitNeedATime(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("GIT_CEILING_DIRECTORIES", "/")
	t.Setenv("SOURCE_DATE_EPOCH", "")
	if _, err := timeOf(t.Context()); err == nil || !strings.Contains(err.Error(), "set SOURCE_DATE_EPOCH") {
		t.Errorf("without git: %v", err)
	}
	if version := described(t.Context()); version != "v0.0.0-unknown" {
		t.Errorf("without git it is version %s", version)
	}
}
