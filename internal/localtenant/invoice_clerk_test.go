package localtenant_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"sema4mcp/internal/localtenant"
)

// order is a purchase order, as the database has it: the tests name none.
type order struct {
	number, vendor     string
	total, received    int64 // cents
	paidInvoice        string
	invoiceOfTheVendor object
}

// findOrder finds the first order that fits.
func (c *client) findOrder(condition string) order {
	c.t.Helper()
	var o order
	row := c.tenant.PurchasingDB().QueryRowContext(c.t.Context(), `SELECT t.number, vendor, total_cents, received_cents, COALESCE(p.number, '')
		FROM order_totals t LEFT JOIN paid_invoices p ON p.order_number = t.number WHERE `+condition+` ORDER BY t.number LIMIT 1`)
	if err := row.Scan(&o.number, &o.vendor, &o.total, &o.received, &o.paidInvoice); err != nil {
		c.t.Fatal(err)
	}
	o.invoiceOfTheVendor = object{"invoice_number": "R-77", "vendor": o.vendor, "po_number": o.number, "amount": money(o.total)}
	return o
}

const (
	arrived    = "received_cents = total_cents AND p.number IS NULL"
	notArrived = "received_cents = 0"
	halfHere   = "received_cents > 0 AND received_cents < total_cents"
	paidFor    = "p.number IS NOT NULL"
)

func money(cents int64) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) }

// but changes some fields of a payload; nil takes one out.
func (o order) but(changes object) object {
	payload := maps.Clone(o.invoiceOfTheVendor)
	for field, value := range changes {
		if payload[field] = value; value == nil {
			delete(payload, field)
		}
	}
	return payload
}

// lastText is what the agent said last.
func lastText(item object) string {
	messages := item["messages"].([]any)
	return texts(messages[len(messages)-1].(object))
}

func TestInvoiceClerkPassesGoodInvoices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, localtenant.Config{})
		good, partly := c.findOrder(arrived), c.findOrder(halfHere)
		for name, payload := range map[string]object{
			"exact":             good.but(nil),
			"number":            good.but(object{"amount": float64(good.total) / 100}),
			"within tolerance":  good.but(object{"amount": money(good.total + good.total/50)}),
			"less":              good.but(object{"amount": money(good.total / 2)}),
			"spelled otherwise": good.but(object{"po_number": strings.ToLower(good.number) + " ", "vendor": strings.ToUpper(good.vendor), "more": []int{1}}),
			"what has arrived":  partly.but(object{"amount": money(partly.received)}),
		} {
			item := c.settle(c.createItem(object{"agent_id": localtenant.InvoiceClerkID, "payload": payload}))
			if text := lastText(item); item["status"] != "COMPLETED" || !strings.Contains(text, "nothing against it") || !strings.Contains(text, "- The goods have arrived") {
				t.Errorf("%s: %v: %s", name, item["status"], text)
			}
		}
	})
}

// Whoever has the API alone can make an agent that does work items.
func TestWorkersCanBeCreated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, localtenant.Config{})
		clerk := get[object](c, http.MethodGet, "/agents/"+localtenant.InvoiceClerkID, "")
		made := get[object](c, http.MethodPost, "/agents", encoded(object{
			"name": "Second Clerk", "runbook_text": clerk["runbook_text"], "architecture_name": clerk["architecture_name"],
		}))
		if made["mode"] != "worker" {
			t.Errorf("an agent that checks payloads is %v", made["mode"])
		}
		get[object](c, http.MethodPost, "/agents/"+made["id"].(string)+"/publish", `{}`)
		path := c.createItem(object{"agent_id": made["id"], "payload": c.findOrder(notArrived).but(nil)})
		if item := c.settle(path); item["status"] != "NEEDS_REVIEW" {
			t.Errorf("the item is %v: %s", item["status"], lastText(item))
		}
		c.act(path, "complete")
		if item := c.item(path); item["status"] != "COMPLETED" {
			t.Errorf("the item is %v in the end", item["status"])
		}
		for mode, spec := range map[string]string{
			"worker":         "name: Third Clerk\narchitecture: payload-checks",
			"conversational": "name: Talker\narchitecture: payload-checks\nmetadata: {mode: conversational}",
		} {
			imported := c.sendPackage(http.MethodPost, "/agents/import", packed(t, spec, nil))
			if imported["mode"] != mode {
				t.Errorf("%s: imported as %v", spec, imported["mode"])
			}
		}
	})
}

