// Package clitest adds to testscript what the tests of the commands need: a
// server that is waited for, and requests to it. Only tests import it.
package clitest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// Run runs the scripts of the package's testdata/script. They have, beside
// testscript's own:
//
//	start COMMAND [ARG...]     start a server and wait for its address, which is then $URL
//	shutdown [SIGNAL]          send it INT, or another signal, and wait for it to end well
//	post PATH FILE [KEY]       POST the file's JSON with a bearer key (default local-key); status and body are the output
//	get PATH [NAME=VALUE...] [KEY]
//	                           GET likewise, with these headers
//	host FILE COMMAND [ARG...] send the file's lines to a bridge, wait for all answers, close its input
//	hosted HOST FILE           the same with the command that the configuration of HOST in $HOME names
//	jsonlines FILE             every line of the file is JSON
func Run(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           filepath.Join("testdata", "script"),
		UpdateScripts: os.Getenv("UPDATE") != "",
		Setup: func(env *testscript.Env) error {
			env.Values[lastServer{}] = new(*server)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"start":     start,
			"shutdown":  shutdown,
			"post":      post,
			"get":       get,
			"host":      host,
			"hosted":    hosted,
			"jsonlines": jsonLines,
		},
	})
}

// server is a process that a script has started.
type server struct {
	process *exec.Cmd
	stderr  bytes.Buffer // to be read when drained is closed
	drained chan struct{}
}

// lastServer is the key of the one that was started last.
type lastServer struct{}

var address = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// startWithin bounds the wait for the address.
const startWithin = 20 * time.Second

func start(ts *testscript.TestScript, _ bool, args []string) {
	path, err := exec.LookPath(args[0])
	ts.Check(err)
	s := &server{process: exec.Command(path, args[1:]...), drained: make(chan struct{})}
	*ts.Value(lastServer{}).(**server) = s
	s.process.Dir = ts.Getenv("WORK")
	s.process.Env = append(os.Environ(), "HOME="+ts.Getenv("WORK"))
	stderr, err := s.process.StderrPipe()
	ts.Check(err)
	ts.Check(s.process.Start())
	ts.Defer(func() {
		_ = s.process.Process.Kill()
		_ = s.process.Wait()
	})
	found := make(chan string, 1)
	go s.drain(stderr, found)
	select {
	case url := <-found:
		ts.Setenv("URL", url)
	case <-s.drained:
		ts.Fatalf("%s ended: %s", args[0], &s.stderr)
	case <-time.After(startWithin):
		ts.Fatalf("%s names no address", args[0])
	}
}

// drain keeps what the process says, and passes the first address on.
func (s *server) drain(stderr io.Reader, found chan<- string) {
	defer close(s.drained)
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		s.stderr.WriteString(lines.Text() + "\n")
		if url := address.FindString(lines.Text()); url != "" {
			select {
			case found <- url:
			default:
			}
		}
	}
}

func shutdown(ts *testscript.TestScript, _ bool, args []string) {
	s := *ts.Value(lastServer{}).(**server)
	signal := syscall.SIGINT
	if len(args) > 0 && args[0] == "TERM" {
		signal = syscall.SIGTERM
	}
	ts.Check(s.process.Process.Signal(signal))
	<-s.drained
	ts.Check(s.process.Wait())
	ts.Check(os.WriteFile(ts.MkAbs("stderr"), s.stderr.Bytes(), 0o600))
}

func post(ts *testscript.TestScript, neg bool, args []string) {
	request, err := http.NewRequest(http.MethodPost, ts.Getenv("URL")+args[0], strings.NewReader(ts.ReadFile(args[1])))
	ts.Check(err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	answer(ts, neg, request, args[2:])
}

func get(ts *testscript.TestScript, neg bool, args []string) {
	request, err := http.NewRequest(http.MethodGet, ts.Getenv("URL")+args[0], nil)
	ts.Check(err)
	args = args[1:]
	for len(args) > 0 && strings.Contains(args[0], "=") {
		name, value, _ := strings.Cut(args[0], "=")
		if request.Header.Set(name, value); name == "Host" { // it has a field of its own
			request.Host = value
		}
		args = args[1:]
	}
	answer(ts, neg, request, args)
}

// answer writes status and body to the script's standard output. With ! the
// status has to be one of failure.
func answer(ts *testscript.TestScript, neg bool, request *http.Request, key []string) {
	request.Header.Set("Authorization", "Bearer local-key")
	if len(key) > 0 {
		request.Header.Set("Authorization", "Bearer "+key[0])
	}
	response, err := http.DefaultClient.Do(request)
	ts.Check(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	ts.Check(err)
	_, err = ts.Stdout().Write([]byte(response.Status + "\n" + string(body)))
	ts.Check(err)
	if failed := response.StatusCode >= http.StatusBadRequest; failed != neg {
		ts.Fatalf("%s: %s", response.Status, body)
	}
}

func jsonLines(ts *testscript.TestScript, _ bool, args []string) {
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		if !json.Valid([]byte(line)) {
			ts.Fatalf("not JSON: %s", line)
		}
	}
}
