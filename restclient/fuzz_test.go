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
		decoder := eventDecoder{redact: redactor{keys: []string{testKey}}}
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

// FuzzRoundTrip takes objects through every type that keeps what it does not
// know.
func FuzzRoundTrip(f *testing.F) {
	for _, wire := range []string{agentWire, stateWire, modelWire, mcpWire, connWire, schedWire, itemWire} {
		f.Add([]byte(wire))
	}
	f.Add([]byte(`{"":1,"-":{},"name":null,"tags":[1.0],"headers":{"a":{"value":7},"b":[],"c":"d"},"created_at":"2026-07-02","new":"<\u2028>"}`))
	f.Fuzz(func(t *testing.T, wire []byte) {
		document, err := parseDocument(wire)
		if err != nil || objectOf(document) == nil {
			return
		}
		for name, create := range kept {
			once, err := again(t, create, string(wire))
			if err != nil {
				t.Fatalf("%s refuses %s: %v", name, wire, err)
			}
			twice, err := again(t, create, once)
			if err != nil || twice != once {
				t.Errorf("%s: %s becomes %s becomes %s, %v", name, wire, once, twice, err)
			}
			result, err := parseDocument([]byte(once))
			if err != nil {
				t.Fatal(err)
			}
			for member, value := range objectOf(document) {
				if strings.HasPrefix(member, "new") && !sameWire(t, string(encodeDocument(value)), string(encodeDocument(objectOf(result)[member]))) {
					t.Errorf("%s: %q of %s becomes %s", name, member, wire, once)
				}
			}
			if len(objectOf(result)) != len(objectOf(document)) {
				t.Errorf("%s: %s gains or loses members: %s", name, wire, once)
			}
		}
	})
}

func FuzzDataFrameRows(f *testing.F) {
	for _, body := range []string{
		`[{"z":1.50,"a":null},{"b":[{}]}]`, `{"columns":["a",{"name":"b"}],"rows":[[1,"x"],{"b":2,"c":3}],"name":"n","description":"d"}`,
		`{"data":[]}`, `{"rows":[[]]}`, `[[1]]`, `[{"a":1,"a":2}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var rows DataFrameRows
		if json.Unmarshal(body, &rows) != nil {
			return
		}
		for i, row := range rows.Rows {
			if len(row) != len(rows.Columns) {
				t.Errorf("row %d of %s has %d values for %d columns", i, body, len(row), len(rows.Columns))
			}
		}
		if _, err := json.Marshal(rows); err != nil {
			t.Errorf("%s cannot be written: %v", body, err)
		}
	})
}

func FuzzCanonicalJSON(f *testing.F) {
	for _, c := range signedCallbacks {
		f.Add([]byte(c.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		document, err := parseDocument(body)
		if err != nil {
			return
		}
		canonical := canonicalJSON(document)
		for _, b := range []byte(canonical) {
			if b < ' ' || b > '~' {
				t.Fatalf("%s is not ASCII: %q", body, canonical)
			}
		}
		parsed, err := parseDocument([]byte(canonical))
		if err != nil || string(encodeDocument(parsed)) != string(encodeDocument(document)) {
			t.Errorf("%s becomes %s, %v", body, canonical, err)
		}
		equal(t, "again", canonicalJSON(parsed), canonical)
	})
}

func FuzzBaseName(f *testing.F) {
	for _, name := range []string{"a.csv", "../a", `..\..`, "/", ".", "a/..", "\x00", "\u202e", strings.Repeat("ü", 300)} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		base := baseName(name)
		if base == "." || base == ".." || strings.ContainsAny(base, "/\\\x00\n") || len(base) > maxExcerptBytes || !utf8.ValidString(base) {
			t.Errorf("%q becomes %q", name, base)
		}
	})
}
