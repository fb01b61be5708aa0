package doctor

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"
)

// maxDocument bounds a deployment's OpenAPI document.
const maxDocument = 16 << 20

// apiDocument holds the deployment's own description of its API against the
// operations that the client is written for.
func (d *Doctor) apiDocument(ctx context.Context) []Finding {
	if d.client == nil {
		return one(Skipped, "no tenant or no key")
	}
	ctx, cancel := context.WithTimeout(ctx, checkWithin)
	defer cancel()
	download, err := d.client.OpenAPI(ctx)
	if err != nil {
		return one(Note, "the deployment serves none: %v", err)
	}
	defer download.Close()
	data, err := io.ReadAll(io.LimitReader(download, maxDocument))
	if err != nil {
		return one(Note, "cannot be read: %v", err)
	}
	theirs, err := readDocument(data)
	if err != nil {
		return one(Note, "cannot be read: %v", err)
	}
	return compare(contractOperations(), theirs)
}

// operation is an operation of an API document, as far as it is compared.
type operation struct {
	method, path string   // variable segments are {}
	confidence   string   // of our contract: documented, observed or assumed
	parameters   []string // of the query, sorted
	required     []string // those of them that have to be there
	bodies       []string // media types of the request, sorted
}

func (o operation) name() string { return o.method + " " + o.path }

// contractTable is the contract's operations, one a line: method, path, confidence,
// parameters of the query and media types of the request, or - for none. A test
// keeps it in step with the contract.
//
//go:embed operations.txt
var contractTable string

func contractOperations() []operation {
	var operations []operation
	for line := range strings.Lines(contractTable) {
		fields := strings.Fields(line)
		operations = append(operations, operation{method: fields[0], path: fields[1], confidence: fields[2], parameters: listed(fields[3]), bodies: listed(fields[4])})
	}
	return operations
}

func listed(field string) []string {
	if field == "-" {
		return nil
	}
	return strings.Split(field, ",")
}

// needed are the operations without which no agent can be asked.
var needed = []string{
	"GET /agents", "GET /agents/{}/conversations", "POST /agents/{}/conversations",
	"GET /agents/{}/conversations/{}/messages", "POST /agents/{}/conversations/{}/messages",
}

func compare(ours []operation, theirs map[string]operation) []Finding {
	var missing, differing []string
	status := Note
	for _, our := range ours {
		their, ok := theirs[our.name()]
		if !ok {
			missing = append(missing, fmt.Sprintf("%s (%s)", our.name(), our.confidence))
			if slices.Contains(needed, our.name()) {
				status = Problem
			}
		} else if difference := our.differs(their); difference != "" {
			differing = append(differing, our.name()+" ("+difference+")")
		}
	}
	if len(missing)+len(differing) == 0 {
		return one(OK, "has all %d operations that this program knows, as it knows them", len(ours))
	}
	found := Finding{Status: status, Text: fmt.Sprintf("has %d of the %d operations that this program knows", len(ours)-len(missing), len(ours))}
	if len(missing) > 0 {
		found.Text += "; missing: " + strings.Join(missing, ", ")
	}
	if len(differing) > 0 {
		found.Text += "; differing: " + strings.Join(differing, ", ")
	}
	if status == Problem {
		found.Next = "Without those no agent can be asked: update this program, or the deployment"
	}
	return []Finding{found}
}

// differs says how their operation is another than ours, as far as ours would fail.
func (o operation) differs(their operation) string {
	var differences []string
	for _, name := range o.parameters {
		if !slices.Contains(their.parameters, name) {
			differences = append(differences, "no parameter "+name)
		}
	}
	for _, name := range their.required {
		if !slices.Contains(o.parameters, name) {
			differences = append(differences, "wants the parameter "+name)
		}
	}
	if len(o.bodies) > 0 && !slices.ContainsFunc(o.bodies, func(b string) bool { return slices.Contains(their.bodies, b) }) {
		differences = append(differences, "takes "+cmp.Or(strings.Join(their.bodies, " or "), "no body"))
	}
	return strings.Join(differences, ", ")
}
