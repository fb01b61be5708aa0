package faultmatrix_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
)

var (
	soakSeed = flag.Uint64("soak.seed", 20260728, "what the faults of the soak are chosen by")
	soakTime = flag.Duration("soak.time", 4*time.Second, "how long the soak makes new runs")
)

// rowsAtOnce is how many rows of the matrix are at work.
const rowsAtOnce = "64"

var raceDetector bool

// binaries is the directory of the three commands.
var binaries string

// The commands.
const (
	tenantCommand = "sema4-local-tenant"
	serverCommand = "sema4-mcp-server"
	bridgeCommand = "sema4-mcp-bridge"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(withBinaries{m}) }

// withBinaries builds the commands before the tests and removes them afterwards.
type withBinaries struct{ *testing.M }

func (m withBinaries) Run() int {
	var err error
	if binaries, err = os.MkdirTemp("", "faultmatrix"); err == nil {
		defer os.RemoveAll(binaries)
		err = build()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	_ = flag.Set("test.parallel", rowsAtOnce) // rows wait more than they work; the command line goes before
	return m.M.Run()
}

func build() error {
	for _, command := range []string{tenantCommand, serverCommand, bridgeCommand} {
		arguments := []string{"build", "-o", filepath.Join(binaries, command)}
		if raceDetector && command != tenantCommand {
			arguments = append(arguments, "-race")
		}
		if output, err := exec.Command("go", append(arguments, "sema4mcp/cmd/"+command)...).CombinedOutput(); err != nil {
			return fmt.Errorf("building %s: %w\n%s", command, err, output)
		}
	}
	return nil
}
