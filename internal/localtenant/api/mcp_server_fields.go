package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"sema4mcp/internal/localtenant/store"
)

// Bounds of an MCP server, in characters but for maxValues.
const (
	maxURL    = 2048
	maxValue  = 32_768
	maxValues = 100 // headers, variables or arguments
)

const (
	transportAuto  = "auto"
	transportHTTP  = "streamable-http"
	transportSSE   = "sse"
	transportStdio = "stdio"
)

// mcpServerOf reads an MCP server; what is wrong with it is among the faults of the
// body.
func mcpServerOf(body *fields) store.MCPServer {
	server := store.MCPServer{
		Name:     body.requiredText("name", notBlank, atMost(maxName)),
		Type:     body.textOr("type", "generic_mcp", oneOf("generic_mcp", "sema4ai_action_server")),
		URL:      filled(body.optionalText("url", atMost(maxURL), serverURL)),
		Headers:  serverValues(body, "headers", headerName, oneLine),
		Command:  filled(body.optionalText("command", atMost(maxURL), printable)),
		Args:     body.optionalTexts("args", atMost(maxValue), printable),
		Env:      serverValues(body, "env", variableName, printable),
		CWD:      filled(body.optionalText("cwd", atMost(maxURL), printable)),
		Metadata: body.optionalObject("mcp_server_metadata"),
	}
	if len(server.Args) > maxValues {
		body.fault("args", "has too many entries")
	}
	if flag, found := secretArgument(server.Args); found {
		body.fault("args", fmt.Sprintf("must not hold a secret, as the one of %q seems to be: it is shown to whoever reads the server; send it in env", flag))
	}
	if serial := body.optionalBool("force_serial_tool_calls"); serial != nil {
		server.ForceSerialToolCalls = *serial
	}
	// These the vendor takes and never shows, and nothing here uses them.
	body.optionalText("icon", atMost(maxValue))
	body.optionalText("organization_type", atMost(maxName))
	body.optionalObject("oauth_client_config")

	transport := body.textOr("transport", transportAuto, oneOf(transportAuto, transportHTTP, transportSSE, transportStdio))
	server.Transport = resolveTransport(transport, server.URL)
	checkTransport(body, server)
	return server
}

// filled takes an empty text for none.
func filled(text *string) *string {
	if text == nil || strings.TrimSpace(*text) == "" {
		return nil
	}
	return text
}

func resolveTransport(transport string, url *string) string {
	switch {
	case transport != transportAuto:
		return transport
	case url == nil:
		return transportStdio
	case strings.Contains(*url, "/sse"):
		return transportSSE
	default:
		return transportHTTP
	}
}

// checkTransport finds what does not go together.
func checkTransport(body *fields, server store.MCPServer) {
	switch {
	case server.URL == nil && server.Command == nil:
		body.fault("url", "is required, or else command")
		return
	case server.URL != nil && server.Command != nil:
		body.fault("command", "must not be given together with url")
		return
	}
	overHTTP := server.Transport != transportStdio
	if overHTTP && server.URL == nil {
		body.fault("transport", server.Transport+" needs a url, not a command")
	}
	if !overHTTP && server.URL != nil {
		body.fault("transport", "stdio needs a command, not a url")
	}
	for _, member := range []struct {
		name  string
		wrong bool
		of    string
	}{
		{"headers", len(server.Headers) > 0 && server.Command != nil, "a url, not to a command"},
		{"args", len(server.Args) > 0 && server.URL != nil, "a command, not to a url"},
		{"env", len(server.Env) > 0 && server.URL != nil, "a command, not to a url"},
		{"cwd", server.CWD != nil && server.URL != nil, "a command, not to a url"},
	} {
		if member.wrong {
			body.fault(member.name, "can only belong to "+member.of)
		}
	}
}

func serverURL(text string) string {
	if strings.TrimSpace(text) == "" {
		return ""
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		return "must be a URL that begins with http:// or https://"
	case u.User != nil:
		return "must not hold a user or a password; send them in a header"
	}
	// Not u.Query, which leaves out what has a semicolon in it.
	for _, parameter := range strings.FieldsFunc(u.RawQuery+"&"+u.EscapedFragment(), func(r rune) bool { return r == '&' || r == ';' }) {
		if name, carries := secretCarrier(parameter); carries {
			return fmt.Sprintf("must not hold a secret, as %q seems to be: it is shown to whoever reads the server; send it in a header", name)
		}
	}
	return ""
}

var (
	secretName = regexp.MustCompile(`(?i)secret|passw|passphrase|token([^s]|$)|(key|auth|authorization|sig|signature|credentials?)([^a-z]|$)`)
	// namesFile matches names of what holds a secret, which may be known.
	namesFile = regexp.MustCompile(`(?i)(file|path)$`)
)

