package seed

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// table is the rows of a table.
type table struct {
	name string
	rows []row
}

// fillTables makes a schema, puts rows into its tables, and then runs what is made
// of them.
func fillTables(ctx context.Context, db *sql.DB, schema string, tables []table, after string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after Commit there is nothing to roll back
	if _, err := tx.ExecContext(ctx, schema); err != nil {
		return err
	}
	for _, table := range tables {
		for rows := range slices.Chunk(table.rows, rowsPerInsert) {
			if err := insert(ctx, tx, table.name, rows); err != nil {
				return fmt.Errorf("fill %s: %w", table.name, err)
			}
		}
	}
	if _, err := tx.ExecContext(ctx, after); err != nil {
		return err
	}
	return tx.Commit()
}

// rowsPerInsert saves most of the cost of single inserts.
const rowsPerInsert = 200

func insert(ctx context.Context, tx *sql.Tx, table string, rows []row) error {
	var values strings.Builder
	for i, row := range rows {
		if i > 0 {
			values.WriteByte(',')
		}
		values.WriteString("(" + row.literals() + ")")
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO "+table+" VALUES "+values.String())
	return err
}
