package mcpserver

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/bridge/exchange"
)

// FuzzEras decides by headers and bodies that do not fit: what passes as modern
// says the same in both, what passes as legacy is of a version that was published,
// and nothing changes by being looked at.
func FuzzEras(f *testing.F) {
	modern := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`
	for _, version := range []string{"", "2024-11-05", "2025-11-25", "2026-07-28", "2027-01-01", "x"} {
		f.Add(version, "tools/call", "a", []byte(modern))
		f.Add(version, "", "", []byte(`{"jsonrpc":"2.0","id":1,"method":"ping"}`))
		f.Add(version, "", "", []byte("["+modern+"]"))
		f.Add(version, "tasks/get", "=?base64?eA==?=", []byte(`{"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"taskId":"x","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`))
		f.Add(version, "tasks/get", "=?base64?!?=", []byte(`{"jsonrpc":"2.0","method":"n"}`))
	}
	f.Fuzz(func(t *testing.T, version, method, name string, body []byte) {
		batch, fault := exchange.Parse(bytes.Clone(body))
		if fault != nil {
			return
		}
		header := http.Header{}
		for key, value := range map[string]string{mcp.HeaderProtocolVersion: version, mcp.HeaderMethod: method, mcp.HeaderName: name} {
			if value != "" {
				header.Set(key, value)
			}
		}
		decided, refused := eraOf(header, batch)
		if refused == nil {
			refused = decided.check(header, batch)
		}
		if refused != nil {
			if refused.status != http.StatusBadRequest || refused.code >= 0 || refused.message == "" {
				t.Errorf("refused with %+v", refused)
			}
			return
		}
		first := batch.Messages[0]
		declared := first.Meta.ProtocolVersion
		switch {
		case !decided.modern:
			if version != "" && !mcp.IsValidProtocolVersion(version) || mcp.IsModernProtocol(version) || mcp.IsModernProtocol(declared) {
				t.Errorf("the header %q and the body's %q pass as legacy", version, declared)
			}
		case batch.IsArray:
			t.Errorf("an array passes as modern: %s", body)
		case first.Kind == exchange.Request:
			if version != declared || !mcp.IsValidProtocolVersion(version) || header.Get(mcp.HeaderMethod) != first.Method {
				t.Errorf("the headers %v pass for %s", header, body)
			}
		}
		if again, refused := eraOf(header, batch); again != decided || refused != nil {
			t.Errorf("decided otherwise the second time: %+v, %+v", again, refused)
		}
	})
}
