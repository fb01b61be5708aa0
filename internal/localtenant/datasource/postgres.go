package datasource

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

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
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	db := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `SELECT set_config('default_transaction_read_only', 'on', false),
			set_config('standard_conforming_strings', 'on', false),
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

// postgresLiteral writes a value into a statement, apart from what stands beside
// it.
func postgresLiteral(value any) (string, error) {
	switch value := value.(type) {
	case nil:
		return " NULL ", nil
	case bool:
		return " " + strconv.FormatBool(value) + " ", nil
	case int64:
		return " (" + strconv.FormatInt(value, 10) + ") ", nil
	case float64:
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return fmt.Sprintf(" '%v'::float8 ", value), nil
		}
		return " (" + strconv.FormatFloat(value, 'g', -1, 64) + ") ", nil
	case string:
		if strings.Contains(value, "\x00") || !utf8.ValidString(value) {
			return "", failure("a value of a parameter is no text that PostgreSQL takes")
		}
		return " " + textLiteral(value) + " ", nil
	}
	return "", fmt.Errorf("datasource: a parameter cannot be a %T", value)
}

// textLiteral is a literal of PostgreSQL. A '…' below an E'…' goes on with it, where
// a backslash could hide a quote; a U&'…' never does.
func textLiteral(text string) string {
	quoted := "'" + strings.ReplaceAll(text, "'", "''") + "'"
	if !strings.Contains(text, `\`) {
		return quoted
	}
	return "U&" + strings.ReplaceAll(quoted, `\`, `\\`)
}
