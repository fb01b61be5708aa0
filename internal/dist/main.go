package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

// run works in the top directory of the repository, as go run ./internal/dist does.
func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("dist", flag.ContinueOnError)
	var r release
	flags.StringVar(&r.Version, "version", "", "`version` to release, such as v1.2.3; else what git describes")
	flags.StringVar(&r.Homepage, "homepage", placeholderHomepage, "`URL` of the project's page")
	flags.StringVar(&r.Downloads, "downloads", "", "`URL` below which a release's files are fetched; else HOMEPAGE/releases/download/VERSION")
	flags.StringVar(&r.Namespace, "namespace", placeholderNamespace, "reverse-DNS `name` that the publisher owns in the MCP registry")
	flags.StringVar(&r.Author, "author", module, "`name` of the publisher, as hosts show it")
	check := flags.Bool("check", false, "build one platform twice, compare all bytes, and validate every manifest; dist is left alone")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("there is no argument %q; see -help", flags.Arg(0))
	}
	if err := r.complete(ctx); err != nil {
		return err
	}
	source, err := filepath.Abs(".")
	if err != nil {
		return err
	}
	if *check {
		return checkReproducible(ctx, source, r)
	}
	out := filepath.Join(source, "dist")
	if err := r.write(ctx, source, out, targets); err != nil {
		return err
	}
	if err := verify(ctx, source, out); err != nil {
		return err
	}
	if r.Homepage == placeholderHomepage || r.Namespace == placeholderNamespace {
		fmt.Println("The files name a placeholder for who publishes them: set HOMEPAGE, NAMESPACE and AUTHOR for a release that others fetch.")
	}
	return nil
}
