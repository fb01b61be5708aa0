package cli

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"
)

// Logger writes to the log file or to stderr: as JSON lines, or for people when
// stderr is a terminal. It never writes to stdout. The function closes it.
func (s *Settings) Logger(stderr io.Writer) (zerolog.Logger, func(), error) {
	level := zerolog.InfoLevel
	if s.LogLevel != "" {
		parsed, err := zerolog.ParseLevel(s.LogLevel)
		if err != nil || parsed == zerolog.NoLevel {
			return zerolog.Nop(), nil, &UsageError{fmt.Sprintf("--log-level is debug, info, warn or error, not %q", s.LogLevel)}
		}
		level = parsed
	}
	out, closeLog := stderr, func() {}
	if s.LogFile != "" {
		file, err := os.OpenFile(s.LogFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return zerolog.Nop(), nil, fmt.Errorf("the log file cannot be opened: %w", err)
		}
		out, closeLog = file, func() { _ = file.Close() }
	} else if file, ok := stderr.(*os.File); ok && isatty.IsTerminal(file.Fd()) {
		out = zerolog.ConsoleWriter{Out: stderr, TimeFormat: time.TimeOnly}
	}
	return zerolog.New(out).Level(level).With().Timestamp().Logger(), closeLog, nil
}
