// Package seed is what a new tenant begins with: the sales database of an
// Package seed is what a new tenant begins with: the databases of an invented
// business, its sales ([OpenSales]) and its purchasing ([OpenPurchasing]), and over
// them data connections, a semantic data model and the agents ([Plant]).
package seed

import (
	"context"
	_ "embed"
	"time"

	"sema4mcp/internal/localtenant/minds/checks"
	"sema4mcp/internal/localtenant/minds/echo"
	"sema4mcp/internal/localtenant/minds/scripted"
	"sema4mcp/internal/localtenant/minds/verified"
	"sema4mcp/internal/localtenant/store"
)

// The ids of what is planted never change.
const (
	SalesAnalystID         = "5a1e0000-0000-4000-8000-000000000001"
	StorytellerID          = "5a1e0000-0000-4000-8000-000000000002"
	EchoID                 = "5a1e0000-0000-4000-8000-000000000003"
	UnicodeID              = "5a1e0000-0000-4000-8000-000000000004"
	InvoiceClerkID         = "5a1e0000-0000-4000-8000-000000000005"
	SalesConnectionID      = "5a1e0000-0000-4000-8000-0000000000d1"
	PurchasingConnectionID = "5a1e0000-0000-4000-8000-0000000000d2"
	SalesModelID           = "5a1e0000-0000-4000-8000-0000000000f1"
)

var (
	//go:embed runbooks/sales-analyst.md
	salesAnalystRunbook string
	//go:embed runbooks/storyteller.md
	storytellerRunbook string
	//go:embed runbooks/echo.md
	echoRunbook string
	//go:embed runbooks/unicode.md
	unicodeRunbook string
	//go:embed runbooks/invoice-clerk.md
	invoiceClerkRunbook string
)

type plantedAgent struct {
	id, name, description, architecture, runbook string
	mode                                         string // when empty, conversational
	models                                       []string
}

var agents = []plantedAgent{
	{
		id: SalesAnalystID, name: "Sales Analyst", architecture: verified.Architecture, runbook: salesAnalystRunbook,
		description: "Answers questions about sales, orders, customers, products and returns from the sales database, with the numbers and the query behind them.",
		models:      []string{SalesModelID},
	},
	{
		id: StorytellerID, name: "Storyteller", architecture: scripted.Architecture, runbook: storytellerRunbook,
		description: "Tells a story, as long as you like: ask for a 90-second story and it takes ninety seconds.",
	},
	{
		id: EchoID, name: "Echo", architecture: echo.Architecture, runbook: echoRunbook,
		description: "Says back what you say, at once.",
	},
	{
		id: UnicodeID, name: "Agenté Ünïcode 🚀", architecture: scripted.Architecture, runbook: unicodeRunbook,
		description: "Answers in many scripts at once: emoji, combining marks, right-to-left and CJK. « Tout va bien ? » – 大丈夫 👍",
	},
	{
		id: InvoiceClerkID, name: "Invoice Clerk", architecture: checks.Architecture, runbook: invoiceClerkRunbook, mode: "worker",
		description: "Checks an invoice against the purchase orders: passes the good ones, and asks for a decision on the doubtful with the reasons.",
	},
}

// Plant adds the data connections, the model and the agents that the tenant does
// not have yet. What is there already stays as it is.
func Plant(ctx context.Context, s *store.Store) error {
	for _, connection := range connections(time.Now()) {
		if err := s.AddDataConnection(ctx, connection); err != nil {
			return err
		}
	}
	if err := s.AddModel(ctx, salesModel()); err != nil {
		return err
	}
	for _, planted := range agents {
		agent := store.NewLiveAgent(planted.id, time.Now())
		agent.Name, agent.Description, agent.RunbookText = planted.name, planted.description, planted.runbook
		agent.ArchitectureName = planted.architecture
		if planted.mode != "" {
			agent.Mode = planted.mode
		}
		if err := s.AddAgent(ctx, agent, planted.models); err != nil {
			return err
		}
	}
	return nil
}
