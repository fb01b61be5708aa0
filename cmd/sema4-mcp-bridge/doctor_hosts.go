package main

import (
	"context"
	"fmt"
	"os"

	"sema4mcp/cmd/internal/doctor"
	"sema4mcp/internal/hosts"
)

// hostEntries looks at how the entry stands in each host that is found.
func hostEntries(context.Context) []doctor.Finding {
	system, err := hosts.ThisSystem()
	if err != nil {
		return []doctor.Finding{{Status: doctor.Skipped, Text: err.Error()}}
	}
	command, err := hosts.Executable(os.Args[0])
	if err != nil {
		return []doctor.Finding{{Status: doctor.Skipped, Text: err.Error()}}
	}
	want := hosts.Entry{Name: defaultServerName, Command: command, KeepArgs: true}
	var found []doctor.Finding
	for _, file := range hosts.Installed(system) {
		found = append(found, hostEntry(file, want))
	}
	if len(found) == 0 {
		found = append(found, doctor.Finding{Status: doctor.Skipped, Text: "no MCP host is found for this user"})
	}
	return found
}

func hostEntry(file hosts.File, want hosts.Entry) doctor.Finding {
	name := file.Host.Name
	setUp := "Run: sema4-mcp-bridge setup " + name
	state, err := file.State(want)
	switch {
	case err != nil:
		return doctor.Finding{Status: doctor.Problem, Text: name + ": " + err.Error()}
	case state.Status == hosts.Current:
		return doctor.Finding{Status: doctor.OK, Text: name + " starts this program"}
	case state.Status == hosts.Stale:
		return doctor.Finding{Status: doctor.Problem, Text: fmt.Sprintf("%s starts %s, and this program is %s", name, state.Command, want.Command), Next: setUp}
	case state.Status == hosts.Foreign:
		return doctor.Finding{Status: doctor.Note, Text: fmt.Sprintf("%s has another program under the name %s", name, want.Name), Next: setUp + " --name NAME"}
	default:
		return doctor.Finding{Status: doctor.Note, Text: name + " has no entry for this program", Next: setUp}
	}
}
