package openaichat

import (
	"net/url"
	"regexp"
	"strings"
)

// leastSecret is the length below which a value is taken for a word, not a key.
const leastSecret = 4

// secrets are values that must not be shown to anybody.
type secrets struct{ values []string }

// add takes a value, and what comes after its scheme, as in "Bearer …".
func (s *secrets) add(value string) {
	value = strings.TrimSpace(value)
	if len(value) < leastSecret {
		return
	}
	s.values = append(s.values, value, "***")
	if _, token, ok := strings.Cut(value, " "); ok {
		s.add(token)
	}
}

// addURL takes what may be a key in a URL: its password and its query.
func (s *secrets) addURL(address *url.URL) {
	if password, ok := address.User.Password(); ok {
		s.add(password)
	}
	for _, values := range address.Query() {
		for _, value := range values {
			s.add(value)
		}
	}
}

var secretName = regexp.MustCompile(`(?i)auth|key|token|secret|pass|pwd|cookie|credential|session|signature`)

// addNamed takes the values whose names say that they are secret. The others,
// such as a region, are words that results may be full of.
func (s *secrets) addNamed(values map[string]string) {
	for name, value := range values {
		if secretName.MatchString(name) {
			s.add(value)
		}
	}
}

// hide puts asterisks in the place of every secret.
func (s *secrets) hide(text string) string {
	return strings.NewReplacer(s.values...).Replace(text)
}