func TestInvoiceClerkDoubts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, localtenant.Config{})
		good, missing, partly, settled := c.findOrder(arrived), c.findOrder(notArrived), c.findOrder(halfHere), c.findOrder(paidFor)
		over := good.total + good.total/50 + 1
		for name, test := range map[string]struct {
			payload object
			says    []string
		}{
			"unknown order": {good.but(object{"po_number": "PO-9"}), []string{"There is no purchase order PO-9."}},
			"other vendor":  {good.but(object{"vendor": "Nobody Ltd"}), []string{good.number + " was ordered from " + good.vendor + ", but the invoice is from Nobody Ltd."}},
			"amount over":   {good.but(object{"amount": money(over)}), []string{"asks for $" + usd(over), "$" + usd(over-good.total) + " over the $" + usd(good.total) + " of " + good.number}},
			"not received":  {missing.but(nil), []string{"Goods worth $0.00 have arrived for " + missing.number + ", but the invoice asks for $" + usd(missing.total)}},
			"half received": {partly.but(nil), []string{"Goods worth $" + usd(partly.received) + " have arrived"}},
			"duplicate":     {settled.but(object{"invoice_number": strings.ToLower(settled.paidInvoice)}), []string{settled.paidInvoice + " of " + settled.vendor + " was paid on 20"}},
			"paid twice":    {settled.but(nil), []string{"with $" + usd(settled.total) + " paid already"}},
			"negative":      {good.but(object{"amount": "-0.05"}), []string{"asks for -$0.05"}},
		} {
			item := c.settle(c.createItem(object{"agent_id": localtenant.InvoiceClerkID, "payload": test.payload}))
			text := lastText(item)
			if item["status"] != "NEEDS_REVIEW" || !strings.Contains(text, "one thing speaks against it") || !strings.Contains(text, "Please decide") {
				t.Errorf("%s: %v: %s", name, item["status"], text)
			}
			for _, part := range test.says {
				if !strings.Contains(text, part) {
					t.Errorf("%s: %q is not in %s", name, part, text)
				}
			}
		}
		both := c.settle(c.createItem(object{"agent_id": localtenant.InvoiceClerkID, "payload": missing.but(object{"vendor": "X"})}))
		if !strings.Contains(lastText(both), "2 things speak against it") {
			t.Errorf("two doubts: %s", lastText(both))
		}
	})
}

// say posts a message into an item's thread and gives the answer.
func (c *client) say(item object, text string) string {
	c.t.Helper()
	answer := c.post(fmt.Sprintf("/agents/%s/conversations/%s", item["agent_id"], item["thread_id"]), text)
	return texts(answer[len(answer)-1])
}

func (c *client) act(path, action string) object {
	c.t.Helper()
	return get[object](c, http.MethodPost, path+"/"+action, "")
}

func TestInvoiceClerkDecisions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, localtenant.Config{})
		doubtful := object{"agent_id": localtenant.InvoiceClerkID, "payload": c.findOrder(notArrived).but(nil)}
		for message, verdict := range map[string]string{
			"approve": "approved",
			"I've spoken with them. Accepted, pay it.": "approved",
			"Rejected!": "rejected",
			"We decline: nothing has arrived\nso far":    "rejected",
			"please do not approve":                      "",
			"Should I approve this?":                     "",
			"Approve it. No, reject it.":                 "",
			"The approvers' handbook says nothing of it": "",
		} {
			path := c.createItem(doubtful)
			item := c.settle(path)
			said := c.say(item, message)
			if item := c.item(path); item["status"] != "NEEDS_REVIEW" {
				t.Errorf("%q alone changed the status to %v", message, item["status"])
			}
			c.act(path, "continue")
			item = c.settle(path)
			want, says := "NEEDS_REVIEW", "Please decide"
			if verdict != "" {
				want, says = "COMPLETED", "Recorded: "+verdict+" by the user."
			}
			if text := lastText(item); item["status"] != want || !strings.Contains(text, says) || !strings.Contains(said, says) {
				t.Errorf("%q: %v: %s", message, item["status"], text)
			}
		}
	})
}

func TestInvoiceClerkChecksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, localtenant.Config{})
		good := c.findOrder(arrived)
		path := c.createItem(object{"agent_id": localtenant.InvoiceClerkID, "payload": good.but(object{"po_number": "PO-9"})})
		item := c.settle(path)
		if got := c.act(path, "continue"); got["status"] != "PENDING" || got["thread_id"] != item["thread_id"] {
			t.Errorf("continue: %v", got)
		}
		item = c.settle(path)
		if text := lastText(item); item["status"] != "NEEDS_REVIEW" || !strings.Contains(text, "no purchase order PO-9") || len(item["messages"].([]any)) != 3 {
			t.Errorf("without a decision: %v: %s", item["status"], text)
		}
		c.say(item, "Sorry, this one: "+encoded(good.but(nil)))
		c.act(path, "continue")
		if item = c.settle(path); item["status"] != "COMPLETED" || !strings.Contains(lastText(item), "nothing against it") {
			t.Errorf("with another payload: %v: %s", item["status"], lastText(item))
		}
		// A decision is about the payload it followed.
		c.say(item, "approve")
		c.say(item, encoded(good.but(object{"po_number": "PO-8"})))
		c.act(path, "continue")
		if item = c.settle(path); item["status"] != "NEEDS_REVIEW" {
			t.Errorf("a decision about an earlier payload: %v: %s", item["status"], lastText(item))
		}
	})
}

func TestInvoiceClerkAsksForThePayload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, localtenant.Config{})
		good := c.findOrder(arrived)
		for name, test := range map[string]struct {
			payload any
			says    string
		}{
			"nothing":     {nil, "Please send a JSON object with these fields"},
			"empty":       {object{}, "Please send a JSON object with these fields"},
			"other":       {object{"x": 1}, "`po_number` is missing: the purchase order"},
			"blank":       {good.but(object{"vendor": "  "}), "`vendor` is missing"},
			"null":        {good.but(object{"vendor": nil}), "`vendor` is missing"},
			"mistyped":    {good.but(object{"vendor": []string{"x"}}), "`vendor` must be a text"},
			"no amount":   {good.but(object{"amount": "much"}), "`amount` must be an amount such as 1250.00"},
			"three cents": {good.but(object{"amount": 1.234}), "`amount` must be an amount such as 1250.00"},
			"huge":        {good.but(object{"amount": 1e300}), "`amount` must be an amount such as 1250.00"},
		} {
			path := c.createItem(object{"agent_id": localtenant.InvoiceClerkID, "payload": test.payload})
			item := c.settle(path)
			if text := lastText(item); item["status"] != "NEEDS_REVIEW" || !strings.Contains(text, test.says) {
				t.Errorf("%s: %v: %s", name, item["status"], text)
			}
		}
		// In a chat as well.
		conversation := c.converse(localtenant.InvoiceClerkID)
		for _, test := range []struct{ message, says string }{
			{"approve", "Please send a JSON object"}, // nothing has been asked
			{"Check " + encoded(good.but(nil)) + ", please.", "nothing against it"},
			{encoded(good.but(object{"po_number": "{}"})), "There is no purchase order {}."},
			{"approve, it is {fine}", "Recorded: approved"},
		} {
			answer := c.post(conversation, test.message)
			if text := texts(answer[len(answer)-1]); !strings.Contains(text, test.says) {
				t.Errorf("%s: %s", test.message, text)
			}
		}
	})
}

func TestInvoiceClerkShowsItsSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, localtenant.Config{})
		item := c.settle(c.createItem(object{"agent_id": localtenant.InvoiceClerkID, "payload": c.findOrder(notArrived).but(nil)}))
		messages := item["messages"].([]any)
		calls := 0
		for _, content := range items(messages[len(messages)-1].(object)) {
			if content["kind"] == "tool_call" {
				calls++
				if content["name"] != "run_check" || content["status"] != "finished" || !strings.Contains(content["arguments_raw"].(string), `"sql_query":"`) ||
					!strings.Contains(content["result"].(string), `"rows":[`) {
					t.Errorf("call %v", content)
				}
			}
		}
		if calls != 6 {
			t.Errorf("%d calls", calls)
		}
	})
}
