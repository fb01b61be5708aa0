package sqlitedb

import (
	"context"
	"errors"
	"fmt"
)

// Create makes the tables of a new database at once, instead of by migrations:
// schema is what all of them come to. A database that has been migrated before is
// left to Migrate.
func (db *DB) Create(ctx context.Context, schema string, migrations int) error {
	tx, err := db.Write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after Commit there is nothing to roll back
	var version int
	if err := tx.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil || version > 0 {
		return err
	}
	if _, err := tx.ExecContext(ctx, schema); err != nil {
		return fmt.Errorf("schema: %w", err)
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(`PRAGMA user_version = %d`, migrations)); err != nil {
		return err
	}
	return tx.Commit()
}

// Migrate runs the migrations the database has not seen yet; its user_version
// counts those it has. A database of a newer program is refused.
func (db *DB) Migrate(ctx context.Context, migrations []string) error {
	tx, err := db.Write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after Commit there is nothing to roll back
	var version int
	if err := tx.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
		return err
	}
	if version > len(migrations) {
		return errors.New("written by a newer version of this program: update it, or use another data directory")
	}
	for i, migration := range migrations[version:] {
		if _, err := tx.ExecContext(ctx, migration); err != nil {
			return fmt.Errorf("migration %d: %w", version+i+1, err)
		}
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(`PRAGMA user_version = %d`, len(migrations))); err != nil {
		return err
	}
	return tx.Commit()
}
