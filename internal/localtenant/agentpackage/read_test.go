package agentpackage_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"strings"
	"testing"

	"sema4mcp/internal/localtenant/agentpackage"
)

const (
	fileRef = "7e570000-0000-4000-8000-0000000000a1"
	plain   = "agent-package: {spec-version: v2, agents: [{name: x}]}"
)

// entry is a file of an archive; what is not said is as archive/zip has it.
type entry struct {
	name, text string
	change     func(*zip.FileHeader) // what the header lies about
}

func packed(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var data bytes.Buffer
	writer := zip.NewWriter(&data)
	for _, e := range entries {
		header := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		create := writer.CreateHeader
		if e.change != nil {
			header.UncompressedSize64, header.CompressedSize64 = uint64(len(e.text)), uint64(len(e.text))
			header.Method, header.CRC32 = zip.Store, crc32.ChecksumIEEE([]byte(e.text))
			e.change(header)
			create = writer.CreateRaw
		}
		into, err := create(header)
		if err == nil {
			_, err = io.WriteString(into, e.text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return data.Bytes()
}

func read(data []byte) (*agentpackage.Package, error) {
	return agentpackage.Read(bytes.NewReader(data), int64(len(data)))
}

var (
	spec    = entry{name: "agent-spec.yaml", text: plain}
	runbook = entry{name: "runbook.md", text: "# R"}
)

func withMode(mode fs.FileMode) func(*zip.FileHeader) {
	return func(h *zip.FileHeader) { h.SetMode(mode) }
}

func TestUnsafeArchives(t *testing.T) {
	many := make([]entry, 2001)
	for i := range many {
		many[i] = entry{name: fmt.Sprint(i)}
	}
	long := make([]entry, 100)
	for i := range long {
		long[i] = entry{name: strings.Repeat("x", 60_000) + fmt.Sprint(i)}
	}
	lying := func(size uint64) func(*zip.FileHeader) {
		return func(h *zip.FileHeader) { h.UncompressedSize64 = size }
	}
	file := entry{name: "agent-spec.yaml", text: "agent-package: {spec-version: v2, agents: [{name: x, shared-files: [{file-ref: " + fileRef + ", name: f}]}]}"}
	for name, test := range map[string]struct {
		data []byte
		says string
	}{
		"parent":            {packed(t, spec, runbook, entry{name: "../x"}), "is no path inside"},
		"parent inside":     {packed(t, spec, runbook, entry{name: "a/../../x"}), "is no path inside"},
		"absolute":          {packed(t, spec, runbook, entry{name: "/etc/passwd"}), "is no path inside"},
		"backslash":         {packed(t, spec, runbook, entry{name: `..\x`}), "is no path inside"},
		"no name":           {packed(t, spec, runbook, entry{name: ""}), "is no path inside"},
		"symlink":           {packed(t, spec, runbook, entry{"link", "/etc/passwd", withMode(fs.ModeSymlink | 0o777)}), "is a link"},
		"device":            {packed(t, spec, runbook, entry{"null", "", withMode(fs.ModeDevice | 0o666)}), "is a link or a device"},
		"encrypted":         {packed(t, spec, runbook, entry{"x", "x", func(h *zip.FileHeader) { h.Flags |= 1 }}), "is encrypted"},
		"duplicate":         {packed(t, spec, runbook, spec), "is there twice"},
		"many entries":      {packed(t, append(many, spec, runbook)...), "more than 2000 entries"},
		"large directory":   {packed(t, append(long, spec, runbook)...), "more than 2000 entries"},
		"said to be large":  {packed(t, spec, runbook, entry{"x", "x", lying(1 << 40)}), "would unpack to more than"},
		"large together":    {packed(t, spec, runbook, entry{"x", "x", lying(600 << 20)}, entry{"y", "y", lying(600 << 20)}), "would unpack to more than"},
		"bomb":              {packed(t, spec, runbook, entry{name: "x", text: strings.Repeat("0", 20<<20)}), "unpacks to far more"},
		"large file":        {packed(t, file, runbook, entry{name: "pad", text: incompressible(1 << 20)}, entry{"agent-files/" + fileRef, "x", lying(101 << 20)}), "is larger than"},
		"large runbook":     {packed(t, spec, entry{name: "runbook.md", text: strings.Repeat("0", 5<<20)}), "runbook.md: is larger than"},
		"no specification":  {packed(t, runbook), "agent-spec.yaml: is missing"},
		"no runbook":        {packed(t, spec), "runbook.md: is missing"},
		"runbook in UTF-16": {packed(t, spec, entry{name: "runbook.md", text: "\xff\xfe#\x00"}), "is not UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := read(test.data)
			var invalid *agentpackage.InvalidError
			if !errors.As(err, &invalid) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("package %v, error %v does not say %q", p, err, test.says)
			}
		})
	}
}

// incompressible is a text of n bytes that deflate cannot shrink much.
func incompressible(n int) string {
	data := make([]byte, n)
	state := uint32(1)
	for i := range data {
		state = state*1664525 + 1013904223
		data[i] = byte(state >> 24)
	}
	return string(data)
}

func TestDamagedArchives(t *testing.T) {
	whole := packed(t, spec, runbook)
	end := bytes.LastIndex(whole, []byte("PK\x05\x06"))
	with := func(offset int, value uint32) []byte {
		data := bytes.Clone(whole)
		binary.LittleEndian.PutUint32(data[end+offset:], value)
		return data
	}
	for name, data := range map[string][]byte{
		"nothing":                 nil,
		"a text":                  []byte(strings.Repeat("no zip ", 100)),
		"cut":                     whole[:len(whole)-1],
		"begun":                   whole[:40],
		"directory behind":        with(16, uint32(len(whole))),
		"directory somewhere":     with(16, 3),
		"specification is broken": packed(t, entry{"agent-spec.yaml", "x", func(h *zip.FileHeader) { h.Method = zip.Deflate }}, runbook),
		"unknown method":          packed(t, entry{"agent-spec.yaml", "x", func(h *zip.FileHeader) { h.Method = 99 }}, runbook),
	} {
		if p, err := read(data); !errors.Is(err, agentpackage.ErrDamaged) {
			t.Errorf("%s: %v, %v", name, p, err)
		}
	}
	failing := errors.New("disk failed")
	if _, err := agentpackage.Read(failingReader{failing}, 100); !errors.Is(err, failing) {
		t.Errorf("a reader that fails: %v", err)
	}
}

type failingReader struct{ err error }

func (f failingReader) ReadAt([]byte, int64) (int, error) { return 0, f.err }

// A header may say that a file is small: no more of it is read than that.
func TestFilesThatLie(t *testing.T) {
	specification := entry{name: "agent-spec.yaml", text: "agent-package: {spec-version: v2, agents: [{name: x, shared-files: [{file-ref: " + fileRef + ", name: f}]}]}"}
	for name, change := range map[string]func(*zip.FileHeader){
		"longer":         func(h *zip.FileHeader) { h.UncompressedSize64 = 2 },
		"shorter":        func(h *zip.FileHeader) { h.UncompressedSize64 = 1000 },
		"other checksum": func(h *zip.FileHeader) { h.CRC32++ },
		"unknown method": func(h *zip.FileHeader) { h.Method = 99 },
	} {
		p, err := read(packed(t, specification, runbook, entry{"agent-files/" + fileRef, "0123456789", change}))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		file, err := p.Files[0].Open()
		if err == nil {
			_, err = io.Copy(io.Discard, file)
			file.Close()
		}
		if !errors.Is(err, agentpackage.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBadSpecifications(t *testing.T) {
	agent := func(fields string) string {
		return "agent-package: {spec-version: v2, agents: [{name: x, " + fields + "}]}"
	}
	bomb := "a: &a [x, x, x, x, x, x, x, x, x]\n"
	for i := range 9 {
		bomb += fmt.Sprintf("%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c]\n", 'b'+i, 'b'+i, 'a'+i, 'a'+i, 'a'+i, 'a'+i, 'a'+i, 'a'+i, 'a'+i, 'a'+i, 'a'+i)
	}
	for text, says := range map[string]string{
		"":                "is empty",
		"# nothing":       "is empty",
		"\t":              "is empty",
		"x: [":            "is not YAML",
		"just a text":     "the document must be a mapping",
		"- a\n- b":        "the document must be a mapping",
		plain + "\n---\n": "more than one YAML document",
		bomb:              "aliases are not taken",
		"x: &a b\ny: *a":  "line 2: YAML aliases are not taken",
		"x: {a: 1, a: 2}": `"a" is there twice`,
		"x: {[a]: 1}":     "a key must be a text",
		"<<: {a: b}":      "a key must be a text",
		"x: .nan":         "is no number JSON has",
		"x: -.inf":        "is no number JSON has",
		"agent-package: {spec-version: v1, agents: [{name: x}]}":            `spec-version is "v1"; only v2`,
		"agent-package: {agents: [{name: x}]}":                              `spec-version is ""`,
		"agent-package: {spec-version: 2, agents: [{name: x}]}":             "spec-version must be a text, and is a JSON number",
		"agent-package: {spec-version: v2}":                                 "a package holds one agent",
		"agent-package: {spec-version: v2, agents: {name: x}}":              "agents must be a list",
		"agent-package: {spec-version: v2, agents: [{name: x}, {name: y}]}": "has 2 agents",
		"agent-package: {spec-version: v2, agents: [{name: ' '}]}":          "name is missing",
		agent("semantic-data-models: [{}]"):                                 "semantic-data-models.0.name is missing",
		agent("mcp-servers: [{url: x}]"):                                    "mcp-servers.0.name is missing",
		agent("mcp-servers: [{name: x, force-serial-tool-calls: 1}]"):       "must be true or false",
		agent("shared-files: [{file-ref: x, name: y}]"):                     "shared-files.0.file-ref must be a UUID",
		agent("shared-files: [{file-ref: " + fileRef + "}]"):                "shared-files.0.name is missing",
		agent("metadata: {mode: 1}"):                                        "metadata.mode must be",
		agent("metadata: []"):                                               "metadata must be a mapping",
		agent("runbook: ../x"):                                              "../x: is missing",
	} {
		_, err := read(packed(t, entry{name: "agent-spec.yaml", text: text}, runbook))
		var invalid *agentpackage.InvalidError
		if !errors.As(err, &invalid) || !strings.Contains(err.Error(), says) {
			t.Errorf("%.70q: error %v does not say %q", text, err, says)
		}
	}
}

func TestDeepYAML(t *testing.T) {
	for _, text := range []string{strings.Repeat("[", 1<<20), strings.Repeat("{a: ", 1<<18), "x: " + strings.Repeat("[", 9000) + strings.Repeat("]", 9000)} {
		if _, err := read(packed(t, entry{name: "agent-spec.yaml", text: text}, runbook)); err == nil {
			t.Errorf("%.20q was taken", text)
		}
	}
}

func TestPackagesGoRound(t *testing.T) {
	url := "https://crm.example/mcp?a=b&c=<d>"
	content := "a,b\n1,2\n"
	p := &agentpackage.Package{
		Name: "Ünïcode 🚀: \"yes\" #x", Description: "line one\nline two\n", Version: "3", Architecture: "echo", Mode: "worker",
		Runbook:  "# Runbook\n\ttabs & <tags>\n",
		Settings: agentpackage.Settings{AgentSettings: json.RawMessage(`{"d":"2026-01-02","e":"","f":1.50,"n":12345678901234567890,"t":"no"}`), WelcomeMessage: json.RawMessage(`"~"`)},
		MCPServers: []agentpackage.MCPServer{
			{Name: "crm", Transport: "sse", URL: &url, ForceSerialToolCalls: true, Headers: map[string]string{"Authorization": "**********"}}, {Name: "files", Transport: "stdio"},
		},
		Models: []agentpackage.Model{
			{Name: "Sales / EU", Description: "d", Definition: json.RawMessage(`{"description":"d","name":"Sales / EU","tables":[{"expr":"\ud83d\ude80\u2028","name":"1e3"}]}`)},
			{Name: "sales-EU", Definition: json.RawMessage(`{"name":"sales-EU","schemas":[{}]}`)},
			{Name: "日本", Definition: json.RawMessage(`{"name":"日本","tables":[null]}`)},
			{Name: strings.Repeat("long ", 40), Definition: json.RawMessage(`{"name":"` + strings.Repeat("long ", 40) + `","tables":[1]}`)},
		},
		Files: []agentpackage.File{{Ref: fileRef, Name: "../prices.csv", MIMEType: "text/csv", Size: int64(len(content)), Open: func() (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader(content)), nil
		}}},
	}
	var first, second bytes.Buffer
	if err := agentpackage.Write(&first, p); err != nil {
		t.Fatal(err)
	}
	got, err := read(first.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if err := agentpackage.Write(&second, got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Errorf("written again, the package differs:\n%s\n%s", specification(t, first.Bytes()), specification(t, second.Bytes()))
	}
	if got.Name != p.Name || got.Description != p.Description || got.Runbook != p.Runbook || got.Mode != p.Mode || got.Version != "3" ||
		*got.MCPServers[0].URL != url || !got.MCPServers[0].ForceSerialToolCalls || got.MCPServers[1].URL != nil {
		t.Errorf("package %+v", got)
	}
	if want := `{"d":"2026-01-02","e":"","f":1.50,"n":12345678901234567890,"t":"no"}`; string(got.Settings.AgentSettings) != want || string(got.Settings.WelcomeMessage) != `"~"` {
		t.Errorf("settings %s, %s", got.Settings.AgentSettings, got.Settings.WelcomeMessage)
	}
	for i, model := range got.Models {
		if model.Name != p.Models[i].Name || !sameJSON(t, model.Definition, p.Models[i].Definition) {
			t.Errorf("model %q: %s, want %s", model.Name, model.Definition, p.Models[i].Definition)
		}
	}
	file := got.Files[0]
	if file.Name != "../prices.csv" || file.MIMEType != "text/csv" || file.Size != int64(len(content)) {
		t.Errorf("file %+v", file)
	}
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var first, second any
	if err := errors.Join(json.Unmarshal(a, &first), json.Unmarshal(b, &second)); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(first) == fmt.Sprint(second)
}

func specification(t *testing.T, data []byte) string {
	t.Helper()
	reader, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	text, err := fs.ReadFile(reader, "agent-spec.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestWritesThatFail(t *testing.T) {
	failing := errors.New("gone")
	broken := &agentpackage.Package{Name: "x", Files: []agentpackage.File{{Ref: fileRef, Name: "f", Open: func() (io.ReadCloser, error) { return nil, failing }}}}
	if err := agentpackage.Write(io.Discard, broken); !errors.Is(err, failing) {
		t.Errorf("a file that cannot be opened: %v", err)
	}
	for _, p := range []*agentpackage.Package{
		{Settings: agentpackage.Settings{Model: json.RawMessage("{")}}, {Models: []agentpackage.Model{{Definition: json.RawMessage("{")}}},
	} {
		if err := agentpackage.Write(io.Discard, p); err == nil {
			t.Errorf("%+v was written", p)
		}
	}
	if err := agentpackage.Write(failingWriter{failing}, &agentpackage.Package{Runbook: incompressible(1 << 20)}); !errors.Is(err, failing) {
		t.Errorf("a writer that fails: %v", err)
	}
}

type failingWriter struct{ err error }

func (f failingWriter) Write([]byte) (int, error) { return 0, f.err }

// Whatever is read can be written, and is the same when it is read again.
func FuzzRead(f *testing.F) {
	f.Add(plain, "tables: [1]")
	f.Add("agent-package: {spec-version: v2, agents: [{name: x, semantic-data-models: [{name: m}], agent-settings: {a: 0x10, b: 1_000, c: yes, d: 0o7}}]}", "{name: 1, tables: [{a: 2026-01-01}]}")
	f.Add("agent-package: {spec-version: v2, agents: [{name: x, semantic-data-models: [{name: m}]}]}", "name: |\n  a\ntables: [~, 1e3, .5, -0]")
	f.Fuzz(func(t *testing.T, specification, model string) {
		p, err := read(packed(t, entry{name: "agent-spec.yaml", text: specification}, runbook, entry{name: "semantic-data-models/m", text: model}))
		if err != nil {
			return
		}
		var first, second bytes.Buffer
		if err := agentpackage.Write(&first, p); err != nil {
			t.Fatal(err)
		}
		again, err := read(first.Bytes())
		if err != nil {
			t.Fatalf("%v\n%s", err, specification)
		}
		if err := agentpackage.Write(&second, again); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Errorf("written again, the package differs")
		}
	})
}
