package cli

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"
	"github.com/rs/zerolog/diode"
)

// Logger writes to the log file or to stderr: as JSON lines, or for people when
// stderr is a terminal. It never writes to stdout. The function closes it.
func (s *Settings) Logger(stderr io.Writer) (zerolog.Logger, func(), error) {
	level, err := zerolog.ParseLevel(cmp.Or(s.LogLevel, "info"))
	if err != nil {
		return zerolog.Nop(), nil, err // checked by Complete
	}
	out, closeLog := neverBlocking(stderr)
	if s.LogFile != "" {
		file, err := os.OpenFile(s.LogFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			closeLog()
			err = fmt.Errorf("the log file cannot be opened: %w", err)
			if s.origins["log_file"].Kind != FromFlag {
				err = &ConfigError{err}
			}
			return zerolog.Nop(), nil, err
		}
		closeLog()
		out, closeLog = file, func() { _ = file.Close() }
	} else if file, ok := stderr.(*os.File); ok && isatty.IsTerminal(file.Fd()) {
		out = zerolog.ConsoleWriter{Out: out, TimeFormat: time.TimeOnly}
	}
	return zerolog.New(out).Level(level).With().Timestamp().Logger(), closeLog, nil
}

// How much of the log waits for a reader of stderr, and for how long at the end.
const (
	waitingLines = 1000
	flushWithin  = 200 * time.Millisecond
)

// neverBlocking leaves stderr open for what comes after the log, and drops lines rather than wait for a host that does not read
// stderr: a log must not stop the work it tells of.
func neverBlocking(stderr io.Writer) (io.Writer, func()) {
	lines := diode.NewWriter(struct{ io.Writer }{stderr}, waitingLines, 0, func(int) {})
	return lines, func() {
		flushed := make(chan struct{})
		go func() {
			defer close(flushed)
			_ = lines.Close()
		}()
		select {
		case <-flushed:
		case <-time.After(flushWithin):
		}
	}
}
