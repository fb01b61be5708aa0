//go:build unix

package cli

import (
	"os"
	"os/exec"
	"syscall"

	"github.com/mattn/go-isatty"
)

// endWithAll has the end of a command's time be that of all that it has started:
// the shell alone would leave them behind. At a terminal they stay in the group
// that may read it, which an interrupt reaches as a whole.
func endWithAll(command *exec.Cmd) {
	if isatty.IsTerminal(os.Stdin.Fd()) {
		return
	}
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
}
