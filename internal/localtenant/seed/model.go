package seed

import (
	"encoding/json"

	"sema4mcp/internal/localtenant/store"
)

type object = map[string]any

// salesModel is the semantic data model over the sales database.
func salesModel() store.Model {
	const description = "Orders, customers, products and returns of an office supplier, 2024 to 2026. Amounts are in whole cents of US dollars."
	definition, err := json.Marshal(object{
		"name":             "sales",
		"description":      description,
		"tables":           []object{ordersTable()},
		"relationships":    []object{},
		"verified_queries": salesQueries(),
	})
	if err != nil {
		panic("seed: " + err.Error()) // made of texts and numbers alone
	}
	return store.Model{ID: SalesModelID, Name: "sales", Description: description, Source: "seed", Definition: definition}
}

func ordersTable() object {
	return object{
		"name":     "sales",
		"synonyms": []string{"revenue", "turnover", "income", "sold", "sell", "sale"},
		"base_table": object{
			"data_connection_id": SalesConnectionID, "database": "sales", "schema": "main", "table": "sales",
		},
		"dimensions": []object{
			dimension("region", "Where the customer is", regionNames, "territory", "area", "continent"),
			dimension("category", "Kind of product", categories(), "group", "department"),
			dimension("customer", "Who ordered", nil, "client", "buyer", "account"),
			dimension("product", "What was ordered", nil, "item", "article"),
			dimension("rep", "Who sold it", nil, "representative", "salesperson", "seller", "salesman", "saleswoman"),
			dimension("order", "The order", nil, "purchase", "ordered", "bought", "buy"),
			dimension("return", "Goods that came back", nil, "returned", "refund", "refunded"),
		},
		"time_dimensions": []object{
			{"name": "ordered_on", "expr": "ordered_on", "data_type": "DATE", "description": "Day of the order"},
			{"name": "month", "expr": "month", "data_type": "TEXT", "description": "Month of the order, as 2025-03"},
			{"name": "year", "expr": "year", "data_type": "INTEGER", "description": "Year of the order"},
		},
		"facts": []object{
			{"name": "quantity", "expr": "quantity", "data_type": "INTEGER", "description": "Pieces ordered"},
			{"name": "returned_quantity", "expr": "returned_quantity", "data_type": "INTEGER", "description": "Pieces sent back"},
			{"name": "amount_cents", "expr": "amount_cents", "data_type": "INTEGER", "description": "What the line cost, in cents"},
		},
		"metrics": []object{
			{"name": "sales_cents", "expr": "SUM(amount_cents)", "data_type": "INTEGER", "description": "Sales in cents, returns included"},
		},
	}
}

func dimension(name, description string, values []string, synonyms ...string) object {
	return object{
		"name": name, "expr": expressions[name], "data_type": "TEXT", "description": description,
		"synonyms": synonyms, "is_enum": len(values) > 0, "sample_values": append([]string{}, values...),
	}
}

// expressions are the columns behind the dimensions.
var expressions = map[string]string{
	"region": "region", "category": "category", "customer": "customer", "product": "product",
	"rep": "sales_rep", "order": "order_id", "return": "returned_quantity > 0",
}

func categories() []string {
	names := make([]string, len(catalogue))
	for i, line := range catalogue {
		names[i] = line.category
	}
	return names
}
