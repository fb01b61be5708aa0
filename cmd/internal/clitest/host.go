package clitest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// passedOn are the variables of a script that a host gives its bridge.
var passedOn = []string{"SEMA4_BASE_URL", "SEMA4_API_KEY", "SEMA4_LOCAL", "SEMA4_LOG_LEVEL", "SEMA4_PROFILE", "SEMA4_CONFIG", "SEMA4_AGENTS", "SEMA4_READ_ONLY", "THE_KEY"}

// answerWithin bounds the wait for all answers.
const answerWithin = 30 * time.Second

// host plays a host: it sends the lines of a file, waits until every request
// among them is answered, and closes the input. What came is the output.
func host(ts *testscript.TestScript, _ bool, args []string) {
	path, err := exec.LookPath(args[1])
	ts.Check(err)
	bridge := exec.Command(path, args[2:]...)
	bridge.Dir = ts.MkAbs(".")
	bridge.Env = append(os.Environ(), "HOME="+ts.Getenv("WORK"))
	for _, name := range passedOn {
		bridge.Env = append(bridge.Env, name+"="+ts.Getenv(name))
	}
	bridge.Stderr = ts.Stderr()
	in, err := bridge.StdinPipe()
	ts.Check(err)
	out, err := bridge.StdoutPipe()
	ts.Check(err)
	ts.Check(bridge.Start())
	late := time.AfterFunc(answerWithin, func() { _ = bridge.Process.Kill() })
	defer late.Stop()
	session := ts.ReadFile(args[0])
	_, err = in.Write([]byte(session))
	ts.Check(err)
	open := requests(session)
	for lines := bufio.NewReader(out); ; {
		line, err := lines.ReadBytes('\n')
		_, _ = ts.Stdout().Write(line)
		if err != nil {
			break
		}
		if isReply(line) {
			if open--; open == 0 {
				ts.Check(in.Close())
			}
		}
	}
	ts.Check(bridge.Wait())
}

// requests counts the lines that are owed a reply.
func requests(session string) int {
	n := 0
	for line := range strings.Lines(session) {
		var message struct{ ID json.RawMessage }
		if json.Unmarshal([]byte(line), &message) == nil && message.ID != nil {
			n++
		}
	}
	return n
}

func isReply(line []byte) bool {
	return bytes.HasPrefix(line, []byte(`{"jsonrpc":"2.0","id":`))
}
