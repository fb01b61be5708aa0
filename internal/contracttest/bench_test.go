package contracttest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"sema4mcp/internal/contracttest"
)

// What a checked exchange costs beside an unchecked one.
func BenchmarkExchange(b *testing.B) {
	reply := page + strings.Repeat(agent+",", 49) + agent + "]}"
	next := roundTrip(func(r *http.Request) (*http.Response, error) { return answer(r, reply), nil })
	for name, transport := range map[string]http.RoundTripper{"checked": contracttest.New(b).Wrap(next), "unchecked": next} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				r, _ := http.NewRequestWithContext(b.Context(), http.MethodGet, "http://x/api/v2/agents?limit=50", nil)
				r.Header.Set("Authorization", "Bearer "+secret)
				response, err := transport.RoundTrip(r)
				if err != nil {
					b.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, response.Body)
				response.Body.Close()
			}
		})
	}
}
