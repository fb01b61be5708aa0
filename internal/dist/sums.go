package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const sumsFile = "SHA256SUMS"

// writeSums lists the checksums of all other files below a directory, in the form that
// sha256sum --check reads.
func writeSums(out string) error {
	var lines bytes.Buffer
	tree := os.DirFS(out)
	err := fs.WalkDir(tree, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path == sumsFile {
			return err
		}
		content, err := fs.ReadFile(tree, path)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(&lines, "%x  %s\n", sha256.Sum256(content), path)
		return err
	})
	if err != nil {
		return err
	}
	return write(filepath.Join(out, sumsFile), lines.Bytes(), 0o644)
}
