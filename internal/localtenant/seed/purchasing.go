package seed

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"sema4mcp/internal/localtenant/sqlitedb"
)

// purchasingSchema makes the tables; money is in whole cents, dates are YYYY-MM-DD.
const purchasingSchema = `
CREATE TABLE vendors (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE purchase_orders (
	number TEXT PRIMARY KEY,
	vendor_id INTEGER NOT NULL REFERENCES vendors (id),
	ordered_on TEXT NOT NULL
);
CREATE TABLE purchase_order_lines (
	order_number TEXT NOT NULL REFERENCES purchase_orders (number),
	line INTEGER NOT NULL,
	item TEXT NOT NULL,
	quantity INTEGER NOT NULL,
	unit_price_cents INTEGER NOT NULL,
	PRIMARY KEY (order_number, line)
);
CREATE TABLE receipts (
	id INTEGER PRIMARY KEY,
	order_number TEXT NOT NULL,
	line INTEGER NOT NULL,
	quantity INTEGER NOT NULL,
	received_on TEXT NOT NULL,
	FOREIGN KEY (order_number, line) REFERENCES purchase_order_lines (order_number, line)
);
CREATE TABLE paid_invoices (
	vendor_id INTEGER NOT NULL REFERENCES vendors (id),
	number TEXT NOT NULL,
	order_number TEXT NOT NULL REFERENCES purchase_orders (number),
	amount_cents INTEGER NOT NULL,
	paid_on TEXT NOT NULL,
	PRIMARY KEY (vendor_id, number)
);
CREATE INDEX receipts_of_order ON receipts (order_number);
CREATE INDEX paid_invoices_of_order ON paid_invoices (order_number);
CREATE VIEW order_totals AS
SELECT o.number, v.name AS vendor,
	(SELECT SUM(l.quantity * l.unit_price_cents) FROM purchase_order_lines l WHERE l.order_number = o.number) AS total_cents,
	(SELECT COALESCE(SUM(r.quantity * l.unit_price_cents), 0) FROM receipts r
		JOIN purchase_order_lines l ON l.order_number = r.order_number AND l.line = r.line
		WHERE r.order_number = o.number) AS received_cents
FROM purchase_orders o JOIN vendors v ON v.id = o.vendor_id;
`

// OpenPurchasing opens the purchasing database, as OpenSales does the other.
func OpenPurchasing(ctx context.Context, dir string) (*sql.DB, error) {
	db, err := sqlitedb.OpenImage(ctx, dir, "purchasing", purchasingImage)
	if err != nil {
		return nil, fmt.Errorf("purchasing database: %w", err)
	}
	return db, nil
}

// purchasingImage is built once: the same rows come out every time.
var purchasingImage = sync.OnceValues(func() (sqlitedb.Image, error) {
	return sqlitedb.BuildImage(context.Background(), func(ctx context.Context, db *sql.DB) error {
		p := newPurchasing()
		return fillTables(ctx, db, purchasingSchema, []table{
			{"vendors", p.vendors}, {"purchase_orders", p.orders}, {"purchase_order_lines", p.lines},
			{"receipts", p.receipts}, {"paid_invoices", p.paid},
		}, "")
	})
})

// purchasing is what an office supplier orders, gets and has paid.
type purchasing struct {
	vendors, orders, lines, receipts, paid []row

	random *rand.Rand
}

var vendorNames = []string{
	"Alder Paper Mill", "Basalt Packaging", "Cobalt Electronics", "Drift Furniture Works",
	"Ember Lighting", "Fjord Print & Label", "Granite Logistics", "Härtel & Söhne",
}

// supplies are what can be ordered, with the price of one in cents.
var supplies = []struct {
	item       string
	priceCents int
}{
	{"Copy paper, box", 2495}, {"Shipping carton, bundle", 3180}, {"USB dock", 8900}, {"Desk frame", 15450},
	{"LED panel", 4275}, {"Label roll, case", 5620}, {"Pallet, used", 1150}, {"Brass fitting, set", 2790},
}

const purchaseOrderCount = 60

// progress is how far an order has come.
type progress int

const (
	received progress = iota // all goods are here, nothing is paid
	ordered                  // nothing is here yet
	partly                   // half of each line is here
	paid                     // all goods are here and paid
)

// newPurchasing makes the orders PO-1001 and on: every fourth has come as far as
// another, so that PO-1001 is received, 1002 ordered, 1003 partly here, 1004 paid.
func newPurchasing() *purchasing {
	p := &purchasing{random: rand.New(rand.NewPCG(1001, 2026))}
	for i, name := range vendorNames {
		p.vendors = append(p.vendors, row{i + 1, name})
	}
	day := time.Date(2026, time.January, 5, 0, 0, 0, 0, time.UTC)
	for i := range purchaseOrderCount {
		p.order(fmt.Sprintf("PO-%d", 1001+i), i%len(vendorNames)+1, day, progress(i%4))
		day = day.AddDate(0, 0, 1+p.random.IntN(4))
	}
	return p
}

func (p *purchasing) order(number string, vendor int, day time.Time, state progress) {
	p.orders = append(p.orders, row{number, vendor, day.Format(time.DateOnly)})
	total := 0
	for line := range 1 + p.random.IntN(3) {
		supply := supplies[(vendor-1+line)%len(supplies)]
		quantity := 2 * (2 + p.random.IntN(20))
		total += quantity * supply.priceCents
		p.lines = append(p.lines, row{number, line + 1, supply.item, quantity, supply.priceCents})
		if state == partly {
			quantity /= 2
		}
		if state != ordered {
			p.receipts = append(p.receipts, row{len(p.receipts) + 1, number, line + 1, quantity, day.AddDate(0, 0, 9).Format(time.DateOnly)})
		}
	}
	if state == paid {
		invoice := "INV-" + number[len("PO-"):]
		p.paid = append(p.paid, row{vendor, invoice, number, total, day.AddDate(0, 0, 30).Format(time.DateOnly)})
	}
}
