package localtenant_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"sema4mcp/internal/localtenant"
)

// usd writes cents as the analyst does.
func usd(cents int64) string {
	whole := fmt.Sprint(cents / 100)
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return fmt.Sprintf("%s.%02d", whole, cents%100)
}

func TestSalesAnalystAgainstTheDatabase(t *testing.T) {
	t.Parallel()
	synctest.Test(t, testSalesAnalystAgainstTheDatabase)
}

func testSalesAnalystAgainstTheDatabase(t *testing.T) {
	c := start(t, localtenant.Config{})
	conversation := c.converse(localtenant.SalesAnalystID)
	for _, test := range []struct{ question, check string }{
		{"What were total sales by region?", `SELECT r.name, SUM(l.quantity * l.unit_price_cents) FROM order_lines l JOIN orders o ON o.id = l.order_id JOIN customers c ON c.id = o.customer_id JOIN regions r ON r.id = c.region_id GROUP BY r.name`},
		{"Total revenue per territory in 2025, please", `SELECT r.name, SUM(l.quantity * l.unit_price_cents) FROM order_lines l JOIN orders o ON o.id = l.order_id JOIN customers c ON c.id = o.customer_id JOIN regions r ON r.id = c.region_id WHERE o.ordered_on LIKE '2025-%' GROUP BY r.name`},
		{"and in 2024?", `SELECT r.name, SUM(l.quantity * l.unit_price_cents) FROM order_lines l JOIN orders o ON o.id = l.order_id JOIN customers c ON c.id = o.customer_id JOIN regions r ON r.id = c.region_id WHERE o.ordered_on LIKE '2024-%' GROUP BY r.name`},
		{"Who are our top three clients in Europe?", `SELECT c.name, SUM(l.quantity * l.unit_price_cents) AS s FROM order_lines l JOIN orders o ON o.id = l.order_id JOIN customers c ON c.id = o.customer_id WHERE c.region_id = 2 GROUP BY c.id ORDER BY s DESC LIMIT 3`},
	} {
		answer := c.post(conversation, test.question)
		text := texts(answer[len(answer)-1])
		rows, err := c.tenant.SalesDB().QueryContext(t.Context(), test.check)
		if err != nil {
			t.Fatal(err)
		}
		count := 0
		for rows.Next() {
			var name string
			var cents int64
			if err := rows.Scan(&name, &cents); err != nil {
				t.Fatal(err)
			}
			count++
			if !strings.Contains(text, "| "+name+" |") || !strings.Contains(text, " "+usd(cents)+" |") {
				t.Errorf("%s: no row for %s with %s in\n%s", test.question, name, usd(cents), text)
			}
		}
		if err := rows.Close(); err != nil || count == 0 {
			t.Errorf("%s: %d rows to check, error %v", test.question, count, err)
		}
	}
}

func TestSalesAnalystShowsItsSteps(t *testing.T) {
	t.Parallel()
	synctest.Test(t, testSalesAnalystShowsItsSteps)
}

func testSalesAnalystShowsItsSteps(t *testing.T) {
	c := start(t, localtenant.Config{})
	conversation := c.converse(localtenant.SalesAnalystID)
	s := c.stream(conversation, "What were sales by month in 2025?")
	defer s.close()
	events, err := s.rest()
	if err != nil {
		t.Fatal(err)
	}
	message, err := assemble(events)
	if err != nil {
		t.Fatal(err)
	}
	var kinds, statuses []string
	for _, item := range items(message[0]) {
		kinds = append(kinds, item["kind"].(string))
	}
	if want := []string{"thought", "tool_call", "tool_call", "vega_chart", "text"}; !slices.Equal(kinds, want) {
		t.Fatalf("items %q, want %q", kinds, want)
	}
	pieces := 0
	for _, event := range events {
		delta, _ := event.data["delta"].(object)
		switch delta["path"] {
		case "/content/1/status":
			statuses = append(statuses, delta["value"].(string))
		case "/content/4/text":
			pieces++
		}
	}
	if !slices.Equal(statuses, []string{"running", "finished"}) || pieces < 20 {
		t.Errorf("statuses %q, %d pieces of text", statuses, pieces)
	}
	call := items(message[0])[1]
	var arguments, result object
	if err := json.Unmarshal([]byte(call["arguments_raw"].(string)), &arguments); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(call["result"].(string)), &result); err != nil {
		t.Fatal(err)
	}
	if call["name"] != "query_semantic_data_model" || arguments["verified_query"] != "sales_by_month" || !strings.HasPrefix(arguments["sql_query"].(string), "SELECT") || len(result["rows"].([]any)) != 12 {
		t.Errorf("call %v", call)
	}
	var chart object
	if err := json.Unmarshal([]byte(items(message[0])[3]["chart_spec_raw"].(string)), &chart); err != nil {
		t.Fatal(err)
	}
	if chart["mark"] != "line" || len(chart["data"].(object)["values"].([]any)) != 12 {
		t.Errorf("chart %v", chart)
	}
}

