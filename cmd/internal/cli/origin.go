package cli

import (
	"fmt"

	"sema4mcp/internal/configfile"
)

// OriginKind is by what a setting was set.
type OriginKind string

// The kinds of origin, the one that wins first.
const (
	FromFlag     OriginKind = "flag"
	FromVariable OriginKind = "variable"
	FromFile     OriginKind = "file"
	FromDefault  OriginKind = "" // nobody has set it
)

// Origin says where a setting's value comes from.
type Origin struct {
	Kind    OriginKind
	Name    string // of the flag, the variable or the file
	Line    int    // in the file
	Profile string // "" for what all profiles of the file share
}

func (o Origin) String() string {
	switch o.Kind {
	case FromFile:
		return fmt.Sprintf("%s:%d", o.Name, o.Line)
	case FromDefault:
		return "default"
	}
	return string(o.Kind) + " " + o.Name
}

// rank is lower for what wins.
func (o Origin) rank() int {
	switch {
	case o.Kind == FromFlag:
		return 0
	case o.Kind == FromVariable:
		return 1
	case o.Kind == FromFile && o.Profile != "":
		return 2
	case o.Kind == FromFile:
		return 3
	}
	return 4
}

func (o Origin) before(other Origin) bool { return o.rank() < other.rank() }

func (o Origin) orElse(other Origin) Origin {
	if o.Kind == FromDefault {
		return other
	}
	return o
}

// fault is an error about the value that came from here. The rest of the sentence
// begins with its space or colon.
func (o Origin) fault(name, rest string) error {
	switch o.Kind {
	case FromFile:
		return &configfile.Error{Path: o.Name, Line: o.Line, Message: name + rest}
	default:
		return &UsageError{o.Name + rest}
	}
}
