package seed_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sema4mcp/internal/localtenant/minds/checks"
	"sema4mcp/internal/localtenant/minds/scripted"
	"sema4mcp/internal/localtenant/seed"
	"sema4mcp/internal/localtenant/store"
)

func openSales(t *testing.T, dir string) *sql.DB {
	t.Helper()
	db, err := seed.OpenSales(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func number(t *testing.T, db *sql.DB, query string) int64 {
	t.Helper()
	var n int64
	if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func TestSalesDatabase(t *testing.T) {
	db := openSales(t, "")
	for query, least := range map[string]int64{
		`SELECT COUNT(*) FROM regions`:                                5,
		`SELECT COUNT(*) FROM customers`:                              100,
		`SELECT COUNT(*) FROM products`:                               30,
		`SELECT COUNT(*) FROM sales_reps`:                             10,
		`SELECT COUNT(*) FROM orders`:                                 2000,
		`SELECT COUNT(*) FROM order_lines`:                            5000,
		`SELECT COUNT(DISTINCT substr(ordered_on, 1, 4)) FROM orders`: 3,
		`SELECT COUNT(DISTINCT substr(ordered_on, 1, 7)) FROM orders`: 30,
		`SELECT COUNT(DISTINCT region_id) FROM customers WHERE id IN (SELECT customer_id FROM orders)`: 5,
		`SELECT COUNT(*) FROM customers WHERE id NOT IN (SELECT customer_id FROM orders)`:              1,
		`SELECT SUM(returned_quantity) FROM order_lines`:                                               100,
	} {
		if got := number(t, db, query); got < least {
			t.Errorf("%s: %d, want at least %d", query, got, least)
		}
	}
	for query, want := range map[string]int64{
		`SELECT COUNT(*) FROM pragma_foreign_key_check`:                                                                                                      0,
		`SELECT COUNT(*) FROM orders WHERE id NOT IN (SELECT order_id FROM order_lines)`:                                                                     0,
		`SELECT COUNT(*) FROM order_lines WHERE returned_quantity > quantity OR quantity < 1 OR unit_price_cents < 1`:                                        0,
		`SELECT COUNT(*) FROM orders o JOIN customers c ON c.id = o.customer_id JOIN sales_reps s ON s.id = o.sales_rep_id WHERE s.region_id <> c.region_id`: 0,
		`SELECT SUM(amount_cents) - (SELECT SUM(quantity * unit_price_cents) FROM order_lines) FROM sales`:                                                   0,
		`SELECT COUNT(*) FROM orders WHERE ordered_on <> date(ordered_on)`:                                                                                   0,
	} {
		if got := number(t, db, query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
}

func TestSalesDatabaseIsAlwaysTheSame(t *testing.T) {
	const fingerprint = `SELECT SUM(order_id * 31 + line * 17 + product_id * 13 + quantity * unit_price_cents + returned_quantity) FROM order_lines`
	dir := t.TempDir()
	first := number(t, openSales(t, ""), fingerprint)
	for _, place := range []string{"", dir, dir} {
		if got := number(t, openSales(t, place), fingerprint); got != first {
			t.Errorf("%q: %d, want %d", place, got, first)
		}
	}
}

func TestPurchasingDatabase(t *testing.T) {
	const fingerprint = `SELECT SUM(total_cents * 31 + received_cents) FROM order_totals`
	dir := t.TempDir()
	var first int64
	for _, place := range []string{"", "", dir, dir} {
		db, err := seed.OpenPurchasing(t.Context(), place)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if got := number(t, db, fingerprint); first != 0 && got != first {
			t.Errorf("%q: %d, want %d", place, got, first)
		} else {
			first = got
		}
		for query, want := range map[string]int64{
			`SELECT COUNT(*) FROM pragma_foreign_key_check`:                                                                          0,
			`SELECT COUNT(*) FROM vendors`:                                                                                           8,
			`SELECT COUNT(*) FROM purchase_orders`:                                                                                   60,
			`SELECT COUNT(*) FROM paid_invoices`:                                                                                     15,
			`SELECT COUNT(*) FROM order_totals WHERE received_cents = 0`:                                                             15,
			`SELECT COUNT(*) FROM order_totals WHERE received_cents = total_cents`:                                                   30,
			`SELECT COUNT(*) FROM order_totals WHERE 2 * received_cents = total_cents`:                                               15,
			`SELECT COUNT(*) FROM paid_invoices p JOIN order_totals t ON t.number = p.order_number WHERE amount_cents = total_cents`: 15,
			`SELECT COUNT(*) FROM purchase_orders WHERE ordered_on <> date(ordered_on)`:                                              0,
		} {
			if got := number(t, db, query); got != want {
				t.Errorf("%s: %d, want %d", query, got, want)
			}
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := seed.OpenPurchasing(t.Context(), filepath.Join(dir, "file")); err == nil {
		t.Error("a file was taken for a directory")
	}
}

func TestPlant(t *testing.T) {
	ctx := t.Context()
	s, err := store.Open(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range 2 {
		if err := seed.Plant(ctx, s); err != nil {
			t.Fatal(err)
		}
	}
	page, err := s.Agents(ctx, "", store.Window{Limit: 100})
	if err != nil || len(page.Items) != 5 {
		t.Fatalf("%d agents, %v", len(page.Items), err)
	}
	for _, agent := range page.Items {
		if _, err := checks.Parse(agent.RunbookText); agent.ArchitectureName == checks.Architecture && err != nil {
			t.Errorf("the runbook of %s: %v", agent.Name, err)
		}
		if _, err := scripted.Parse(agent.RunbookText); agent.ArchitectureName == scripted.Architecture && err != nil {
			t.Errorf("the runbook of %s: %v", agent.Name, err)
		}
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := seed.Plant(ended, s); err == nil {
		t.Error("planted although the context had ended")
	}
}

// Every verified query runs, with its example values and with none.
func TestVerifiedQueries(t *testing.T) {
	ctx := t.Context()
	db := openSales(t, "")
	s, err := store.Open(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := seed.Plant(ctx, s); err != nil {
		t.Fatal(err)
	}
	models, err := s.AgentModels(ctx, seed.SalesAnalystID)
	if err != nil || len(models) != 1 || models[0].ID != seed.SalesModelID {
		t.Fatalf("models %+v, %v", models, err)
	}
	var model struct {
		Tables          []map[string]any `json:"tables"`
		VerifiedQueries []struct {
			Name, NLQ, SQL string
			Parameters     []struct {
				Name         string
				ExampleValue any `json:"example_value"`
			}
		} `json:"verified_queries"`
	}
	if err := json.Unmarshal(models[0].Definition, &model); err != nil {
		t.Fatal(err)
	}
	if len(model.VerifiedQueries) < 12 || len(model.Tables) == 0 {
		t.Errorf("%d verified queries over %d tables", len(model.VerifiedQueries), len(model.Tables))
	}
	var names []string
	for _, query := range model.VerifiedQueries {
		names = append(names, query.Name)
		var arguments []any
		for _, p := range query.Parameters {
			arguments = append(arguments, sql.Named(p.Name, p.ExampleValue))
			if !strings.Contains(query.SQL, ":"+p.Name) {
				t.Errorf("%s does not use its parameter %s", query.Name, p.Name)
			}
		}
		rows, err := db.QueryContext(ctx, query.SQL, arguments...)
		if err != nil {
			t.Errorf("%s: %v", query.Name, err)
			continue
		}
		if !rows.Next() {
			t.Errorf("%s gives no rows: %v", query.Name, rows.Err())
		}
		if err := rows.Close(); err != nil {
			t.Errorf("%s: %v", query.Name, err)
		}
	}
	if unique := slices.Compact(slices.Sorted(slices.Values(names))); len(unique) != len(names) {
		t.Errorf("names are not unique: %q", names)
	}
	for _, dimension := range model.Tables[0]["dimensions"].([]any) {
		d := dimension.(map[string]any)
		if _, err := db.ExecContext(ctx, "SELECT "+d["expr"].(string)+" FROM sales LIMIT 1"); err != nil {
			t.Errorf("dimension %v: %v", d["name"], err)
		}
	}
}
