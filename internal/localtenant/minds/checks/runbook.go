package checks

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Runbook is what there is to check.
type Runbook struct {
	Connections map[string]string // ids of data connections by the names the checks use
	Fields      []Field
	Checks      []Check
}

// Field is a field of the payload.
type Field struct {
	Name        string
	Kind        string // text, integer, date or money
	Description string
}

// Check is a query each of whose rows is a finding.
type Check struct {
	Title      string
	Connection string // its name in the runbook
	SQL        string
	Finding    string // may name columns, as {{column}}
}

const (
	connectionsHeading = "data connections"
	payloadHeading     = "payload"
	checkHeading       = "check:"
	findingLabel       = "finding:"
	fence              = "```"
)

var (
	headingLine    = regexp.MustCompile(`^#+\s+(.+?)\s*$`)
	connectionLine = regexp.MustCompile(`^[-*]\s+([\w-]+):\s*(\S+)$`)
	fieldLine      = regexp.MustCompile(`^[-*]\s+(\w+)\s+\((\w+)\):\s*(.+)$`)
)

// Parse reads a runbook. The error names the line, or the check.
func Parse(text string) (Runbook, error) {
	p := parser{book: Runbook{Connections: map[string]string{}}}
	for line := range strings.Lines(text) {
		p.number++
		if err := p.take(strings.TrimRight(line, " \t\r\n")); err != nil {
			return Runbook{}, fmt.Errorf("line %d: %w", p.number, err)
		}
	}
	if p.inFence {
		return Runbook{}, errors.New("the last SQL has no end; close it with " + fence)
	}
	return p.book, p.book.complete()
}

type parser struct {
	book    Runbook
	number  int    // of the line
	section string // the last heading, in lower case
	inFence bool
}

func (p *parser) take(line string) error {
	if p.inFence {
		return p.takeSQL(line)
	}
	if heading := headingLine.FindStringSubmatch(line); heading != nil {
		p.section = strings.ToLower(heading[1])
		if strings.HasPrefix(p.section, checkHeading) {
			p.book.Checks = append(p.book.Checks, Check{Title: strings.TrimSpace(heading[1][len(checkHeading):])})
		}
		return nil
	}
	item := strings.HasPrefix(line, "- ") || strings.HasPrefix(line, "* ")
	switch {
	case strings.HasPrefix(p.section, checkHeading):
		return p.takeCheck(line)
	case p.section == connectionsHeading && item:
		return p.takeConnection(line)
	case p.section == payloadHeading && item:
		return p.takeField(line)
	}
	return nil
}

func (p *parser) takeConnection(line string) error {
	parts := connectionLine.FindStringSubmatch(line)
	if parts == nil {
		return errors.New("write a data connection as - name: id")
	}
	p.book.Connections[parts[1]] = parts[2]
	return nil
}

func (p *parser) takeField(line string) error {
	parts := fieldLine.FindStringSubmatch(line)
	if parts == nil {
		return errors.New("write a field as - name (text): what it is")
	}
	if _, known := readers[parts[2]]; !known {
		return fmt.Errorf("no field is of the kind %q; use text, integer, date or money", parts[2])
	}
	p.book.Fields = append(p.book.Fields, Field{Name: parts[1], Kind: parts[2], Description: parts[3]})
	return nil
}

func (p *parser) takeCheck(line string) error {
	check := &p.book.Checks[len(p.book.Checks)-1]
	if name, ok := strings.CutPrefix(line, fence+"sql"); ok {
		if check.SQL != "" {
			return errors.New("a check has one SQL; begin another check")
		}
		p.inFence = true
		check.Connection = strings.TrimSpace(name)
		return nil
	}
	if len(line) >= len(findingLabel) && strings.EqualFold(line[:len(findingLabel)], findingLabel) {
		check.Finding = strings.TrimSpace(line[len(findingLabel):])
	}
	return nil
}

func (p *parser) takeSQL(line string) error {
	if line == fence {
		p.inFence = false
		return nil
	}
	check := &p.book.Checks[len(p.book.Checks)-1]
	check.SQL = strings.TrimPrefix(check.SQL+"\n"+line, "\n")
	return nil
}

// complete says what is missing.
func (b Runbook) complete() error {
	if len(b.Fields) == 0 {
		return errors.New("it has no fields; list them under ## Payload, such as - amount (money): the total")
	}
	if len(b.Checks) == 0 {
		return errors.New("it has no checks; write them as ## Check: what is right")
	}
	for _, check := range b.Checks {
		switch {
		case strings.TrimSpace(check.SQL) == "":
			return fmt.Errorf("the check %q has no SQL; write it between %ssql name-of-the-connection and %s", check.Title, fence, fence)
		case b.Connections[check.Connection] == "":
			return fmt.Errorf("the check %q is on the data connection %q, which ## Data connections does not list", check.Title, check.Connection)
		case check.Finding == "":
			return fmt.Errorf("the check %q does not say what a row means; add a line Finding: …", check.Title)
		}
	}
	return nil
}

var placeholder = regexp.MustCompile(`\{\{\s*(\w+)\s*\}\}`)

// describe puts a row's values into the words of the finding.
func (c Check) describe(columns []string, row []any) string {
	return placeholder.ReplaceAllStringFunc(c.Finding, func(found string) string {
		at := slices.Index(columns, placeholder.FindStringSubmatch(found)[1])
		switch {
		case at < 0:
			return found
		case row[at] == nil:
			return "nothing"
		}
		return fmt.Sprint(row[at])
	})
}
