package bridge

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// localFiles are the directories of this machine that tools may take files from
// and save files in. Nothing outside is reached: no "..", no symbolic link that
// leads out, no device.
type localFiles []string

// maxLocalFile bounds a file that is sent: the vendor takes no larger one.
const maxLocalFile = 100 << 20

// CheckFilesDirs makes the directories absolute. The error names the one that
// is none.
func CheckFilesDirs(dirs []string) ([]string, error) {
	checked := make([]string, len(dirs))
	for i, dir := range dirs {
		if strings.TrimSpace(dir) == "" { // a variable that a host did not fill in would open its directory
			return nil, errors.New("a directory for files has an empty name: leave it out, or name one")
		}
		absolute, err := filepath.Abs(dir)
		if err != nil {
			return nil, fmt.Errorf("%s is no directory that can be used: %w", dir, err)
		}
		switch info, err := os.Stat(absolute); {
		case err != nil:
			return nil, fmt.Errorf("%s is no directory that can be used: %w", dir, err)
		case !info.IsDir():
			return nil, fmt.Errorf("%s is not a directory", dir)
		}
		checked[i] = absolute
	}
	return checked, nil
}

// place is a name below one of the directories.
type place struct{ dir, name string }

func (p place) path() string { return filepath.Join(p.dir, p.name) }

// places are what a path may stand for: below each directory where it is
// relative, below the one that holds it where it is absolute.
func (l localFiles) places(path string) ([]place, error) {
	var found []place
	for _, dir := range l {
		if !filepath.IsAbs(path) {
			if filepath.IsLocal(path) {
				found = append(found, place{dir, filepath.Clean(path)})
			}
			continue
		}
		resolved, _ := filepath.EvalSymlinks(dir) // the path may be written either way
		for _, base := range []string{dir, resolved} {
			if name, err := filepath.Rel(base, path); base != "" && err == nil && filepath.IsLocal(name) {
				found = append(found, place{dir, name})
				break
			}
		}
	}
	if len(found) == 0 {
		return nil, l.refusal(path, "is outside the directories that may be used")
	}
	return found, nil
}

// find is the first file that a path stands for, checked to be one that may be
// sent.
func (l localFiles) find(path string) (place, fs.FileInfo, error) {
	places, err := l.places(path)
	if err != nil {
		return place{}, nil, err
	}
	for _, at := range places {
		file, info, err := at.open()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return place{}, nil, l.refusal(path, err.Error())
		}
		_ = file.Close()
		return at, info, nil
	}
	return place{}, nil, l.refusal(path, "does not exist")
}

// open opens a regular file. Its errors read on after the file's name.
func (p place) open() (*os.File, fs.FileInfo, error) {
	root, err := os.OpenRoot(p.dir)
	if err != nil {
		return nil, nil, err
	}
	defer root.Close()
	// Opening comes second: that of a device may do something.
	if err := regular(root.Stat(p.name)); err != nil {
		return nil, nil, err
	}
	return openRegular(root, p.name)
}

// openRegular opens a file without waiting: where it was a regular one a moment
// ago, a pipe that nobody writes to may be by now.
func openRegular(root *os.Root, name string) (*os.File, fs.FileInfo, error) {
	file, err := root.OpenFile(name, os.O_RDONLY|nonblocking, 0)
	if err != nil {
		return nil, nil, unopened(err)
	}
	info, err := file.Stat()
	if err = regular(info, err); err != nil {
		_ = file.Close()
		return nil, nil, err
	}
	return file, info, nil
}

func regular(info fs.FileInfo, err error) error {
	switch {
	case err != nil:
		return unopened(err)
	case info.IsDir():
		return errors.New("is a directory: name the files in it")
	case !info.Mode().IsRegular():
		return errors.New("is not a regular file")
	case info.Size() > maxLocalFile:
		return fmt.Errorf("has %d bytes, and %d are the most that can be sent", info.Size(), maxLocalFile)
	}
	return nil
}

// unopened says it without the name, which the caller knows.
func unopened(err error) error {
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("cannot be opened: %w", failed.Err)
	}
	return fmt.Errorf("cannot be opened: %w", err)
}

// save writes the content into a new file and returns its path and size. The
// file is there when it is whole; one that is there already is never touched.
func (l localFiles) save(path string, content io.Reader) (string, int64, error) {
	at, err := l.vacancy(path)
	if err != nil {
		return "", 0, err
	}
	root, err := os.OpenRoot(at.dir)
	if err != nil {
		return "", 0, err
	}
	defer root.Close()
	unfinished := filepath.Join(filepath.Dir(at.name), "."+rand.Text()[:8]+".part") // short, as the name may be as long as one may be
	size, err := write(root, unfinished, content)
	if err == nil {
		if err = claim(root, unfinished, at.name); errors.Is(err, fs.ErrExist) {
			err = l.taken(path)
		}
	}
	if err != nil {
		_ = root.Remove(unfinished)
		return "", 0, err
	}
	return at.path(), size, nil
}

// vacancy is where a new file may be made.
func (l localFiles) vacancy(path string) (place, error) {
	places, err := l.places(path)
	if err != nil {
		return place{}, err
	}
	at := places[0]
	root, err := os.OpenRoot(at.dir)
	if err != nil {
		return place{}, l.refusal(path, err.Error())
	}
	defer root.Close()
	if info, err := root.Stat(filepath.Dir(at.name)); err != nil || !info.IsDir() {
		return place{}, l.refusal(path, "cannot be made: its directory does not exist or may not be used")
	}
	if _, err := root.Lstat(at.name); err == nil {
		return place{}, l.taken(path)
	}
	return at, nil
}

func write(root *os.Root, name string, content io.Reader) (int64, error) {
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return 0, fmt.Errorf("the file %w", unopened(err))
	}
	size, err := io.Copy(file, content)
	return size, errors.Join(err, file.Close())
}

// claim gives the file its name. Renaming alone would replace what came to be
// there meanwhile; so the name is taken first.
func claim(root *os.Root, from, to string) error {
	taken, err := root.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_ = taken.Close()
	if err := root.Rename(from, to); err != nil {
		_ = root.Remove(to)
		return err
	}
	return nil
}

func (l localFiles) taken(path string) error {
	return &failure{what: fmt.Sprintf("The file %s is there already, and is never overwritten.", quoted(path)), next: "Choose another name for save_as."}
}

func (l localFiles) refusal(path, fault string) error {
	return &failure{what: fmt.Sprintf("The file %s %s.", quoted(path), strings.TrimSuffix(fault, ".")),
		next: "Files may lie in: " + strings.Join(l, ", ") + "."}
}
