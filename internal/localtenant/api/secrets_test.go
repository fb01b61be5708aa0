package api_test

import (
	"encoding/json"
	"testing"

	"sema4mcp/internal/localtenant/api"
	"sema4mcp/internal/localtenant/store"
)

// What is shown can be sent back, and is what was stored.
func TestSecretsSurviveBeingSentBack(t *testing.T) {
	for stored, shown := range map[string]string{
		`{"host":"a","password":"p"}`:                              `{"host":"a"}`,
		`{"tls":{"ca":"c","private_key":"p"}}`:                     `{"tls":{"ca":"c"}}`,
		`{"nodes":[{"host":"a","password":"p"},{"host":"b"}]}`:     `{"nodes":[{"host":"a"},{"host":"b"}]}`,
		`{"nodes":[[{"token":"t"}],7,null,"x"]}`:                   `{"nodes":[[{}],7,null,"x"]}`,
		`{"nodes":[],"credentials":["a","b"]}`:                     `{"nodes":[]}`,
		`{"nodes":[{"inner":[{"host":"a","api_key":"k"}]}],"n":1}`: `{"nodes":[{"inner":[{"host":"a"}]}],"n":1}`,
	} {
		got, err := api.WithoutSecrets(json.RawMessage(stored))
		if err != nil || !store.SameJSON(got, json.RawMessage(shown)) {
			t.Errorf("%s is shown as %s, %v; want %s", stored, got, err, shown)
		}
		back, err := api.WithSecretsOf(json.RawMessage(stored), got)
		if err != nil || !store.SameJSON(back, json.RawMessage(stored)) {
			t.Errorf("%s becomes %s, %v", stored, back, err)
		}
	}
}

// Of an array that has changed, what is left out is still noticed.
func TestSecretsOfAShorterArray(t *testing.T) {
	stored := json.RawMessage(`{"nodes":[{"host":"a","password":"p"},{"host":"b","password":"q"}]}`)
	for given, want := range map[string]string{
		`{"nodes":[{"host":"b"}]}`:                `{"nodes":[{"host":"b","password":"p"}]}`,
		`{"nodes":[{"host":"b","password":"q"}]}`: `{"nodes":[{"host":"b","password":"q"}]}`,
		`{"nodes":[]}`:                            `{"nodes":[]}`,
		`{"nodes":"none"}`:                        `{"nodes":"none"}`,
	} {
		if got, err := api.WithSecretsOf(stored, json.RawMessage(given)); err != nil || !store.SameJSON(got, json.RawMessage(want)) {
			t.Errorf("%s becomes %s, %v; want %s", given, got, err, want)
		}
	}
}
