// Package cli is what the commands share: the doorway from a process to a
// function that returns an error, the settings that mean the same everywhere,
// where the API key comes from, and the log.
package cli
