package terminal

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"sema4mcp/bridge"
	"sema4mcp/cmd/internal/account"
	"sema4mcp/cmd/internal/cli"
	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/testtenant"
)

// newSession is one without a terminal.
func newSession(t *testing.T, agents ...localtenant.AgentSpec) (s *session, stdout, stderr *bytes.Buffer) {
	t.Helper()
	client := testtenant.Start(t, agents...).Client()
	tenant := bridge.NewTenant(client, bridge.Config{Logger: zerolog.Nop()})
	t.Cleanup(tenant.Close)
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	return &session{tenant: Tenant{tenant, client}, settings: new(cli.Settings), out: stdout,
		user: &account.Terminal{In: strings.NewReader(""), Out: stderr}, screen: newScreen(stdout, stderr)}, stdout, stderr
}

func TestWhereNobodyCanBeAskedAQuestionIsPrinted(t *testing.T) {
	s, stdout, stderr := newSession(t, testtenant.Scripted("Asker", "- ask: Which year, {{message}}?\n"))
	s.settings.Profile = "work"
	err := s.ask(t.Context(), map[string]any{"agent": "Asker", "message": "go", "thread_identifier": "t 1", "wait_seconds": 0})
	if !errors.Is(err, errNoAnswer) || strings.Contains(stdout.String(), "\x1b") {
		t.Errorf("got %v and %s", err, stdout)
	}
	if said := stderr.String(); !strings.Contains(said, "The agent asks: Which year, go?") || !strings.Contains(said, "--thread 't 1' 'YOUR REPLY' --profile work\n") {
		t.Errorf("said %s", said)
	}
}

func TestAnAgentThatFailsIsToldOf(t *testing.T) {
	for _, asJSON := range []bool{false, true} {
		s, stdout, stderr := newSession(t, testtenant.Scripted("Breaker", "- say: Half of it\n- fail: the database is away\n"))
		s.asJSON = asJSON
		err := s.ask(t.Context(), map[string]any{"agent": "Breaker", "message": "go", "thread_identifier": "t-1", "wait_seconds": 0})
		if !errors.Is(err, errNoAnswer) || !strings.Contains(stdout.String(), "Half of it") || !strings.Contains(stderr.String(), "the database is away") {
			t.Errorf("got %v, %s and %s", err, stdout, stderr)
		}
		if asJSON != strings.Contains(stdout.String(), `"failure": "The agent ran and failed: `) {
			t.Errorf("got %s", stdout)
		}
	}
}

func TestAnAnswerThatCannotBeWrittenIsAnError(t *testing.T) {
	s, _, _ := newSession(t, testtenant.Scripted("Talker", "- say: hello\n"))
	gone := errors.New("gone")
	s.screen = newScreen(brokenPipe{gone}, io.Discard)
	err := s.ask(t.Context(), map[string]any{"agent": "Talker", "message": "go", "thread_identifier": "t-1", "wait_seconds": 0})
	if !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
}

// brokenPipe fails.
type brokenPipe struct{ err error }

func (w brokenPipe) Write([]byte) (int, error) { return 0, w.err }

func TestAMessageIsReadFromTheStandardInput(t *testing.T) {
	command := &cobra.Command{Use: "ask"}
	for name, test := range map[string]struct {
		in    io.Reader
		words []string
		want  string
		fails string
	}{
		"words":          {strings.NewReader("not read"), []string{"a", "b"}, "a b", ""},
		"a dash":         {strings.NewReader("from stdin\n"), []string{"-"}, "from stdin\n", ""},
		"nothing":        {strings.NewReader("from stdin"), nil, "from stdin", ""},
		"empty":          {strings.NewReader(" \n"), nil, "", "the message is empty"},
		"too long":       {strings.NewReader(strings.Repeat("x", maxMessage+1)), nil, "", "longer than 1 MB"},
		"cannot be read": {iotest.ErrReader(errors.New("gone")), nil, "", "cannot be read: gone"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &session{user: &account.Terminal{In: test.in}}
			got, err := s.message(command, test.words)
			if got != test.want || (err == nil) != (test.fails == "") || err != nil && !strings.Contains(err.Error(), test.fails) {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestAnAnswerThatHasBecomeAnotherIsShownAnew(t *testing.T) {
	var out bytes.Buffer
	s := newScreen(&out, io.Discard)
	for _, answer := range []string{"", "one", "one two", "one", "one three"} {
		s.write(answer)
	}
	if err := s.finish(); err != nil || out.String() != "one two\n\none three\n" {
		t.Errorf("got %q, %v", &out, err)
	}
}
