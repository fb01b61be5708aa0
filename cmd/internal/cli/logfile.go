package cli

import (
	"errors"
	"fmt"
	"os"
	"sync"
)

// How much of a log is kept in files: one that is written to, and old ones called
// .1, the newest, to .3.
const (
	maxLogFile  = 10 << 20 // bytes
	oldLogFiles = 3
)

// logFile is a file that begins anew when it is full. Several processes may write to
// it: each goes on with the file that has the name.
type logFile struct {
	path string
	max  int64

	mu   sync.Mutex // guards file
	file *os.File   // nil when it is closed
}

func openLogFile(path string, limit int64) (*logFile, error) {
	l := &logFile{path: path, max: limit}
	return l, l.open()
}

func (l *logFile) open() error {
	file, err := os.OpenFile(l.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		l.file = file
	}
	return err
}

// Write implements [io.Writer]. A line is never in two files.
func (l *logFile) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return 0, os.ErrClosed
	}
	if err := l.turn(int64(len(line))); err != nil {
		return 0, err
	}
	return l.file.Write(line)
}

// turn makes file the one that the line goes to.
func (l *logFile) turn(more int64) error {
	written, err := l.file.Stat()
	if err != nil {
		return err
	}
	named, err := os.Stat(l.path)
	mine := err == nil && os.SameFile(written, named)
	if mine && (written.Size() == 0 || written.Size()+more <= l.max || !named.Mode().IsRegular()) {
		return nil
	}
	old := l.file
	if mine {
		_ = old.Close() // some systems rename no open file
		l.rotate()
	}
	if err := l.open(); err != nil {
		l.file = nil
		return errors.Join(err, old.Close())
	}
	if !mine {
		_ = old.Close() // nothing was written that it could lose
	}
	return nil
}

// rotate renames the files, as far as that can be done: a log that is too long is
// better than none.
func (l *logFile) rotate() {
	for i := oldLogFiles; i > 0; i-- {
		newer := l.path
		if i > 1 {
			newer = l.old(i - 1)
		}
		_ = os.Rename(newer, l.old(i))
	}
}

func (l *logFile) old(i int) string { return fmt.Sprintf("%s.%d", l.path, i) }

func (l *logFile) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file != nil {
		_ = l.file.Close()
		l.file = nil
	}
}
