package sqlitedb

import (
	"context"
	"errors"
	"fmt"
)

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
