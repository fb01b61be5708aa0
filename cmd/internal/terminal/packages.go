package terminal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"sema4mcp/cmd/internal/cli"
	"sema4mcp/restclient"
)

func (d doorway) exportAgent() *cobra.Command {
	var output string
	command := &cobra.Command{
		Use:   "export AGENT",
		Short: "Save an agent as a package",
		Long: `Saves an agent as a package: a zip file that import makes the agent of, in this workspace or another. Secrets are masked in it.
A file that is there is not overwritten.`,
		Args: arguments("AGENT"),
	}
	command.Flags().StringVarP(&output, "output", "o", "", "write this `file`, or - for the standard output; else what the tenant calls the package, here")
	return d.tenantCommand(command, nil, func(ctx context.Context, s *session, args []string) error {
		agent, err := s.tenant.Agent(ctx, args[0])
		if err != nil {
			return err
		}
		pkg, err := s.tenant.Client.Agents.Export(ctx, agent.ID)
		if err != nil {
			return err
		}
		defer pkg.Close()
		if output == "-" {
			_, err := io.Copy(s.out, pkg)
			return err
		}
		path := cmp.Or(output, cmp.Or(pkg.Name, agent.ID+".zip"))
		size, err := save(path, pkg)
		if err != nil {
			return err
		}
		if s.asJSON {
			return cli.PrintJSON(s.out, exported{agent.ID, path, size})
		}
		s.user.Say("Saved %s (%d bytes).\n", path, size)
		return nil
	})
}

// exported is what export has saved, for programs.
type exported struct {
	AgentID string `json:"agent_id"`
	File    string `json:"file"`
	Size    int64  `json:"size"` // in bytes
}

// save writes a new file. What cannot be written whole is not left there.
func save(path string, content io.Reader) (int64, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return 0, fmt.Errorf("%s is there already: name another file with --output", path)
	}
	if err != nil {
		return 0, err
	}
	size, err := io.Copy(file, content)
	if err = errors.Join(err, file.Close()); err != nil {
		return 0, errors.Join(err, os.Remove(path))
	}
	return size, nil
}

func (d doorway) importAgent() *cobra.Command {
	command := &cobra.Command{
		Use:   "import FILE",
		Short: "Make an agent of a package",
		Long:  `Makes an agent of a package that export saved; with -, it is read from the standard input. An agent of the same name stands in its way.`,
		Args:  arguments("FILE"),
	}
	return d.tenantCommand(command, nil, func(ctx context.Context, s *session, args []string) error {
		if s.settings.ReadOnly {
			return errReadOnly
		}
		pkg := io.NopCloser(s.user.In)
		if args[0] != "-" {
			file, err := os.Open(args[0])
			if err != nil {
				return &cli.UsageError{Message: err.Error()}
			}
			pkg = file
		}
		defer pkg.Close()
		agent, err := s.tenant.Client.Agents.Import(ctx, pkg)
		switch {
		case errors.Is(err, restclient.ErrConflict):
			return fmt.Errorf("an agent of this name is there already: rename or delete it first (%w)", err)
		case err != nil:
			return err
		case s.asJSON:
			return cli.PrintJSON(s.out, agent)
		}
		s.user.Say("Imported %s.\n", oneLine(cmp.Or(agent.Name, "the agent")))
		for _, missing := range agent.UnresolvedMCPServers {
			s.user.Say("It lacks the MCP server %s (%s): add that to the workspace and attach it.\n", oneLine(missing.Name), oneLine(missing.URL))
		}
		_, err = fmt.Fprintln(s.out, agent.ID)
		return err
	})
}
