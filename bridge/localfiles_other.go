//go:build !unix

package bridge

// nonblocking is nothing where the names of files stand for no pipes.
const nonblocking = 0
