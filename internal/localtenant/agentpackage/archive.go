package agentpackage

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"strings"
)

// Bounds of a package, in bytes but for maxEntries and maxRatio.
const (
	maxEntries   = 2000
	maxDirectory = 1 << 20
	maxText      = 4 << 20 // a specification, runbook or model
	maxTexts     = 32 << 20
	maxFile      = 100 << 20
	maxUnpacked  = 1 << 30
	maxRatio     = 200 // unpacked to packed, beyond freeRatio
	freeRatio    = 16 << 20
)

// archive is a zip whose entries have been checked.
type archive struct {
	entries map[string]*zip.File
	texts   int64 // bytes that may still be read into memory
}

func openArchive(r io.ReaderAt, size int64) (*archive, error) {
	if err := checkDirectory(r, size); err != nil {
		return nil, err
	}
	reader, err := zip.NewReader(r, size)
	if err != nil {
		return nil, ErrDamaged
	}
	a := &archive{entries: make(map[string]*zip.File, len(reader.File)), texts: maxTexts}
	var unpacked uint64
	for _, entry := range reader.File {
		if err := a.add(entry); err != nil {
			return nil, err
		}
		unpacked += min(entry.UncompressedSize64, maxUnpacked+1)
	}
	switch {
	case unpacked > maxUnpacked:
		return nil, &InvalidError{"package", fmt.Sprintf("would unpack to more than %d bytes", maxUnpacked)}
	case unpacked > freeRatio && unpacked > uint64(size)*maxRatio:
		return nil, &InvalidError{"package", "unpacks to far more than it holds"}
	}
	return a, nil
}

// checkDirectory bounds the list of entries, which archive/zip reads into memory
// whole, however many there are and whatever their number is said to be.
func checkDirectory(r io.ReaderAt, size int64) error {
	const length, maxComment = 22, 1<<16 - 1
	tail := make([]byte, min(size, length+maxComment))
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err != nil && err != io.EOF {
		return fmt.Errorf("read package: %w", err)
	}
	if len(tail) < length {
		return ErrDamaged
	}
	at := bytes.LastIndex(tail[:len(tail)-length+4], []byte("PK\x05\x06"))
	if at < 0 {
		return ErrDamaged
	}
	end := size - int64(len(tail)) + int64(at)
	entries := binary.LittleEndian.Uint16(tail[at+10:])
	length32 := int64(binary.LittleEndian.Uint32(tail[at+12:]))
	offset := int64(binary.LittleEndian.Uint32(tail[at+16:]))
	switch {
	case entries > maxEntries || length32 > maxDirectory || end-offset > maxDirectory:
		return &InvalidError{"package", fmt.Sprintf("has more than %d entries", maxEntries)}
	case offset > end:
		return ErrDamaged
	}
	return nil
}

// add takes an entry if its name and kind are safe. Folders are passed over.
func (a *archive) add(entry *zip.File) error {
	name := strings.TrimSuffix(entry.Name, "/")
	if !fs.ValidPath(name) || strings.ContainsAny(name, "\\\x00") {
		return &InvalidError{fmt.Sprintf("%q", entry.Name), "is no path inside the package"}
	}
	mode := entry.Mode()
	switch {
	case mode.IsDir() || name != entry.Name:
		return nil
	case !mode.IsRegular():
		return &InvalidError{fmt.Sprintf("%q", entry.Name), "is a link or a device, which a package cannot hold"}
	case entry.Flags&1 != 0:
		return &InvalidError{fmt.Sprintf("%q", entry.Name), "is encrypted"}
	}
	if _, twice := a.entries[name]; twice {
		return &InvalidError{fmt.Sprintf("%q", entry.Name), "is there twice"}
	}
	a.entries[name] = entry
	return nil
}

// text reads an entry whole; limit is in bytes.
func (a *archive) text(name string) ([]byte, error) {
	entry, ok := a.entries[name]
	if !ok {
		return nil, &InvalidError{name, "is missing from the package"}
	}
	limit := min(maxText, a.texts)
	file, err := entry.Open()
	if err != nil {
		return nil, fmt.Errorf("%s %w", name, ErrDamaged)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return nil, fmt.Errorf("%s %w", name, ErrDamaged)
	}
	if int64(len(data)) > limit {
		return nil, &InvalidError{name, fmt.Sprintf("is larger than %d bytes", limit)}
	}
	a.texts -= int64(len(data))
	return data, nil
}

// file describes an entry that is read as it is needed.
func (a *archive) file(f fileSpec) (File, error) {
	name := agentFilesName + f.Ref
	entry, ok := a.entries[name]
	if !ok {
		return File{}, &InvalidError{name, "is missing from the package"}
	}
	if entry.UncompressedSize64 > maxFile {
		return File{}, &InvalidError{name, fmt.Sprintf("is larger than %d bytes", maxFile)}
	}
	size := int64(entry.UncompressedSize64)
	open := func() (io.ReadCloser, error) {
		file, err := entry.Open()
		if err != nil {
			return nil, fmt.Errorf("%s %w", name, ErrDamaged)
		}
		return &entryReader{file: file, name: name, left: size}, nil
	}
	return File{Ref: f.Ref, Name: f.Name, MIMEType: f.MIMEType, Size: size, Open: open}, nil
}

// entryReader reads an entry, and no more of it than its header says there is.
type entryReader struct {
	file io.ReadCloser
	name string
	left int64
}

func (e *entryReader) Read(p []byte) (int, error) {
	n, err := e.file.Read(p)
	e.left -= int64(n)
	if e.left < 0 || (err != nil && err != io.EOF) {
		return 0, fmt.Errorf("%s %w", e.name, ErrDamaged)
	}
	return n, err
}

func (e *entryReader) Close() error { return e.file.Close() }
