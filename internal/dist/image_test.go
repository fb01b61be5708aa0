package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestImageCopiesWhatIsThere(t *testing.T) {
	_, out := packed(t)
	top := filepath.Join("..", "..")
	context := content(t, top, ".dockerignore")
	copies := 0
	for line := range strings.Lines(content(t, top, "Dockerfile")) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] != "COPY" {
			continue
		}
		copies++
		source := words[len(words)-2]
		if kept := strings.ReplaceAll(source, "${TARGETARCH}", "*"); !strings.Contains(context, "!"+kept+"\n") {
			t.Errorf(".dockerignore keeps %s from the build", source)
		}
		for _, arch := range []string{"amd64", "arm64"} {
			path := strings.ReplaceAll(source, "${TARGETARCH}", arch)
			built, isBuilt := strings.CutPrefix(path, "dist/")
			if isBuilt {
				path = filepath.Join(out, built)
			} else {
				path = filepath.Join(top, path)
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s copies what is not there: %v", strings.TrimSpace(line), err)
			}
		}
	}
	if copies < 2 {
		t.Errorf("the Dockerfile copies %d files", copies)
	}
}
