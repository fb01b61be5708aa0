//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/rs/zerolog"

	"sema4mcp/mcpserver"
)

func TestAHangUpHasTheKeysLookedUpAnew(t *testing.T) {
	outcomes := make(chan error)
	held := []mcpserver.HeldTenant{{BaseURL: "https://host/tenants/t/api/v2", Key: "key"}}
	server, err := mcpserver.New(mcpserver.Config{OAuth: &mcpserver.OAuth{Issuer: "https://issuer.example", Tenants: held,
		Renew: func(context.Context) ([]mcpserver.HeldTenant, error) {
			return held, <-outcomes
		}}})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	var log bytes.Buffer
	stop := renewAtHangUp(t.Context(), server, zerolog.New(&log))
	for _, outcome := range []error{nil, errors.New("nothing there")} {
		if err := syscall.Kill(syscall.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		outcomes <- outcome
	}
	stop()
	if text := log.String(); !strings.Contains(text, "looked up the keys anew") || !strings.Contains(text, "nothing there") {
		t.Errorf("got %s", text)
	}
}
