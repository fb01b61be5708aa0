//go:build unix

package hosts

import (
	"io/fs"
	"os"
	"syscall"
)

// giveTo makes a file belong to whom another belongs to: for a user who runs this
// as root.
func giveTo(path string, other fs.FileInfo) error {
	owner, ok := other.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if now, ok := info.Sys().(*syscall.Stat_t); ok && now.Uid == owner.Uid && now.Gid == owner.Gid {
		return nil
	}
	return os.Lchown(path, int(owner.Uid), int(owner.Gid))
}
