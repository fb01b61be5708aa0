package datasource

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

func openPostgres(r *Registry, c *configuration) (*source, error) {
	host, port := c.notEmpty("host"), c.port("port")
	database, user, password := c.notEmpty("database"), c.notEmpty("user"), c.text("password")
	schema := c.textOr("schema", "public")
	mode := c.oneOf("sslmode", "prefer", "require", "disable", "allow", "prefer", "verify-ca", "verify-full")
	if err := c.err(); err != nil {
		return nil, err
	}
	// The password never stands in a text that a parser could complain about.
	config, err := pgx.ParseConfig(fmt.Sprintf("host=%s port=%d user=%s dbname=%s sslmode=%s connect_timeout=%d",
		quoted(host), port, quoted(user), quoted(database), mode, int(connectTimeout/time.Second)))
	if err != nil {
		return nil, err
	}
	config.Password = password
	// Values go into the text as literals, which pgx quotes: the server cannot tell
	// the type of a parameter in ":year IS NULL", and poolers keep no prepared
	// statements.
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	db := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `SELECT set_config('default_transaction_read_only', 'on', false),
			set_config('search_path', $1, false), set_config('statement_timeout', $2, false)`,
			quoteName(schema), fmt.Sprint(r.timeouts.query.Milliseconds()))
		return err
	}))
	return &source{db: db, dialect: postgresDialect{database: database, schema: schema}}, nil
}

// quoted is a value in a keyword/value connection string.
func quoted(value string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value) + "'"
}
