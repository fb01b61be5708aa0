package endtoend_test

import (
	"archive/zip"
	"io"
	"strings"
	"testing"
)

// unzipped gives the contents of a package by the names of its entries.
func unzipped(t *testing.T, archive string) map[string]string {
	t.Helper()
	reader := try(zip.NewReader(strings.NewReader(archive), int64(len(archive)))).in(t)
	contents := map[string]string{}
	for _, entry := range reader.File {
		file := try(entry.Open()).in(t)
		contents[entry.Name] = string(try(io.ReadAll(file)).in(t))
		must(t, file.Close())
	}
	if len(contents) == 0 {
		t.Error("the package is empty")
	}
	return contents
}
