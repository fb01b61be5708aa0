package datasource

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// statement is one query with its named parameters found.
type statement struct {
	pieces []string // the text between the parameters: one more than names
	names  []string // in order of appearance
}

// reader is where parseStatement stands, which is at the begin of a token.
type reader struct {
	text     string
	at       int
	postgres bool
}

// parseStatement finds the :name parameters of a query. Literals, quoted names,
// comments and casts hold none. What does not read, or is more than one
// statement, is refused: SQLite itself would run them all. It must divide a text
// into tokens as the database does.
func parseStatement(text string, postgres bool) (statement, error) {
	if strings.ContainsRune(text, 0) {
		return statement{}, failure("the query must not have a NUL character")
	}
	r := &reader{text: text, postgres: postgres}
	var (
		s     statement
		first string // keyword
		begun int    // of the present piece
		end   = -1   // where a semicolon ended the statement
	)
	for r.at < len(text) {
		start := r.at
		switch {
		case r.skipBlank():
		case text[r.at] == ';':
			if r.at++; end < 0 {
				end = start
			}
		case end >= 0:
			return statement{}, failure("the query must be a single statement")
		case r.skipQuoted():
		case r.isParameter():
			r.at++
			s.pieces = append(s.pieces, text[begun:start])
			s.names = append(s.names, r.word())
			begun = r.at
		case postgres && r.isNumbered():
			return statement{}, failure("the query must name its parameters: write :name instead of $1")
		case isDigit(text[r.at]):
			if r.number(); postgres && r.at < len(text) && strings.IndexByte("'$", text[r.at]) >= 0 {
				return statement{}, failure("the query must have a space between %q and what follows", text[start:r.at])
			}
		default:
			if word := r.identifier(); word == "" {
				r.at++
			} else if first == "" {
				first = strings.ToUpper(word)
			}
		}
	}
	if !slices.Contains([]string{"SELECT", "WITH", "VALUES"}, first) {
		return statement{}, failure("the query must begin with SELECT, WITH or VALUES: data connections are only read")
	}
	if end < 0 {
		end = len(text)
	}
	s.pieces = append(s.pieces, text[begun:end])
	return s, nil
}

// skipBlank passes over space or one comment.
func (r *reader) skipBlank() bool {
	rest := r.text[r.at:]
	switch {
	case rest == "":
		return false
	case strings.HasPrefix(rest, "--"):
		r.skipLineComment()
	case strings.HasPrefix(rest, "/*"):
		r.skipBlockComment()
	case strings.IndexByte(" \t\r\n\f\v", rest[0]) >= 0:
		r.at++
	default:
		return false
	}
	return true
}

// skipLineComment passes over a comment; PostgreSQL's also end with a carriage
// return.
func (r *reader) skipLineComment() {
	ends := "\n"
	if r.postgres {
		ends = "\r\n"
	}
	if i := strings.IndexAny(r.text[r.at:], ends); i >= 0 {
		r.at += i + 1
	} else {
		r.at = len(r.text)
	}
}

// skipBlockComment passes over a comment; PostgreSQL's nest.
func (r *reader) skipBlockComment() {
	depth := 0
	for r.at < len(r.text) {
		switch rest := r.text[r.at:]; {
		case strings.HasPrefix(rest, "/*") && (depth == 0 || r.postgres):
			depth++
			r.at += 2
		case strings.HasPrefix(rest, "*/"):
			depth--
			r.at += 2
			if depth == 0 {
				return
			}
		default:
			r.at++
		}
	}
}

// skipQuoted passes over a literal or a quoted name.
func (r *reader) skipQuoted() bool {
	rest := r.text[r.at:]
	switch c := rest[0]; {
	case c|0x20 == 'e' && r.postgres && strings.HasPrefix(rest[1:], "'"):
		r.skipEscapeString()
	case c == '\'' || c == '"' || c == '`' && !r.postgres:
		r.to(rest[:1], 1) // a doubled quote begins anew at once
	case c == '[' && !r.postgres:
		r.to("]", 1)
	case c == '$' && r.postgres:
		tag, ok := dollarTag(rest)
		if !ok {
			return false
		}
		r.to(tag, len(tag))
	default:
		return false
	}
	return true
}

// to goes behind the next end, which is looked for after skip bytes.
func (r *reader) to(end string, skip int) {
	r.at += skip
	if i := strings.Index(r.text[r.at:], end); i >= 0 {
		r.at += i + len(end)
	} else {
		r.at = len(r.text)
	}
}

