package datasource

import (
	"database/sql"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// ownDatabase is the tenant's own file in its data directory. It holds the
// secrets of connections, so that none may lead to it.
const ownDatabase = "tenant.sqlite"

func openSQLite(r *Registry, c *configuration) (*source, error) {
	file := c.notEmpty("db_file")
	if err := c.err(); err != nil {
		return nil, err
	}
	if db, ok := r.builtins[file]; ok {
		return &source{db: db, shared: true, dialect: sqliteDialect{database: databaseName(file)}}, nil
	}
	path, err := r.sqlitePath(file)
	if err != nil {
		return nil, err
	}
	uri := url.URL{Scheme: "file", Path: path, RawQuery: url.Values{
		"mode": {"ro"}, "_pragma": {"busy_timeout(5000)", "query_only(1)", "trusted_schema(0)"},
	}.Encode()}
	db, err := sql.Open("sqlite", uri.String())
	if err != nil {
		return nil, err
	}
	return &source{db: db, dialect: sqliteDialect{database: databaseName(file)}}, nil
}

func databaseName(file string) string {
	return strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
}

// sqlitePath finds the file of a connection. A relative path is taken below the
// data directory and stays there.
func (r *Registry) sqlitePath(file string) (string, error) {
	path := filepath.Clean(file)
	if !filepath.IsAbs(path) {
		switch {
		case r.dir == "":
			return "", failure("configuration -> db_file: must be an absolute path: this tenant keeps no data directory")
		case !filepath.IsLocal(path):
			return "", failure("configuration -> db_file: %q leads out of the tenant's data directory; use a path below it or an absolute one", file)
		}
		path = filepath.Join(r.dir, path)
	}
	info, err := os.Stat(path)
	switch {
	case os.IsNotExist(err):
		return "", failure("configuration -> db_file: there is no file %q", file)
	case err != nil:
		return "", failure("configuration -> db_file: %q cannot be read", file)
	case !info.Mode().IsRegular():
		return "", failure("configuration -> db_file: %q is no file", file)
	case r.isOwn(info):
		return "", failure("configuration -> db_file: %q is the tenant's own database; use another file", file)
	}
	return filepath.Abs(path)
}

func (r *Registry) isOwn(info fs.FileInfo) bool {
	if r.dir == "" {
		return false
	}
	own, err := os.Stat(filepath.Join(r.dir, ownDatabase))
	return err == nil && os.SameFile(own, info)
}
