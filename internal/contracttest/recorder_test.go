package contracttest_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// recorder is a test that keeps what is reported to it.
type recorder struct {
	testing.TB
	mu       sync.Mutex
	reports  []string
	cleanups []func()
}

func (r *recorder) Helper() {}

func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reports = append(r.reports, fmt.Sprintf(format, args...))
}

func (r *recorder) cleanup() {
	for _, f := range r.cleanups {
		f()
	}
}

// text joins what was reported since the last call.
func (r *recorder) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := strings.Join(r.reports, "\n")
	r.reports = nil
	return text
}

// expect checks that there was one report that says all of this, or none if there
// is nothing to say.
func (r *recorder) expect(t *testing.T, says ...string) {
	t.Helper()
	text := r.text()
	if len(says) == 0 && text != "" || strings.Count(text, "\n") > 0 {
		t.Errorf("reports:\n%s\nwant %q", text, says)
	}
	for _, part := range says {
		if !strings.Contains(text, part) {
			t.Errorf("the report %q does not say %q", text, part)
		}
	}
	if strings.Contains(text, secret) {
		t.Errorf("the report tells a secret: %q", text)
	}
}

// secret stands in keys and values that no report may repeat.
const secret = "s3cr3t"
