//go:build !windows

package stdio

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// initProcess adopts the children of processes that have ended.
const initProcess = 1

// parentGone polls: what Linux could tell by a signal, it tells when the thread
// of the parent ends that started this process. Whoever has this process ignore
// hangups, as nohup does, wants it to go on.
func parentGone(serving context.Context) <-chan struct{} {
	parent := os.Getppid()
	if parent == initProcess || signal.Ignored(syscall.SIGHUP) {
		return nil
	}
	gone := make(chan struct{})
	go func() {
		tick := time.NewTicker(parentEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if os.Getppid() != parent {
					close(gone)
					return
				}
			case <-serving.Done():
				return
			}
		}
	}()
	return gone
}
