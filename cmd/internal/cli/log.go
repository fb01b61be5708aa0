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
	var out io.Writer
	var closeLog func()
	if s.LogFile != "" {
		file, err := openLogFile(s.LogFile, maxLogFile)
		if err != nil {
			err = fmt.Errorf("the log file cannot be opened: %w", err)
			if s.origins["log_file"].Kind != FromFlag {
				err = &ConfigError{err}
			}
			return zerolog.Nop(), nil, err
		}
		out, closeLog = file, file.close
	} else {
		if file, ok := stderr.(*os.File); ok && isatty.IsTerminal(file.Fd()) {
			stderr = zerolog.ConsoleWriter{Out: stderr, TimeFormat: time.TimeOnly}
		}
		out, closeLog = neverBlocking(stderr)
	}
	return zerolog.New(out).Level(level).With().Timestamp().Logger(), closeLog, nil
}

// How much of the log waits for a reader of stderr, and for how long at the end.
const (
	waitingLines = 1000
	flushWithin  = 200 * time.Millisecond
)

// neverBlocking leaves stderr open for what comes after the log, and drops lines rather than wait for a host that does not read
// stderr: a log must not stop the work it tells of. A host that reads on is told how many.
func neverBlocking(stderr io.Writer) (io.Writer, func()) {
	told := zerolog.New(stderr).With().Timestamp().Logger()
	lines := diode.NewWriter(struct{ io.Writer }{stderr}, waitingLines, 0, func(dropped int) {
		told.Warn().Int("dropped", dropped).Msg("lines of the log are missing: nobody read them in time")
	})
	return lines, func() { withinFlush(func() { _ = lines.Close() }) }
}

// withinFlush leaves what writes to stderr behind when nobody reads that: the
// process is about to end.
func withinFlush(write func()) {
	written := make(chan struct{})
	go func() {
		defer close(written)
		write()
	}()
	select {
	case <-written:
	case <-time.After(flushWithin):
	}
}
