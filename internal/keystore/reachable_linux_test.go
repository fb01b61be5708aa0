package keystore

import (
	"os"
	"path/filepath"
	"testing"
)

func TestABusIsLookedFor(t *testing.T) {
	dir := t.TempDir()
	if err := busAt("unix:path=/somewhere", dir); err != nil {
		t.Errorf("with an address: %v", err)
	}
	if err := busAt("", dir); err == nil {
		t.Error("no error where there is no bus")
	}
	if err := os.WriteFile(filepath.Join(dir, "bus"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := busAt("", dir); err != nil {
		t.Errorf("with a socket: %v", err)
	}
}
