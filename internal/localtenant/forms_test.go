package localtenant_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime/multipart"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// formPart is a part of a form: a file, or a value.
type formPart struct {
	field, name, mimeType, content string
	isValue                        bool
}

// file is a file of an upload into a conversation.
func file(name, content string) formPart { return fileIn("files", name, content) }

func fileIn(field, name, content string) formPart {
	return formPart{field: field, name: name, content: content}
}

// typed is a file whose sender says what it is.
func typed(name, mimeType, content string) formPart {
	return formPart{field: "files", name: name, mimeType: mimeType, content: content}
}

func value(field, text string) formPart {
	return formPart{field: field, content: text, isValue: true}
}

func (p formPart) header() textproto.MIMEHeader {
	disposition := fmt.Sprintf("form-data; name=%q", p.field)
	if !p.isValue {
		disposition += fmt.Sprintf(`; filename="%s"`, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(p.name))
	}
	header := textproto.MIMEHeader{"Content-Disposition": {disposition}}
	if p.mimeType != "" {
		header.Set("Content-Type", p.mimeType)
	}
	return header
}

// form writes a multipart body, and gives the client that says so.
func (c *client) form(parts ...formPart) (sender *client, body string) {
	c.t.Helper()
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	for _, p := range parts {
		part, err := w.CreatePart(p.header())
		if err != nil {
			c.t.Fatal(err)
		}
		if _, err := io.WriteString(part, p.content); err != nil {
			c.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		c.t.Fatal(err)
	}
	return c.with("Content-Type", w.FormDataContentType()), out.String()
}

// blobsIn are the names of the blobs that a tenant keeps in its directory.
func blobsIn(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, "files"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}
