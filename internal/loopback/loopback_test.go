package loopback_test

import (
	"testing"

	"sema4mcp/internal/loopback"
)

func TestIs(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LocalHost:80": true, "127.0.0.1": true, "127.9.8.7:1": true, "::1": true, "[::1]": true, "[::1]:8080": true, "[::ffff:127.0.0.1]:1": true,
		"": false, ":80": false, "localhost.": false, "localhost.example": false, "127.0.0.1.example:80": false, "128.0.0.1": false, "0.0.0.0:80": false,
		"[::]": false, "[::2]:80": false, "example": false, "2130706433": false,
	} {
		if got := loopback.Is(host); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
}

func TestOriginHost(t *testing.T) {
	for origin, want := range map[string]string{
		"http://localhost:5173": "localhost:5173", "https://[::1]": "[::1]", "null": "", "": "", "file://": "", "localhost": "", "http://a b": "", "http://evil.example": "evil.example",
		"http://localhost@evil.example": "evil.example",
	} {
		if got := loopback.OriginHost(origin); got != want {
			t.Errorf("%q: %q", origin, got)
		}
	}
}