// skipEscapeString passes over an E'…'.
func (r *reader) skipEscapeString() {
	for r.at += 2; r.at < len(r.text); {
		switch r.text[r.at] {
		case '\\':
			r.at += 2
		case '\'':
			if r.at++; !r.goesOn() {
				return
			}
		default:
			r.at++
		}
	}
	r.at = len(r.text)
}

// goesOn tells whether the string that a quote has just ended goes on: with another
// quote, at once or on a later line with nothing but blanks and comments of a line
// between.
func (r *reader) goesOn() bool {
	begun := r.at
	for r.at < len(r.text) && !strings.HasPrefix(r.text[r.at:], "/*") && r.skipBlank() {
	}
	blank := r.text[begun:r.at]
	if strings.HasPrefix(r.text[r.at:], "'") && (blank == "" || strings.ContainsAny(blank, "\r\n")) {
		r.at++
		return true
	}
	r.at = begun
	return false
}

// dollarTag is the $tag$ a text begins with.
func dollarTag(text string) (string, bool) {
	end := strings.IndexByte(text[1:], '$')
	if end < 0 {
		return "", false
	}
	name := text[1 : end+1] // without a $, therefore
	for i := range len(name) {
		if !isIdentifierByte(name[i]) || i == 0 && isDigit(name[i]) {
			return "", false
		}
	}
	return text[:end+2], true
}

// isNumbered tells whether a parameter such as $1 begins here.
func (r *reader) isNumbered() bool {
	rest := r.text[r.at:]
	return rest[0] == '$' && len(rest) > 1 && isDigit(rest[1])
}

// isParameter tells whether a :name begins here. The colons of casts and of array
// slices such as a[i:j] begin none.
func (r *reader) isParameter() bool {
	rest := r.text[r.at:]
	if rest[0] != ':' || len(rest) < 2 || r.afterWord() {
		return false
	}
	if r.at > 0 && strings.IndexByte(`:)]"'`, r.text[r.at-1]) >= 0 {
		return false
	}
	next, _ := utf8.DecodeRuneInString(rest[1:])
	return isWordRune(next) && !unicode.IsDigit(next)
}

func (r *reader) afterWord() bool { return r.at > 0 && isIdentifierByte(r.text[r.at-1]) }

// word takes the name of a parameter.
func (r *reader) word() string {
	start := r.at
	for r.at < len(r.text) {
		c, size := utf8.DecodeRuneInString(r.text[r.at:])
		if !isWordRune(c) {
			break
		}
		r.at += size
	}
	return r.text[start:r.at]
}

func isWordRune(c rune) bool { return c == '_' || unicode.IsLetter(c) || unicode.IsDigit(c) }

// identifier takes a keyword or a name, or nothing.
func (r *reader) identifier() string {
	start := r.at
	for r.at < len(r.text) && isIdentifierByte(r.text[r.at]) && (r.at > start || r.text[r.at] != '$') {
		r.at++
	}
	return r.text[start:r.at]
}

// number passes over a number and the letters at its end.
func (r *reader) number() {
	for r.at < len(r.text) && isIdentifierByte(r.text[r.at]) && r.text[r.at] != '$' {
		r.at++
	}
}

// isIdentifierByte tells what names are made of after their first byte. Both
// engines take every byte that is not ASCII for a letter.
func isIdentifierByte(c byte) bool {
	return c >= utf8.RuneSelf || c == '_' || c == '$' || isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// bind joins the pieces with SQLite's placeholders, which are numbered from 1 on,
// and gives the values in that order. One name has one number, wherever it stands.
func (s statement) bind(values map[string]any) (text string, arguments []any, err error) {
	numbers := map[string]int{}
	text, err = s.fill(values, func(name string, value any) (string, error) {
		if numbers[name] == 0 {
			arguments = append(arguments, value)
			numbers[name] = len(arguments)
		}
		return "?" + strconv.Itoa(numbers[name]), nil
	})
	return text, arguments, err
}

// fill joins the pieces with what write makes of the parameters between them.
func (s statement) fill(values map[string]any, write func(name string, value any) (string, error)) (string, error) {
	var text strings.Builder
	for i, name := range s.names {
		value, ok := values[name]
		if !ok {
			return "", failure("the query has a parameter :%s that was given no value", name)
		}
		written, err := write(name, value)
		if err != nil {
			return "", err
		}
		text.WriteString(s.pieces[i] + written)
	}
	text.WriteString(s.pieces[len(s.names)])
	return text.String(), nil
}
