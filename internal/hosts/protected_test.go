//go:build linux

package hosts_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// asNobody runs a function as a user who owns nothing, in a thread that ends with
// it: to root every file is open.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		f()
		return
	}
	const nobody = 65534
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked
		if _, _, errno := syscall.RawSyscall(syscall.SYS_SETFSUID, nobody, 0, 0); errno != 0 {
			t.Error(errno)
			return
		}
		f()
	}()
	<-done
}

func TestFileThatMayNotBeWrittenIsLeftAlone(t *testing.T) {
	for name, modes := range map[string][2]os.FileMode{"file": {0o444, 0o777}, "directory": {0o666, 0o555}} {
		t.Run(name, func(t *testing.T) {
			file := configured(t, "cursor", []byte("{}\n"))
			if err := os.Chmod(file.Path, modes[0]); err != nil {
				t.Fatal(err)
			}
			directory := filepath.Dir(file.Path)
			if err := os.Chmod(directory, modes[1]); err != nil {
				t.Fatal(err)
			}
			change, err := file.Setup(want, false)
			if err != nil {
				t.Fatal(err)
			}
			asNobody(t, func() { _, err = change.Apply(now) })
			if err == nil || !strings.Contains(err.Error(), "permission denied") || !strings.Contains(err.Error(), file.Path) {
				t.Errorf("got %v", err)
			}
			if got := contents(t, file.Path); string(got) != "{}\n" {
				t.Errorf("the file holds %q", got)
			}
			if entries, err := os.ReadDir(directory); err != nil || len(entries) != 1 {
				t.Errorf("the directory holds %v, %v", entries, err)
			}
			if err := os.Chmod(directory, 0o755); err != nil {
				t.Fatal(err)
			}
		})
	}
}
