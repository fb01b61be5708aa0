//go:build !windows

package stdio

import (
	"errors"
	"syscall"
)

// isBrokenPipe tells that a write failed because its reader has gone.
func isBrokenPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }
