package main

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRefusesArgumentsThatItDoesNotKnow(t *testing.T) {
	for _, args := range [][]string{{"everything"}, {"-everything"}, {"-version", "latest"}} {
		if err := run(t.Context(), args); err == nil {
			t.Errorf("dist %v is accepted", args)
		}
	}
}