func TestSalesAnalystKnowsItsLimits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, testSalesAnalystKnowsItsLimits)
}

func testSalesAnalystKnowsItsLimits(t *testing.T) {
	c := start(t, localtenant.Config{})
	conversation := c.converse(localtenant.SalesAnalystID)
	for _, test := range []struct{ question, says string }{
		{"and in 2024?", "I have no verified query for that"}, // nothing comes before it
		{"What is the weather in Paris?", "I have no verified query for that"},
		{"Delete all orders", "- What were total sales by region?"},
		{"What were sales by month in 1999?", "found nothing: no rows answer “What were sales by month in 2025?” with year = 1999"},
		{"What were sales by month?", "I took year = 2025"},
		{"What were total sales?", "sales **$"},
		{"and in 1999?", "found nothing"},
		{"average order value in Latin America", "average order value **$"},
	} {
		answer := c.post(conversation, test.question)
		if text := texts(answer[len(answer)-1]); !strings.Contains(text, test.says) {
			t.Errorf("%s: %q does not say %q", test.question, text, test.says)
		}
	}
}

func TestAnalystWithoutAModel(t *testing.T) {
	c := start(t, localtenant.Config{Agents: []localtenant.AgentSpec{
		{ID: "7e570000-0000-4000-8000-000000000002", Name: "New", Architecture: "verified-queries"},
	}})
	answer := c.post(c.converse("7e570000-0000-4000-8000-000000000002"), "Total sales?")
	if text := texts(answer[1]); !strings.Contains(text, "no semantic data model") {
		t.Errorf("answer %q", text)
	}
}

func TestAnalystWithABrokenModel(t *testing.T) {
	dir := t.TempDir()
	c := start(t, localtenant.Config{DataDir: dir, Logger: quiet})
	if err := changeStored(t, dir, `UPDATE semantic_data_models SET model = '{}'`); err != nil {
		t.Fatal(err)
	}
	got := c.refuse(http.StatusInternalServerError, http.MethodPost, c.converse(localtenant.SalesAnalystID)+"/messages", content("Total sales?"))
	if got != "The agent failed." {
		t.Errorf("answer %q", got)
	}
}

func TestStoryTakesTheTimeItIsGiven(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := start(t, localtenant.Config{})
		for message, length := range map[string]time.Duration{
			"Tell me a 90-second story": 90 * time.Second,
			"Tell me a story":           3 * time.Second,
		} {
			s := c.stream(c.converse(localtenant.StorytellerID), message)
			begun, last := time.Now(), time.Now()
			var gap time.Duration
			kinds := map[string]bool{}
			for {
				event, err := s.next()
				if err != nil {
					break
				}
				if event.comment != "" {
					t.Error("the words did not come all along: a comment kept the stream alive")
				}
				gap, last = max(gap, time.Since(last)), time.Now()
				if delta, _ := event.data["delta"].(object); delta["op"] == "add" {
					if item, ok := delta["value"].(object); ok {
						kinds[fmt.Sprint(item["kind"])] = true
					}
				}
			}
			s.close()
			if elapsed := time.Since(begun); elapsed.Round(time.Millisecond) != length || gap > length/100 {
				t.Errorf("%s: took %v with a gap of %v", message, elapsed, gap)
			}
			if !kinds["text"] || !kinds["thought"] || !kinds["tool_call"] {
				t.Errorf("%s: items %v", message, kinds)
			}
		}
	})
}

func TestUnicodeAgent(t *testing.T) {
	c := start(t, localtenant.Config{})
	const said = "“🚀” <b>\u2028\\ \"q\" é é"
	answer := c.post(c.converse(localtenant.UnicodeID), said)[1]
	text := texts(answer)
	for _, part := range []string{said, "👋🏽", "שלום", "مرحبا", "世界", "e\u0301", "👨‍👩‍👧‍👦", "\u2028", "\u2029", "<script>", "&amp;"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in the answer", part)
		}
	}
	if !utf8.ValidString(text) {
		t.Error("the answer is not UTF-8")
	}
	call := items(answer)[1]
	var arguments object
	if err := json.Unmarshal([]byte(call["arguments_raw"].(string)), &arguments); err != nil || arguments["text"] != said {
		t.Errorf("arguments %v: %v", call["arguments_raw"], err)
	}
}
