package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"time"
)

// earliestZip is 1980, the first year that a zip file can tell.
const earliestZip = 315532800

// entry is a file in a package. Packages have the entries in the order given.
type entry struct {
	name    string
	mode    os.FileMode
	content []byte
}

// archive packs the commands for those who put them on their path.
func (r *release) archive(source, out string, t target) (file, error) {
	top := r.archiveDir(t)
	var entries []entry
	for _, name := range []string{"LICENSE", "README.md"} {
		content, err := os.ReadFile(filepath.Join(source, name))
		if err != nil {
			return file{}, err
		}
		entries = append(entries, entry{top + "/" + name, 0o644, content})
	}
	for _, command := range commands {
		content, err := os.ReadFile(filepath.Join(out, "bin", t.name(), t.executable(command)))
		if err != nil {
			return file{}, err
		}
		entries = append(entries, entry{top + "/" + t.executable(command), 0o755, content})
	}
	name, packer := top+".tar.gz", tarred
	if t.os == "windows" {
		name, packer = top+".zip", zipped
	}
	return r.writePackage(out, name, packer, entries)
}

// archiveDir is the directory that an archive unpacks into.
func (r *release) archiveDir(t target) string {
	return product + "-" + r.number() + "-" + t.name()
}

func (r *release) writePackage(out, name string, packer func([]entry, time.Time) ([]byte, error), entries []entry) (file, error) {
	content, err := packer(entries, r.Time)
	if err != nil {
		return file{}, err
	}
	sum := sha256.Sum256(content)
	return file{name, hex.EncodeToString(sum[:])}, write(filepath.Join(out, name), content, 0o644)
}

func tarred(entries []entry, modified time.Time) ([]byte, error) {
	var packed bytes.Buffer
	compressed := gzip.NewWriter(&packed)
	archive := tar.NewWriter(compressed)
	for _, e := range entries {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: e.name, Mode: int64(e.mode), Size: int64(len(e.content)), ModTime: modified, Format: tar.FormatUSTAR}
		if err := archive.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := archive.Write(e.content); err != nil {
			return nil, err
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	err := compressed.Close()
	return packed.Bytes(), err
}

func zipped(entries []entry, modified time.Time) ([]byte, error) {
	var packed bytes.Buffer
	archive := zip.NewWriter(&packed)
	for _, e := range entries {
		header := &zip.FileHeader{Name: e.name, Method: zip.Deflate, Modified: modified}
		header.SetMode(e.mode)
		part, err := archive.CreateHeader(header)
		if err != nil {
			return nil, err
		}
		if _, err := part.Write(e.content); err != nil {
			return nil, err
		}
	}
	err := archive.Close()
	return packed.Bytes(), err
}

// write makes a file and the directories above it. The mode is what it says,
// whatever the umask.
func write(path string, content []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, content, mode); err != nil {
		return err
	}
	return os.Chmod(path, mode)
}

func writeJSON(path string, content any) error {
	text, err := indented(content)
	if err != nil {
		return err
	}
	return write(path, text, 0o644)
}

// indented is JSON for people to read.
func indented(content any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(content)
	return text.Bytes(), err
}
