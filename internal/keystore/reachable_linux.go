package keystore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// reachable looks for a session bus before it is dialled: without one the library
// would start a bus of its own, which holds no keys and outlives us.
func reachable() error {
	return busAt(os.Getenv("DBUS_SESSION_BUS_ADDRESS"), fmt.Sprintf("/run/user/%d", os.Getuid()))
}

func busAt(address, runtimeDir string) error {
	if address != "" {
		return nil
	}
	for _, name := range []string{"bus", "dbus-session"} {
		if _, err := os.Stat(filepath.Join(runtimeDir, name)); err == nil {
			return nil
		}
	}
	return errors.New("there is no D-Bus session, as on a machine without a desktop")
}
