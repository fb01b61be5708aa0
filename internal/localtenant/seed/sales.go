package seed

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"sema4mcp/internal/localtenant/sqlitedb"
)

// Sales is the open sales database.
type Sales struct {
	db      *sqlitedb.DB
	queries *sql.DB
}

// salesMigrations make the tables; money is in whole cents, dates are YYYY-MM-DD.
var salesMigrations = []string{`
CREATE TABLE regions (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE sales_reps (
	id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
	region_id INTEGER NOT NULL REFERENCES regions (id)
);
CREATE TABLE customers (
	id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
	region_id INTEGER NOT NULL REFERENCES regions (id),
	customer_since TEXT NOT NULL
);
CREATE TABLE products (
	id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, category TEXT NOT NULL,
	price_cents INTEGER NOT NULL
);
CREATE TABLE orders (
	id INTEGER PRIMARY KEY,
	customer_id INTEGER NOT NULL REFERENCES customers (id),
	sales_rep_id INTEGER NOT NULL REFERENCES sales_reps (id),
	ordered_on TEXT NOT NULL
);
CREATE TABLE order_lines (
	order_id INTEGER NOT NULL REFERENCES orders (id),
	line INTEGER NOT NULL,
	product_id INTEGER NOT NULL REFERENCES products (id),
	quantity INTEGER NOT NULL,
	unit_price_cents INTEGER NOT NULL,
	returned_quantity INTEGER NOT NULL,
	PRIMARY KEY (order_id, line)
) WITHOUT ROWID;
CREATE INDEX orders_by_date ON orders (ordered_on);
CREATE VIEW sales AS
SELECT o.id AS order_id, o.ordered_on, substr(o.ordered_on, 1, 7) AS month,
	CAST(substr(o.ordered_on, 1, 4) AS INTEGER) AS year,
	c.name AS customer, r.name AS region, s.name AS sales_rep, p.name AS product, p.category AS category,
	l.quantity, l.returned_quantity, l.quantity * l.unit_price_cents AS amount_cents
FROM orders o
JOIN order_lines l ON l.order_id = o.id
JOIN products p ON p.id = l.product_id
JOIN customers c ON c.id = o.customer_id
JOIN regions r ON r.id = c.region_id
JOIN sales_reps s ON s.id = o.sales_rep_id;
`}

// OpenSales opens the sales database in dir, or in memory when dir is empty, and
// fills it if it is new.
func OpenSales(ctx context.Context, dir string) (_ *Sales, err error) {
	s := &Sales{}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("sales database: %w", err), s.Close())
		}
	}()
	if s.db, err = sqlitedb.Open(ctx, dir, "sales"); err != nil {
		return nil, err
	}
	if err := s.db.Migrate(ctx, salesMigrations); err != nil {
		return nil, err
	}
	if err := fill(ctx, s.db.Write); err != nil {
		return nil, err
	}
	if s.queries, err = s.db.ReadOnly(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// DB is a pool that may only query.
func (s *Sales) DB() *sql.DB { return s.queries }

// Close closes the database.
func (s *Sales) Close() error {
	var errs []error
	if s.queries != nil {
		errs = append(errs, s.queries.Close())
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	return errors.Join(errs...)
}

// fill puts the business's rows into empty tables, all or none of them. Each table
// goes in as one JSON array: a thousand single inserts take many times as long.
func fill(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit there is nothing to roll back
	var filled bool
	if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM orders)`).Scan(&filled); err != nil || filled {
		return err
	}
	b := newBusiness()
	for _, table := range []struct {
		insert string
		rows   any
	}{
		{`INSERT INTO regions SELECT value->>0, value->>1 FROM json_each(?)`, b.regions},
		{`INSERT INTO sales_reps SELECT value->>0, value->>1, value->>2 FROM json_each(?)`, b.reps},
		{`INSERT INTO customers SELECT value->>0, value->>1, value->>2, value->>3 FROM json_each(?)`, b.customers},
		{`INSERT INTO products SELECT value->>0, value->>1, value->>2, value->>3 FROM json_each(?)`, b.products},
		{`INSERT INTO orders SELECT value->>0, value->>1, value->>2, value->>3 FROM json_each(?)`, b.orders},
		{`INSERT INTO order_lines SELECT value->>0, value->>1, value->>2, value->>3, value->>4, value->>5 FROM json_each(?)`, b.lines},
	} {
		rows, err := json.Marshal(table.rows)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, table.insert, string(rows)); err != nil {
			return fmt.Errorf("%s: %w", table.insert, err)
		}
	}
	return tx.Commit()
}
