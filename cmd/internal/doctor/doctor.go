// Package doctor looks at everything between a host and its agents, from the
// configuration to the answers, and says of each thing that it is well, or what is
// wrong and what to do next. Start from [Doctor.Run].
package doctor

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/rs/zerolog"

	"sema4mcp/cmd/internal/cli"
	"sema4mcp/restclient"
)

// Status is what came of a check.
type Status string

// The statuses.
const (
	OK      Status = "ok"
	Note    Status = "note"    // works, and is good to know
	Problem Status = "problem" // has to be seen to
	Skipped Status = "skipped"
)

// Finding is one line of the report.
type Finding struct {
	Check  string `json:"check"`
	Status Status `json:"status"`
	Text   string `json:"text"`
	Next   string `json:"next,omitzero"` // what to do about it
}

// Check looks at one thing. It fills in Status, Text and Next of what it finds.
type Check struct {
	Name string
	Run  func(context.Context) []Finding
}

// Doctor examines the way that Settings lead. It never reports a key.
type Doctor struct {
	Settings  *cli.Settings
	Broken    error  // what Settings.Complete said
	Ask       string // the agent to ask for its stream: id or name; "" for none but a local tenant's
	UserAgent string
	More      []Check // to be done last
	Logger    zerolog.Logger

	upstream cli.Upstream
	key      string
	client   *restclient.Client // nil where there is no key or no tenant
	agents   []restclient.Agent // that are offered
	answers  bool               // the tenant, with this key
}

// checkWithin bounds one network step; an agent that is asked has longer.
const checkWithin = 15 * time.Second

// Run does all checks, in their order. Each finding is told as it comes, if tell is
// not nil.
func (d *Doctor) Run(ctx context.Context, tell func(Finding)) []Finding {
	defer func() { _ = d.upstream.Close() }()
	var found []Finding
	for _, check := range append(d.checks(), d.More...) {
		for _, finding := range check.Run(ctx) {
			finding.Check = check.Name
			found = append(found, finding)
			if tell != nil {
				tell(finding)
			}
		}
		if ctx.Err() != nil {
			break
		}
	}
	return found
}

func (d *Doctor) checks() []Check {
	return []Check{
		{"configuration", d.configuration},
		{"dns", d.dns},
		{"proxy", d.proxy},
		{"connection", d.connection},
		{"key", d.findKey},
		{"tenant", d.tenant},
		{"base url", d.baseURL},
		{"agents", d.eachAgent},
		{"stream", d.stream},
		{"vendor's mcp", d.vendorMCP},
		{"api document", d.apiDocument},
	}
}

// Problems counts what has to be seen to.
func Problems(found []Finding) int {
	n := 0
	for _, finding := range found {
		if finding.Status == Problem {
			n++
		}
	}
	return n
}

// Print writes a finding on a line for people.
func Print(out io.Writer, finding Finding) {
	text := finding.Text
	if finding.Next != "" {
		text += ". " + finding.Next
	}
	_, _ = fmt.Fprintf(out, "%-8s %-14s %s\n", finding.Status, finding.Check, text) // a reader that has gone needs no report
}

func one(status Status, format string, args ...any) []Finding {
	return []Finding{{Status: status, Text: fmt.Sprintf(format, args...)}}
}

func problem(next, format string, args ...any) []Finding {
	return []Finding{{Status: Problem, Text: fmt.Sprintf(format, args...), Next: next}}
}

// newClient is a client without patience: what fails shall be told.
func (d *Doctor) newClient(transport http.RoundTripper) (*restclient.Client, error) {
	return restclient.New(d.upstream.BaseURL, d.key, restclient.WithTransport(transport), restclient.WithUserAgent(d.UserAgent),
		restclient.WithRetry(restclient.RetryPolicy{}), restclient.WithRequestTimeout(checkWithin))
}

func rounded(d time.Duration) time.Duration {
	if d < 10*time.Millisecond {
		return d.Round(10 * time.Microsecond)
	}
	return d.Round(time.Millisecond)
}
