// Package testpostgres starts PostgreSQL servers for tests, each with a data
// directory of its own. Nothing but tests may import it.
package testpostgres

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver
)

// Server is a server that lives as long as a test. It takes the password and
// nothing else.
type Server struct {
	Host     string
	Port     int
	User     string
	Password string
	Database string
}

// Start starts the server of Debian's package postgresql, or the one in the PATH.
// Where there is none, the test is skipped.
func Start(t testing.TB) *Server {
	t.Helper()
	bin, ok := programs()
	if !ok {
		t.Skip("PostgreSQL is not installed: apt-get install postgresql")
	}
	dir := directory(t)
	s := &Server{Host: "127.0.0.1", Port: freePort(t), User: "tester", Password: "pg-pass 'word\\ of the test", Database: "postgres"}
	passwordFile := filepath.Join(dir, "password")
	if err := os.WriteFile(passwordFile, []byte(s.Password), 0o644); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "data")
	run(t, filepath.Join(bin, "initdb"), "-D", data, "-U", s.User, "--pwfile="+passwordFile,
		"--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync")
	control := filepath.Join(bin, "pg_ctl")
	options := fmt.Sprintf("-F -h %s -p %d -k %s", s.Host, s.Port, dir)
	run(t, control, "-D", data, "-w", "-l", filepath.Join(dir, "log"), "-o", options, "start")
	t.Cleanup(func() { run(t, control, "-D", data, "-w", "-m", "immediate", "stop") })
	return s
}

// programs is the directory of the newest server.
func programs() (string, bool) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is good
	if len(found) > 0 {
		slices.SortFunc(found, func(a, b string) int { return len(a) - len(b) })
		return filepath.Dir(found[len(found)-1]), true
	}
	initdb, err := exec.LookPath("initdb")
	return filepath.Dir(initdb), err == nil
}

// directory is for the server's user alone; t.TempDir is closed to that user.
func directory(t testing.TB) string {
	dir, err := os.MkdirTemp("", "testpostgres-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}

func freePort(t testing.TB) int {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// run runs a program of the server, which refuses to run as root.
func run(t testing.TB, program string, arguments ...string) {
	t.Helper()
	if os.Getuid() == 0 {
		if _, err := user.Lookup("postgres"); err != nil {
			t.Skip("PostgreSQL does not run as root, and there is no user postgres: apt-get install postgresql")
		}
		arguments = append([]string{"--reuid=postgres", "--regid=postgres", "--clear-groups", program}, arguments...)
		program = "setpriv"
	}
	command := exec.CommandContext(context.Background(), program, arguments...)
	command.Dir = "/"
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(command.Args, " "), err, output)
	}
}

// Configuration is what a data connection to the server is configured with.
func (s *Server) Configuration() map[string]any {
	return map[string]any{
		"host": s.Host, "port": float64(s.Port), "database": s.Database, "user": s.User, "password": s.Password,
		"schema": "public", "sslmode": "disable",
	}
}

// Exec runs statements on the server.
func (s *Server) Exec(t testing.TB, statements string) {
	t.Helper()
	uri := url.URL{
		Scheme: "postgres", User: url.UserPassword(s.User, s.Password), Host: fmt.Sprintf("%s:%d", s.Host, s.Port),
		Path: s.Database, RawQuery: "sslmode=disable&default_query_exec_mode=simple_protocol",
	}
	db, err := sql.Open("pgx", uri.String())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(context.Background(), statements); err != nil {
		t.Fatal(err)
	}
}
