package bridge

import (
	"fmt"
	"iter"
	"strconv"
	"strings"
	"unicode/utf8"

	"sema4mcp/bridge/exchange"
	"sema4mcp/restclient"
)

// threadPlace is where in a thread a part begins: at a message, an item of it, and
// a byte of that item's text. It stays right while the thread grows.
type threadPlace struct{ message, item, offset int }

// String is the cursor: 12, or 12.3.20000 within a message.
func (p threadPlace) String() string {
	if p.item == 0 && p.offset == 0 {
		return strconv.Itoa(p.message)
	}
	return fmt.Sprintf("%d.%d.%d", p.message, p.item, p.offset)
}

var errThreadCursor = &failure{what: "The cursor is not one of this thread.", next: "Pass the cursor as the last part gave it, or leave it out to begin at the start."}

func parseThreadPlace(cursor string) (p threadPlace, err error) {
	if cursor == "" {
		return p, nil
	}
	numbers := strings.Split(cursor, ".")
	into := []*int{&p.message, &p.item, &p.offset}
	if len(numbers) != 1 && len(numbers) != len(into) {
		return p, errThreadCursor
	}
	for i, number := range numbers {
		parsed, err := strconv.ParseUint(number, 10, 31)
		if err != nil {
			return p, errThreadCursor
		}
		*into[i] = int(parsed)
	}
	return p, nil
}

// threadPart is as much of a thread, from the cursor on, as fits into a result,
// and the cursor for the rest, "" where there is none. A text that does not fit is
// cut, and goes on in the next part. Messages beyond the part are not asked for.
func threadPart(messages iter.Seq2[restclient.Message, error], cursor string) (part []threadMessage, next string, err error) {
	from, err := parseThreadPlace(cursor)
	if err != nil {
		return nil, "", err
	}
	page := threadPage{messages: []threadMessage{}, room: maxText}
	at := 0
	for message, err := range messages {
		if err != nil {
			return nil, "", err
		}
		if at > from.message {
			from = threadPlace{message: at}
		}
		if at == from.message {
			if rest, err := page.add(message, from); rest != nil || err != nil {
				return page.messages, rest.cursor(), err
			}
		}
		at++
	}
	if from.message > at || from.message == at && from != (threadPlace{message: at}) {
		return nil, "", errThreadCursor
	}
	return page.messages, "", nil
}

func (p *threadPlace) cursor() string {
	if p == nil {
		return ""
	}
	return p.String()
}

// threadPage is a part of a thread that is being filled, with the bytes of JSON
// that it has room for.
type threadPage struct {
	messages []threadMessage
	room     int
}

// aroundItem is what JSON takes for a message or an item beside its texts, and
// leastText the room below which a text is rather begun in the next part.
const (
	aroundItem = 80
	leastText  = 500
)

// add puts as much of a message, from a place on, as there is room for, and
// returns the place of the rest, nil where there is none. A page that is empty
// takes something, whatever its room.
func (p *threadPage) add(message restclient.Message, from threadPlace) (rest *threadPlace, err error) {
	if from.item > 0 && from.item >= len(message.Content) {
		return nil, errThreadCursor
	}
	if p.room < aroundItem && len(p.messages) > 0 {
		return &from, nil
	}
	shown := threadMessage{Role: message.Role, Content: []threadItem{}, Continued: from.item > 0 || from.offset > 0}
	room := p.room - aroundItem
	for i, content := range message.Content[from.item:] {
		here := threadPlace{from.message, from.item + i, 0}
		if i == 0 {
			here.offset = from.offset
		}
		item, ok := shownItem(content)
		if !ok {
			continue
		}
		if item.Text, err = textFrom(item.Text, here.offset); err != nil {
			return nil, err
		}
		fitted, size, err := fitItem(item, room, len(p.messages)+len(shown.Content) == 0)
		if err != nil {
			return nil, err
		}
		if size > 0 {
			shown.Content = append(shown.Content, fitted)
			room -= size
		}
		if size == 0 || len(fitted.Text) < len(item.Text) {
			here.offset += len(fitted.Text)
			rest = &here
			break
		}
	}
	if rest == nil || len(shown.Content) > 0 {
		p.messages, p.room = append(p.messages, shown), room
	}
	return rest, nil
}

// textFrom is what of a text begins at an offset that a cursor named.
func textFrom(text string, offset int) (string, error) {
	if offset > len(text) || offset > 0 && offset < len(text) && !utf8.RuneStart(text[offset]) {
		return "", errThreadCursor
	}
	return text[offset:], nil
}

// fitItem is as much of an item as fits into room, and how many bytes of JSON that
// is: 0 for nothing, which is not for one that must be shown.
func fitItem(item threadItem, room int, must bool) (fitted threadItem, size int, err error) {
	encoded, err := exchange.Encode(item)
	if size = len(encoded) + 1; err != nil || size <= room {
		return item, size, err
	}
	switch space := room - aroundItem; {
	case item.Text != "" && (must || space >= leastText):
		item.Text = cut(item.Text, fittingBytes(item.Text, max(space, leastText)))
		return item, room, nil
	case must:
		return item, size, nil
	}
	return threadItem{}, 0, nil
}

// fittingBytes is how many bytes of a text take no more than room as JSON.
func fittingBytes(text string, room int) int {
	for i, c := range text {
		switch {
		case strings.ContainsRune("\"\\\n\r\t\b\f", c):
			room -= 2
		case c < ' ' || c == '\u2028' || c == '\u2029':
			room -= 6
		default:
			room -= utf8.RuneLen(c)
		}
		if room < 0 {
			return i
		}
	}
	return len(text)
}
