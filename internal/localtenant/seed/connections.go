package seed

import (
	"encoding/json"
	"time"

	"sema4mcp/internal/localtenant/store"
	"sema4mcp/internal/localtenant/thread"
)

// The db_file of the data connections to the databases that are planted.
const (
	SalesFile      = "sales.sqlite"
	PurchasingFile = "purchasing.sqlite"
)

func connections(now time.Time) []store.DataConnection {
	return []store.DataConnection{
		connection(SalesConnectionID, "Sales database", SalesFile, "Orders, customers and products of an office supplier.", now),
		connection(PurchasingConnectionID, "Purchasing database", PurchasingFile, "Vendors, purchase orders, receipts and paid invoices of the same office supplier.", now),
	}
}

func connection(id, name, file, description string, now time.Time) store.DataConnection {
	configuration, err := json.Marshal(object{"db_file": file})
	if err != nil {
		panic("seed: " + err.Error()) // made of texts alone
	}
	at := thread.Timestamp(now).String()
	return store.DataConnection{
		ID: id, Name: name, Engine: "sqlite", Configuration: configuration, Description: description, CreatedAt: at, UpdatedAt: at,
	}
}
