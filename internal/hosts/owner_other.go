//go:build !unix

package hosts

import "io/fs"

// giveTo does nothing where files get their owner from their directory.
func giveTo(string, fs.FileInfo) error { return nil }
