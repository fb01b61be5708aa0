package cli

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func write(t *testing.T, l *logFile, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if n, err := l.Write([]byte(line + "\n")); err != nil || n != len(line)+1 {
			t.Fatalf("wrote %d: %v", n, err)
		}
	}
}

func TestALogFileBeginsAnewWhenItIsFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l, err := openLogFile(path, 10)
	if err != nil {
		t.Fatal(err)
	}
	write(t, l, "one", "two", "three", "a line that is longer", "five", "six", "seven", "eight", "nine")
	l.close()
	if _, err := l.Write([]byte("late\n")); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
	for suffix, want := range map[string]string{"": "nine\n", ".1": "eight\n", ".2": "seven\n", ".3": "five\nsix\n"} {
		if got := read(t, path+suffix); got != want {
			t.Errorf("log%s has %q, want %q", suffix, got, want)
		}
	}
	if _, err := os.Stat(path + ".4"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a fourth: %v", err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
}

// TestALogThatNobodyReads has a pipe that is full, and drains it then.
func TestALogThatNobodyReads(t *testing.T) {
	stderr, pipe, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	out, closeLog := neverBlocking(pipe)
	log := zerolog.New(out)
	const lines = 20_000
	for i := range lines {
		log.Info().Int("line", i).Str("long", strings.Repeat("x", 100)).Send()
	}
	said := bufio.NewScanner(stderr)
	dropped, seen := 0, 0
	for dropped == 0 && said.Scan() {
		if _, found := bytes.CutPrefix(said.Bytes(), []byte(`{"level":"warn"`)); !found {
			seen++
			continue
		}
		if _, err := fmt.Sscanf(string(said.Bytes()[bytes.Index(said.Bytes(), []byte(`"dropped":`)):]), `"dropped":%d`, &dropped); err != nil {
			t.Fatalf("got %s: %v", said.Bytes(), err)
		}
	}
	for seen+dropped < lines && said.Scan() {
		seen++
	}
	if seen+dropped != lines {
		t.Errorf("%d lines were seen and %d dropped, want %d", seen, dropped, lines)
	}
	closeLog()
	_ = pipe.Close()
}

// TestTheEndDoesNotWaitForStderr has it take nothing at all.
func TestTheEndDoesNotWaitForStderr(t *testing.T) {
	reader, stderr := io.Pipe()
	if got := exitStatus(errors.New("failed"), "x", stderr); got != exitFailure {
		t.Errorf("got %d", got)
	}
	_ = reader.Close() // lets the writer go
}
