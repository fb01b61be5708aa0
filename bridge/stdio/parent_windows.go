package stdio

import (
	"context"
	"os"

	"golang.org/x/sys/windows"
)

// parentGone waits on the parent's handle, as Windows goes on naming a parent
// that has ended.
func parentGone(serving context.Context) <-chan struct{} {
	parent, err := windows.OpenProcess(windows.SYNCHRONIZE|windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(os.Getppid()))
	if err != nil {
		return nil // it has ended already, or may not be watched
	}
	if !olderThanThis(parent) {
		_ = windows.CloseHandle(parent)
		return nil
	}
	gone := make(chan struct{})
	go func() {
		defer windows.CloseHandle(parent)
		for serving.Err() == nil {
			switch event, _ := windows.WaitForSingleObject(parent, uint32(parentEvery.Milliseconds())); event {
			case windows.WAIT_OBJECT_0:
				close(gone)
				return
			case uint32(windows.WAIT_TIMEOUT):
			default:
				return
			}
		}
	}()
	return gone
}

// olderThanThis tells a parent from a process that has come by its number later.
func olderThanThis(process windows.Handle) bool {
	var started, own, ignored windows.Filetime
	if windows.GetProcessTimes(process, &started, &ignored, &ignored, &ignored) != nil ||
		windows.GetProcessTimes(windows.CurrentProcess(), &own, &ignored, &ignored, &ignored) != nil {
		return false
	}
	return started.Nanoseconds() <= own.Nanoseconds()
}
