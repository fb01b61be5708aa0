package hosts

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
)

// Snippet is a whole file with the entry alone in it, to be put in by hand.
func (h *Host) Snippet(e Entry) string {
	text, err := h.format.Add([]byte(h.fresh), h.place(e.Name), h.table(e))
	if err != nil {
		panic(err) // a file of our own
	}
	return string(text)
}

// ByHand is another way to put the entry in, as a sentence.
func (h *Host) ByHand(e Entry) string { return h.byHand(e) }

// shell is the command as a POSIX shell reads it.
func (e Entry) shell() string {
	words := append([]string{e.Command}, e.Args...)
	for i, word := range words {
		if strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@") != "" || word == "" {
			words[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}

// link is the query of an address that Cursor and LM Studio install from.
func (e Entry) link() string {
	args := e.Args
	if args == nil {
		args = []string{}
	}
	config, err := json.Marshal(map[string]any{"command": e.Command, "args": args})
	if err != nil {
		panic(err) // strings
	}
	return url.Values{"name": {e.Name}, "config": {base64.StdEncoding.EncodeToString(config)}}.Encode()
}
