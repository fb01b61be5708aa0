package datasource

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// secretKey matches the keys of configurations whose values are secret, whatever
// the engine.
var secretKey = regexp.MustCompile(`(?i)secret|passw|passcode|pwd|passphrase|token|(private|access|account|ssl)[_-]?key|service_account|credentials|credential$|^sas|dsn$|api[_-]?key|(^|[^a-z])(pass|sas|dsn)([^a-z]|$)|conn(ection)?[_-]?str(ing)?`)

// IsSecret tells whether the value of a configuration key is secret.
func IsSecret(key string) bool { return secretKey.MatchString(key) }

// configuration are the keys of a data connection. What is wrong with those that
// are asked for is collected.
type configuration struct {
	members map[string]any
	engine  string
	faults  []string
}

func readConfiguration(s Settings) (*configuration, error) {
	c := &configuration{engine: s.Engine}
	if err := json.Unmarshal(s.Configuration, &c.members); err != nil || c.members == nil {
		return nil, failure("configuration: must be an object")
	}
	return c, nil
}

func (c *configuration) err() error {
	if len(c.faults) == 0 {
		return nil
	}
	return failure("%s", strings.Join(c.faults, "; "))
}

func (c *configuration) fault(key, reason string) {
	c.faults = append(c.faults, "configuration -> "+key+": "+reason)
}

func (c *configuration) given(key string) bool { return c.members[key] != nil }

// text is the text of a key that must be there.
func (c *configuration) text(key string) string {
	if !c.given(key) {
		c.fault(key, "is required by the engine "+c.engine)
		return ""
	}
	text, ok := c.members[key].(string)
	switch {
	case !ok:
		c.fault(key, "must be a string")
	case strings.ContainsRune(text, 0):
		c.fault(key, "must not have a NUL character")
	}
	return text
}

func (c *configuration) notEmpty(key string) string {
	text := c.text(key)
	if _, ok := c.members[key].(string); ok && strings.TrimSpace(text) == "" {
		c.fault(key, "must not be empty")
	}
	return text
}

func (c *configuration) textOr(key, fallback string) string {
	if !c.given(key) || c.members[key] == "" {
		return fallback
	}
	return c.text(key)
}

func (c *configuration) oneOf(key, fallback string, values ...string) string {
	text := c.textOr(key, fallback)
	if _, ok := c.members[key].(string); ok && !slices.Contains(values, text) {
		c.fault(key, "must be one of "+strings.Join(values, ", "))
	}
	return text
}

// port reads a port. JSON of the vendor has it as a float.
func (c *configuration) port(key string) uint16 {
	if !c.given(key) {
		c.fault(key, "is required by the engine "+c.engine)
		return 0
	}
	number, ok := c.members[key].(float64)
	if text, isText := c.members[key].(string); isText {
		var err error
		number, err = strconv.ParseFloat(text, 64)
		ok = err == nil
	}
	if !ok || number != math.Trunc(number) || number < 1 || number > math.MaxUint16 {
		c.fault(key, fmt.Sprintf("must be a whole number from 1 to %d", math.MaxUint16))
		return 0
	}
	return uint16(number)
}

// secrets are all texts that stand under secret keys, at any depth.
func secrets(value any, secret bool) []string {
	var found []string
	switch value := value.(type) {
	case map[string]any:
		for key, member := range value {
			found = append(found, secrets(member, secret || IsSecret(key))...)
		}
	case []any:
		for _, element := range value {
			found = append(found, secrets(element, secret)...)
		}
	case string:
		if secret && value != "" {
			found = append(found, value)
		}
	}
	return found
}

// minSecret is how many characters a secret has at least that can be told from
// what else a driver says.
const minSecret = 4

// redacted is what an error of a driver says, as a Failure without the secrets.
func redacted(doing string, err error, secrets []string) error {
	if known, ok := errors.AsType[*Failure](err); ok {
		return known
	}
	// One secret may be a part of another.
	secrets = slices.SortedFunc(slices.Values(secrets), func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	text := err.Error()
	for _, secret := range secrets {
		if utf8.RuneCountInString(secret) < minSecret {
			return failure("%s; the reason is withheld, because a secret of the connection has fewer than %d characters", doing, minSecret)
		}
		text = strings.ReplaceAll(text, secret, "***")
	}
	return failure("%s: %s", doing, text)
}
