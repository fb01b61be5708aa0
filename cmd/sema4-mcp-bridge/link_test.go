package main

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/rs/zerolog"

	"sema4mcp/bridge"
	"sema4mcp/bridge/exchange"
	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/testtenant"
)

// TestWhoListedTooEarlyIsTold answers a list before the key is found, or just as
// it is.
func TestWhoListedTooEarlyIsTold(t *testing.T) {
	tenant := testtenant.Start(t)
	config := bridge.Config{Logger: zerolog.Nop(), Version: "test"}
	for name, list := range map[string]func(list, settle func()){
		"before": func(list, settle func()) { list(); settle() },
		"after":  func(list, settle func()) { settle(); list() },
	} {
		client, err := config.NewClient(tenant.BaseURL(), localtenant.APIKey, "test", tenant.Transport())
		if err != nil {
			t.Fatal(err)
		}
		l := &link{log: zerolog.Nop(), elsewhere: true, opening: bridge.Unconfigured(config, ""), made: make(chan struct{})}
		list(func() {
			if l.withoutTenant() != l.opening {
				t.Errorf("%s: another server answers", name)
			}
		}, func() {
			l.tenant = bridge.NewTenant(client, config)
			l.settle()
		})
		if l.choose(t.Context(), exchange.Message{Method: string(mcp.MethodToolsCall)}) == l.opening { // a call shows no list
			t.Errorf("%s: the tenant's server is not used", name)
		}
		var told []string
		l.announce(t.Context(), func(change mcp.JSONRPCNotification) error {
			if told = append(told, change.Method); len(told) == 3 {
				return errors.New("that is enough")
			}
			return nil
		})
		if !slices.Contains(told, mcp.MethodNotificationToolsListChanged) {
			t.Errorf("%s: told %q", name, told)
		}
		l.tenant.Close()
	}
}

// TestAListThatWaitsTooLongIsAnsweredWithoutTheTenant, and that is remembered.
func TestAListThatWaitsTooLongIsAnsweredWithoutTheTenant(t *testing.T) {
	l := &link{log: zerolog.Nop(), elsewhere: true, opening: bridge.Unconfigured(bridge.Config{}, ""), made: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if l.choose(ctx, exchange.Message{Method: string(mcp.MethodToolsList)}) != l.opening || !l.early {
		t.Error("it is not remembered")
	}
}