func isSecretName(name string) bool {
	return secretName.MatchString(name) && !namesFile.MatchString(name)
}

// secretCarrier is the name in a text such as name=value or name: value that seems
// to be a secret's.
func secretCarrier(text string) (name string, carries bool) {
	end := strings.IndexAny(text, "=:")
	if end < 0 {
		return "", false
	}
	name = text[:end]
	if plain, err := url.QueryUnescape(name); err == nil {
		name = plain
	}
	return name, isSecretName(name)
}

// secretArgument is the first argument that seems to be, or to be followed by, a
// secret: arguments are shown, unlike the environment.
func secretArgument(args []string) (string, bool) {
	for i, arg := range args {
		if name, carries := secretCarrier(arg); carries {
			return name, true
		}
		if strings.HasPrefix(arg, "-") && !strings.ContainsAny(arg, "=:") && isSecretName(arg) && i+1 < len(args) {
			return arg, true
		}
	}
	return "", false
}

func printable(text string) string {
	if strings.ContainsRune(text, 0) {
		return "must not hold a NUL character"
	}
	return ""
}

func headerName(name string) string {
	if !httpguts.ValidHeaderFieldName(name) {
		return "is no name of a header"
	}
	return ""
}

func variableName(name string) string {
	if name == "" || strings.ContainsAny(name, "=\x00") {
		return "is no name of an environment variable"
	}
	return ""
}

// serverValues reads headers or environment variables.
func serverValues(body *fields, name string, nameRule, valueRule textRule) map[string]store.ServerValue {
	object := body.optionalObject(name)
	if object == nil {
		return nil
	}
	members, _ := fieldsOf(body.at(name), object)
	if len(members.members) > maxValues {
		body.fault(name, "has too many entries")
		return nil
	}
	values := map[string]store.ServerValue{}
	seen := map[string]bool{}
	for _, key := range slices.Sorted(maps.Keys(members.members)) {
		if reason := nameRule(key); reason != "" {
			members.fault(key, reason)
			continue
		}
		if name == "headers" && seen[strings.ToLower(key)] {
			members.fault(key, "is given twice")
		}
		seen[strings.ToLower(key)] = true
		values[key] = serverValue(members, key, valueRule)
	}
	body.faults = append(body.faults, members.faults...)
	return values
}

// serverValue reads a value, which is a text or an object.
func serverValue(members *fields, key string, rule textRule) store.ServerValue {
	rules := []textRule{atMost(maxValue), rule}
	var text string
	if !members.given(key) || json.Unmarshal(members.members[key], &text) == nil {
		return store.ServerValue{Value: members.optionalText(key, rules...)}
	}
	object, ok := fieldsOf(members.at(key), members.members[key])
	if !ok {
		members.fault(key, "must be a string or an object")
		return store.ServerValue{}
	}
	value := store.ServerValue{
		Type:        object.requiredText("type", oneOf("string", "secret", "oauth2-secret", "data-server-info")),
		Value:       object.optionalText("value", rules...),
		Description: object.textOr("description", "", atMost(maxDescription)),
		Provider:    object.textOr("provider", "", atMost(maxName)),
		Scopes:      object.optionalTexts("scopes", atMost(maxName)),
	}
	members.faults = append(members.faults, object.faults...)
	return value
}

func oneLine(text string) string {
	if strings.ContainsAny(text, "\r\n\x00") {
		return "must be one line"
	}
	return ""
}

// unmask puts the secrets of the server as it was in place of the masks they are
// shown as. They stay with the server they were given for: whoever could send them
// elsewhere could read them.
func unmask(body *fields, server *store.MCPServer, old store.MCPServer) {
	same := sameEndpoint(*server, old)
	restore := func(name string, values, known map[string]store.ServerValue) {
		for _, key := range slices.Sorted(maps.Keys(values)) {
			value := values[key]
			if !value.IsMask() {
				continue
			}
			secret, kept := known[key]
			switch {
			case !kept || secret.Value == nil:
				body.fault(name+" -> "+key, "is the mask of a secret that is not kept here; send the secret")
			case !same:
				body.fault(name+" -> "+key, "is kept for another url or command; send the secret again")
			default:
				value.Value = secret.Value
				values[key] = value
			}
		}
	}
	restore("headers", server.Headers, old.Headers)
	restore("env", server.Env, old.Env)
}

// sameEndpoint says whether secrets for the one server go to the same place with
// the other.
func sameEndpoint(a, b store.MCPServer) bool {
	if a.URL == nil || b.URL == nil {
		return a.Command != nil && b.Command != nil && *a.Command == *b.Command && slices.Equal(a.Args, b.Args)
	}
	first, errFirst := url.Parse(*a.URL)
	second, errSecond := url.Parse(*b.URL)
	return errFirst == nil && errSecond == nil && first.Scheme == second.Scheme && first.Host == second.Host
}
