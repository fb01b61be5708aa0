package stdio

import (
	"errors"
	"syscall"
)

// What Windows says of a pipe whose reader has gone, or is going; its
// syscall.EPIPE is a number that no write ever returns.
const (
	errorBrokenPipe = syscall.Errno(109)
	errorNoData     = syscall.Errno(232)
)

// isBrokenPipe tells that a write failed because its reader has gone.
func isBrokenPipe(err error) bool {
	return errors.Is(err, errorBrokenPipe) || errors.Is(err, errorNoData)
}
