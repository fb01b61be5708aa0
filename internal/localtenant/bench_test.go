package localtenant_test

import (
	"testing"

	"sema4mcp/internal/localtenant"
)

// What the tenant itself costs is part of every measurement made against it.

func BenchmarkEchoStream(b *testing.B) {
	benchmarkStream(b, localtenant.Config{}, localtenant.EchoID)
}

func BenchmarkTwentyWordStream(b *testing.B) {
	cfg, agent := withScript("- repeat 20\n  - say: \"word \"")
	benchmarkStream(b, cfg, agent)
}

func benchmarkStream(b *testing.B, cfg localtenant.Config, agent string) {
	c := start(b, cfg)
	conversation := c.converse(agent)
	for b.Loop() {
		s := c.stream(conversation, "hello")
		if _, err := s.rest(); err != nil {
			b.Fatal(err)
		}
		s.close()
	}
}

func BenchmarkEchoPost(b *testing.B) {
	c := start(b, localtenant.Config{})
	for b.Loop() {
		c.post(c.converse(localtenant.EchoID), "hello")
	}
}

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		tenant, err := localtenant.New(b.Context(), localtenant.Config{})
		if err != nil {
			b.Fatal(err)
		}
		if err := tenant.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
