package clitest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// FlagsAreDocumented fails for a flag of the command, or of one below it, that the
// README does not name.
func FlagsAreDocumented(t *testing.T, command *cobra.Command) {
	t.Helper()
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, below := range command.Commands() {
		if below.HasFlags() || below.HasSubCommands() {
			FlagsAreDocumented(t, below)
			named++
		}
	}
	command.Flags().VisitAll(func(flag *pflag.Flag) {
		if flag.Hidden {
			return
		}
		named++
		if !strings.Contains(string(readme), "`--"+flag.Name+"`") {
			t.Errorf("the README does not explain --%s of %s", flag.Name, command.Name())
		}
	})
	if named == 0 {
		t.Errorf("%s has no flags to look for", command.Name())
	}
}
