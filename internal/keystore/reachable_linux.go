package keystore

import (
	"errors"
	"fmt"
	"os"
)

// reachable looks for a session bus before it is dialled: without one the library
// would start a bus of its own, which holds no keys and outlives us.
func reachable() error {
	if os.Getenv("DBUS_SESSION_BUS_ADDRESS") != "" {
		return nil
	}
	for _, name := range []string{"bus", "dbus-session"} {
		if _, err := os.Stat(fmt.Sprintf("/run/user/%d/%s", os.Getuid(), name)); err == nil {
			return nil
		}
	}
	return errors.New("there is no D-Bus session, as on a machine without a desktop")
}
