package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"sema4mcp/cmd/internal/cli"
	"sema4mcp/mcpserver"
)

// maxTenantsFile bounds what is read of it.
const maxTenantsFile = 1 << 20

// readTenants reads a file such as
//
//	{"acme": {"base_url": "https://HOST/tenants/ACME/api/v2", "api_key": "file:/path/to/key"}}
//
// by the ids that tenants have in paths and scopes. A tenant without a base_url has
// the one given, where {tenant} stands for its id; api_key is a key or a reference,
// as SEMA4_API_KEY is. No error quotes a key.
func readTenants(ctx context.Context, path, baseURL string) ([]mcpserver.HeldTenant, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the tenants file cannot be read: %w", err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxTenantsFile))
	if err != nil {
		return nil, fmt.Errorf("the tenants file cannot be read: %w", err)
	}
	var tenants map[string]struct {
		BaseURL string `json:"base_url"`
		APIKey  string `json:"api_key"`
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&tenants); err != nil {
		return nil, fmt.Errorf("the tenants file is not what it should be (%s): it reads %s", jsonFault(err), `{"TENANT": {"base_url": "…", "api_key": "file:…"}}`)
	}
	if decoder.More() {
		return nil, errors.New("the tenants file holds more than one JSON object")
	}
	held := make([]mcpserver.HeldTenant, 0, len(tenants))
	for _, id := range slices.Sorted(maps.Keys(tenants)) {
		tenant := tenants[id]
		if id == "" {
			return nil, errors.New("the tenants file has a tenant without an id")
		}
		key, err := cli.KeyAt(ctx, tenant.APIKey, "api_key of "+id)
		if err != nil {
			return nil, fmt.Errorf("tenant %s: %w", id, err)
		}
		if tenant.BaseURL == "" {
			tenant.BaseURL = baseURL
		}
		held = append(held, mcpserver.HeldTenant{ID: id, BaseURL: tenant.BaseURL, Key: key})
	}
	return held, nil
}

// jsonFault says where JSON is wrong without a word of what stands there: it may be
// a key.
func jsonFault(err error) string {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Sprintf("no JSON from byte %d on", syntax.Offset)
	}
	if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Sprintf("a value of another kind before byte %d", kind.Offset)
	}
	return "an unknown field, or an end too early"
}
