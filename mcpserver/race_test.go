//go:build race

package mcpserver_test

// The race detector knows no more than 8128 goroutines at once.
func init() { manyStreams = 1000 }
