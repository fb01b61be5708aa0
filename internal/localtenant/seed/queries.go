package seed

// verifiedQuery is a question of the sales model with the SQL that answers it.
type verifiedQuery struct {
	Name       string      `json:"name"`
	NLQ        string      `json:"nlq"`
	SQL        string      `json:"sql"`
	VerifiedAt string      `json:"verified_at"`
	VerifiedBy string      `json:"verified_by"`
	Parameters []parameter `json:"parameters"`
}

// parameter is a parameter of a verifiedQuery; with no example it may stay unset.
type parameter struct {
	Name         string `json:"name"`
	DataType     string `json:"data_type"`
	Description  string `json:"description"`
	ExampleValue any    `json:"example_value"`
}

var (
	anyYear   = parameter{"year", "INTEGER", "The year; all years when unset", nil}
	anyRegion = parameter{"region", "TEXT", "The region; all regions when unset", nil}
)

func year(example int) parameter {
	return parameter{"year", "INTEGER", "The year", example}
}

func top(example int) parameter {
	return parameter{"n", "INTEGER", "How many to list", example}
}

func salesQueries() []verifiedQuery {
	queries := []verifiedQuery{
		{
			Name: "total_sales", NLQ: "What were total sales?", Parameters: []parameter{anyYear},
			SQL: `SELECT SUM(amount_cents) AS sales_cents, COUNT(DISTINCT order_id) AS orders
FROM sales WHERE :year IS NULL OR year = :year
HAVING COUNT(*) > 0`,
		},
		{
			Name: "sales_by_region", NLQ: "What were total sales by region?", Parameters: []parameter{anyYear},
			SQL: `SELECT region, SUM(amount_cents) AS sales_cents
FROM sales WHERE :year IS NULL OR year = :year
GROUP BY region ORDER BY sales_cents DESC`,
		},
		{
			Name: "region_sales", NLQ: "What were total sales in Europe by year?",
			Parameters: []parameter{{"region", "TEXT", "The region", "Europe"}, anyYear},
			SQL: `SELECT year, region, SUM(amount_cents) AS sales_cents
FROM sales WHERE region = :region AND (:year IS NULL OR year = :year)
GROUP BY year, region ORDER BY year`,
		},
		{
			Name: "sales_by_year", NLQ: "How did sales develop by year?", Parameters: []parameter{anyRegion},
			SQL: `SELECT year, SUM(amount_cents) AS sales_cents
FROM sales WHERE :region IS NULL OR region = :region
GROUP BY year ORDER BY year`,
		},
		{
			Name: "sales_by_month", NLQ: "What were sales by month in 2025?", Parameters: []parameter{year(2025), anyRegion},
			SQL: `SELECT month, SUM(amount_cents) AS sales_cents
FROM sales WHERE year = :year AND (:region IS NULL OR region = :region)
GROUP BY month ORDER BY month`,
		},
		{
			Name: "best_month", NLQ: "Which month had the highest sales?", Parameters: []parameter{anyYear, anyRegion},
			SQL: `SELECT month, SUM(amount_cents) AS sales_cents
FROM sales WHERE (:year IS NULL OR year = :year) AND (:region IS NULL OR region = :region)
GROUP BY month ORDER BY sales_cents DESC, month LIMIT 1`,
		},
		{
			Name: "sales_by_category", NLQ: "What was revenue by product category?", Parameters: []parameter{anyYear, anyRegion},
			SQL: `SELECT category, SUM(amount_cents) AS sales_cents, SUM(quantity) AS pieces
FROM sales WHERE (:year IS NULL OR year = :year) AND (:region IS NULL OR region = :region)
GROUP BY category ORDER BY sales_cents DESC`,
		},
		{
			Name: "top_products", NLQ: "What were the top 5 products by sales?", Parameters: []parameter{top(5), anyYear, anyRegion},
			SQL: `SELECT product, category, SUM(amount_cents) AS sales_cents, SUM(quantity) AS pieces
FROM sales WHERE (:year IS NULL OR year = :year) AND (:region IS NULL OR region = :region)
GROUP BY product, category ORDER BY sales_cents DESC, product LIMIT :n`,
		},
		{
			Name: "top_customers", NLQ: "Who were the top 10 customers by sales?", Parameters: []parameter{top(10), anyYear, anyRegion},
			SQL: `SELECT customer, region, SUM(amount_cents) AS sales_cents, COUNT(DISTINCT order_id) AS orders
FROM sales WHERE (:year IS NULL OR year = :year) AND (:region IS NULL OR region = :region)
GROUP BY customer, region ORDER BY sales_cents DESC, customer LIMIT :n`,
		},
	}
	queries = append(queries, orderQueries()...)
	for i := range queries {
		queries[i].VerifiedAt, queries[i].VerifiedBy = "2026-07-01T09:00:00+00:00", "local"
	}
	return queries
}

func orderQueries() []verifiedQuery {
	return []verifiedQuery{
		{
			Name: "sales_by_rep", NLQ: "What were total sales by sales rep?", Parameters: []parameter{anyYear, anyRegion},
			SQL: `SELECT sales_rep, SUM(amount_cents) AS sales_cents, COUNT(DISTINCT order_id) AS orders
FROM sales WHERE (:year IS NULL OR year = :year) AND (:region IS NULL OR region = :region)
GROUP BY sales_rep ORDER BY sales_cents DESC`,
		},
		{
			Name: "average_order_value", NLQ: "What was the average order value?", Parameters: []parameter{anyYear, anyRegion},
			// Rounded to the nearest cent without a float.
			SQL: `SELECT (2 * SUM(amount_cents) + COUNT(DISTINCT order_id)) / (2 * COUNT(DISTINCT order_id)) AS average_order_value_cents,
	COUNT(DISTINCT order_id) AS orders
FROM sales WHERE (:year IS NULL OR year = :year) AND (:region IS NULL OR region = :region)
HAVING COUNT(*) > 0`,
		},
		{
			Name: "orders_by_month", NLQ: "How many orders were there per month in 2025?", Parameters: []parameter{year(2025), anyRegion},
			SQL: `SELECT month, COUNT(DISTINCT order_id) AS orders
FROM sales WHERE year = :year AND (:region IS NULL OR region = :region)
GROUP BY month ORDER BY month`,
		},
		{
			Name: "customers_without_orders", NLQ: "Which customers have placed no orders since 2026-01-01?",
			Parameters: []parameter{{"since", "DATE", "The first day to look at", "2026-01-01"}},
			SQL: `SELECT c.name AS customer, r.name AS region, MAX(o.ordered_on) AS last_order
FROM customers c
JOIN regions r ON r.id = c.region_id
LEFT JOIN orders o ON o.customer_id = c.id
GROUP BY c.id HAVING last_order IS NULL OR last_order < :since
ORDER BY last_order, customer`,
		},
		{
			Name: "return_rate", NLQ: "What is the return rate by product category?", Parameters: []parameter{anyYear, anyRegion},
			SQL: `SELECT category, ROUND(100.0 * SUM(returned_quantity) / SUM(quantity), 2) AS return_rate_percent,
	SUM(returned_quantity) AS pieces_returned, SUM(quantity) AS pieces
FROM sales WHERE (:year IS NULL OR year = :year) AND (:region IS NULL OR region = :region)
GROUP BY category ORDER BY return_rate_percent DESC, category`,
		},
	}
}
