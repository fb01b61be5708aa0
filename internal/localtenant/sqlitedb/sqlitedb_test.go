package sqlitedb_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"sema4mcp/internal/localtenant/sqlitedb"
)

func TestCreate(t *testing.T) {
	ctx := t.Context()
	db, err := sqlitedb.Open(ctx, "", "test")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Create(ctx, `CREATE TABLE`, 2); err == nil || !strings.Contains(err.Error(), "schema: ") {
		t.Errorf("a broken schema: %v", err)
	}
	if err := db.Create(ctx, `CREATE TABLE t (a)`, 2); err != nil {
		t.Errorf("after a failure: %v", err)
	}
	if err := db.Create(ctx, `CREATE TABLE t (a)`, 2); err != nil {
		t.Errorf("a second time: %v", err)
	}
	if err := db.Migrate(ctx, []string{`CREATE TABLE t (a)`, `CREATE TABLE t (a)`, `INSERT INTO t VALUES (1)`}); err != nil {
		t.Errorf("the migrations that follow: %v", err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := db.Create(ended, ``, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("after the context had ended: %v", err)
	}
}

func TestMigrate(t *testing.T) {
	for name, dir := range map[string]string{"memory": "", "file": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			db, err := sqlitedb.Open(ctx, dir, "x")
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			steps := []string{`CREATE TABLE a (n INTEGER)`}
			for range 2 {
				if err := db.Migrate(ctx, steps); err != nil {
					t.Fatal(err)
				}
			}
			// A migration that fails takes those before it in the same go along.
			broken := append(steps[:1:1], `CREATE TABLE b (n INTEGER)`, `CREATE NONSENSE`)
			if err := db.Migrate(ctx, broken); err == nil || !strings.Contains(err.Error(), "migration 3") {
				t.Errorf("a broken migration: %v", err)
			}
			if err := db.Migrate(ctx, broken[:2]); err != nil {
				t.Errorf("after it: %v", err)
			}
			if err := db.Migrate(ctx, steps); err == nil || !strings.Contains(err.Error(), "newer version") {
				t.Errorf("with an older program: %v", err)
			}
			ended, cancel := context.WithCancel(ctx)
			cancel()
			if err := db.Migrate(ended, broken[:2]); !errors.Is(err, context.Canceled) {
				t.Errorf("with a context that has ended: %v", err)
			}
		})
	}
}

func TestMemoryOutlivesCancelledWork(t *testing.T) {
	ctx := t.Context()
	db, err := sqlitedb.Open(ctx, "", "x")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	other, err := sqlitedb.Open(ctx, "", "x")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := db.Write.ExecContext(ctx, `CREATE TABLE a (n INTEGER)`); err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	tx, err := db.Write.BeginTx(cancelled, nil)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := tx.Commit(); err == nil {
		t.Error("a cancelled transaction was committed")
	}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if _, err := db.Write.ExecContext(ctx, `INSERT INTO a VALUES (1)`); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	var n int
	if err := db.Read.QueryRowContext(ctx, `SELECT SUM(n) FROM a`).Scan(&n); err != nil || n != 50 {
		t.Errorf("%d, %v", n, err)
	}
	if err := other.Read.QueryRowContext(ctx, `SELECT SUM(n) FROM a`).Scan(&n); err == nil {
		t.Error("two databases of the same name in memory are one")
	}
}

func TestReadersCannotWrite(t *testing.T) {
	ctx := t.Context()
	db, err := sqlitedb.Open(ctx, t.TempDir(), "x")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Read.ExecContext(ctx, `CREATE TABLE a (n INTEGER)`); err == nil {
		t.Error("a reader made a table")
	}
}

func TestUnusableDirectories(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	taken := t.TempDir()
	if err := os.Mkdir(filepath.Join(taken, "x.sqlite"), 0o700); err != nil {
		t.Fatal(err)
	}
	garbage := t.TempDir()
	if err := os.WriteFile(filepath.Join(garbage, "x.sqlite"), []byte(strings.Repeat("garbage ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	image := func() (sqlitedb.Image, error) { return sqlitedb.Image("x"), nil }
	for _, dir := range []string{file, filepath.Join(file, "below"), taken, garbage} {
		if _, err := sqlitedb.Open(t.Context(), dir, "x"); err == nil || !strings.Contains(err.Error(), "open database") {
			t.Errorf("%s: %v", dir, err)
		}
		if _, err := sqlitedb.OpenImage(t.Context(), dir, "x", image); err == nil {
			t.Errorf("image in %s: no error", dir)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := sqlitedb.Open(ended, "", "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("in memory, with a context that has ended: %v", err)
	}
}

func fill(ctx context.Context, db *sql.DB) error {
	_, err := db.ExecContext(ctx, `CREATE TABLE a AS SELECT 7 AS n`)
	return err
}

func TestImages(t *testing.T) {
	ctx := t.Context()
	image, err := sqlitedb.BuildImage(ctx, fill)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "new")
	builds := 0
	build := func() (sqlitedb.Image, error) { builds++; return image, nil }
	for _, dir := range []string{"", dir, dir} {
		db, err := sqlitedb.OpenImage(ctx, dir, "x", build)
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 10 { // on several connections
			all.Go(func() {
				var n int
				if err := db.QueryRowContext(ctx, `SELECT n FROM a`).Scan(&n); err != nil || n != 7 {
					t.Errorf("%d, %v", n, err)
				}
				if _, err := db.ExecContext(ctx, `DELETE FROM a`); err == nil {
					t.Error("the image was changed")
				}
			})
		}
		all.Wait()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
	if builds != 2 {
		t.Errorf("built %d times, want once in memory and once for the file", builds)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("files %v, %v", entries, err)
	}
}

func TestImageErrors(t *testing.T) {
	boom := errors.New("boom")
	if _, err := sqlitedb.BuildImage(t.Context(), func(context.Context, *sql.DB) error { return boom }); !errors.Is(err, boom) {
		t.Errorf("build: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	if _, err := sqlitedb.BuildImage(ended, func(context.Context, *sql.DB) error { cancel(); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("build with a context that ends: %v", err)
	}
	for _, dir := range []string{"", t.TempDir()} {
		if _, err := sqlitedb.OpenImage(t.Context(), dir, "x", func() (sqlitedb.Image, error) { return nil, boom }); !errors.Is(err, boom) {
			t.Errorf("open: %v", err)
		}
	}
}
