package restclient

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"
)

func FuzzServerSentEvents(f *testing.F) {
	for _, recorded := range streams(f) {
		f.Add(recorded)
		f.Add(strings.ReplaceAll(recorded, "\n", "\r\n"))
	}
	f.Add("\uFEFFdata: 1\r\rdata\n\n: x\n\n")
	f.Fuzz(func(t *testing.T, stream string) {
		const limit = 1 << 10
		whole, errWhole := readEvents(strings.NewReader(stream), limit)
		single, errSingle := readEvents(iotest.OneByteReader(strings.NewReader(stream)), limit)
		equal(t, "events in pieces", single, whole)
		equal(t, "too large in pieces", errors.Is(errSingle, ErrEventTooLarge), errors.Is(errWhole, ErrEventTooLarge))
		if errWhole != io.EOF && !errors.Is(errWhole, ErrEventTooLarge) {
			t.Errorf("ended with %v", errWhole)
		}
	})
}

// FuzzStream takes a stream all the way to messages.
func FuzzStream(f *testing.F) {
	for _, recorded := range streams(f) {
		f.Add(recorded)
	}
	f.Fuzz(func(t *testing.T, stream string) {
		var transcript Transcript
		decoder := eventDecoder{redact: redactor{key: testKey}}
		events := newServerSentEvents(strings.NewReader(stream), maxEventBytes)
		for {
			sent, err := events.next()
			if err != nil {
				break
			}
			for _, event := range decoder.decode(sent) {
				if err := transcript.Apply(event); (err != nil) && transcript.Sound() {
					t.Errorf("sound after %v", err)
				}
			}
		}
		if _, err := json.Marshal(transcript.Messages()); err != nil {
			t.Errorf("the messages cannot be written: %v", err)
		}
	})
}

func FuzzDelta(f *testing.F) {
	f.Add(`{"content":[{"text":"a","n":1}]}`, []byte(`{"op":"concat_string","path":"/content/0/text","value":"b"}`))
	f.Add(`{"a":[1,2]}`, []byte(`{"op":"move","path":"/a/-","from_":"/a/0"}`))
	f.Add(`{"a":{"b":1}}`, []byte(`{"op":"copy","path":"/a/c","from":"/a"}`))
	f.Add(`{"a":1}`, []byte(`{"op":"inc","path":"/a","value":1.5}`))
	f.Add(`{"a~/b":1}`, []byte(`{"op":"test","path":"/a~0~1b","value":1.0}`))
	f.Add(`{}`, []byte(`{"op":"add","path":"","value":[]}`))
	for _, recorded := range streams(f) {
		for line := range strings.Lines(recorded) {
			var event struct {
				Delta json.RawMessage `json:"delta"`
			}
			if data, ok := strings.CutPrefix(line, "data: "); ok && json.Unmarshal([]byte(data), &event) == nil && event.Delta != nil {
				f.Add(`{"content":[{"text":""},{}]}`, []byte(event.Delta))
			}
		}
	}
	f.Fuzz(func(t *testing.T, document string, wire []byte) {
		root, err := parseDocument([]byte(document))
		var d Delta
		if err != nil || json.Unmarshal(wire, &d) != nil {
			return
		}
		b := &budget{}
		if b.take(root, 1) != nil {
			return
		}
		p := newPatchable(root, b)
		for range 3 {
			if p.apply(d) != nil {
				return
			}
		}
		held, fits := measure(p.document(), maxDepth)
		if !fits || held != b.used {
			t.Errorf("%d bytes are held (fits: %v), %d are counted", held, fits, b.used)
		}
		encoded := encodeDocument(p.document())
		again, err := parseDocument(encoded)
		if err != nil || !sameDocument(again, p.document()) {
			t.Errorf("%s is read as %v, %v", encoded, again, err)
		}
	})
}

func FuzzErrorBody(f *testing.F) {
	for _, body := range []string{
		`{"error":{"code":"not_found","message":"Agent not found","details":{"field":"aid"}}}`,
		`{"error":{"error_id":"5f0c","code":"x","data":[1]}}`, `{"error":"text"}`, `{"detail":[{"loc":["body",1],"msg":"m"}]}`,
		"<html><title>x</title>", "<script", "plain", `{"error":`, testKey,
	} {
		f.Add([]byte(body))
	}
	client, err := New("http://tenant.example", testKey)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		response := &http.Response{StatusCode: 400, Body: io.NopCloser(bytes.NewReader(body))}
		e := client.apiError(get("agents"), response)
		text := e.Error()
		if e.Message == "" || len(text) > 4<<10 || !utf8.ValidString(text) || strings.ContainsAny(text, "\r\n") {
			t.Errorf("a text of %d bytes: %q", len(text), text)
		}
		if strings.Contains(text+string(e.Details), testKey) {
			t.Errorf("%q gives the key away", text)
		}
		if e.Details != nil && !json.Valid(e.Details) {
			t.Errorf("details %q", e.Details)
		}
	})
}
