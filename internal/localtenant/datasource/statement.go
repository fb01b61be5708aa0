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

// reader is where parseStatement stands.
type reader struct {
	text     string
	at       int
	postgres bool
}

// parseStatement finds the :name parameters of a query. Literals, quoted names,
// comments and casts hold none. What does not read, or is more than one
// statement, is refused: the databases themselves would run `COMMIT; DELETE …`.
func parseStatement(text string, postgres bool) (statement, error) {
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
		default:
			if word := r.word(); word == "" {
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
		r.to("\n", 2)
	case strings.HasPrefix(rest, "/*"):
		r.skipBlockComment()
	case strings.IndexByte(" \t\r\n\f", rest[0]) >= 0:
		r.at++
	default:
		return false
	}
	return true
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
	case c == '\'' && r.postgres && r.isEscapeString():
		r.skipEscapeString()
	case c == '\'' || c == '"' || c == '`' && !r.postgres:
		r.to(rest[:1], 1) // a doubled quote begins anew at once
	case c == '[' && !r.postgres:
		r.to("]", 1)
	case c == '$' && r.postgres:
		tag, ok := dollarTag(rest)
		if !ok || r.afterWord() {
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

// isEscapeString tells whether the quote at hand follows an E that is a word.
func (r *reader) isEscapeString() bool {
	if r.at == 0 || r.text[r.at-1]|0x20 != 'e' {
		return false
	}
	before, _ := utf8.DecodeLastRuneInString(r.text[:r.at-1])
	return !isWordRune(before)
}

func (r *reader) skipEscapeString() {
	for r.at++; r.at < len(r.text); r.at++ {
		switch r.text[r.at] {
		case '\\':
			r.at++
		case '\'':
			rest := r.text[r.at+1:]
			next := strings.TrimLeft(rest, " \t\r\n\f")
			if !strings.HasPrefix(next, "'") || !strings.Contains(rest[:len(rest)-len(next)], "\n") {
				r.at++
				return
			}
			r.at += 1 + len(rest) - len(next) // it goes on after a line break, escapes and all
		}
	}
	r.at = len(r.text)
}

// dollarTag is the $tag$ a text begins with.
func dollarTag(text string) (string, bool) {
	end := strings.IndexByte(text[1:], '$')
	if end < 0 {
		return "", false
	}
	name := text[1 : end+1]
	for i, c := range name {
		if !isWordRune(c) || i == 0 && unicode.IsDigit(c) {
			return "", false
		}
	}
	return text[:end+2], true
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

func (r *reader) afterWord() bool {
	before, _ := utf8.DecodeLastRuneInString(r.text[:r.at])
	return r.at > 0 && (isWordRune(before) || r.postgres && before == '$')
}

// word takes a keyword, a name or a number, or nothing.
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

// isWordRune goes by PostgreSQL, where whatever is not ASCII may stand in a name.
func isWordRune(c rune) bool {
	return c == '_' || c >= utf8.RuneSelf || unicode.IsLetter(c) || unicode.IsDigit(c)
}

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
