package seed

import (
	"context"
	"database/sql"
	"fmt"
	"sync"

	"sema4mcp/internal/localtenant/sqlitedb"
)

// salesSchema makes the tables; money is in whole cents, dates are YYYY-MM-DD.
const salesSchema = `
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
`

// salesTable is what the semantic data model is over: one row per order line, with
// the names of everything, so that questions need no joins.
const salesTable = `
CREATE TABLE sales AS
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
`

// OpenSales opens the sales database in dir, or in memory when dir is empty. It
// makes the file if there is none and leaves one that is there as it is. The pool
// can query and nothing else.
func OpenSales(ctx context.Context, dir string) (*sql.DB, error) {
	db, err := sqlitedb.OpenImage(ctx, dir, "sales", salesImage)
	if err != nil {
		return nil, fmt.Errorf("sales database: %w", err)
	}
	return db, nil
}

// salesImage is built once: the same rows come out every time.
var salesImage = sync.OnceValues(func() (sqlitedb.Image, error) {
	return sqlitedb.BuildImage(context.Background(), fill)
})

// fill makes the tables and puts the business's rows into them.
func fill(ctx context.Context, db *sql.DB) error {
	b := newBusiness()
	return fillTables(ctx, db, salesSchema, []table{
		{"regions", b.regions}, {"sales_reps", b.reps}, {"customers", b.customers},
		{"products", b.products}, {"orders", b.orders}, {"order_lines", b.lines},
	}, salesTable)
}
