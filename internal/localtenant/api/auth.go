package api

import (
	"crypto/subtle"
	"net/http"
	"strings"
)

// authorize asks for the tenant's key.
func (s *server) authorize(r *http.Request) error {
	key, given := givenKey(r.Header.Get("Authorization"))
	if !given {
		return &problem{status: http.StatusUnauthorized, message: `No API key: send the header Authorization: Bearer <key>, or Authorization: Snowflake Token="<key>".`}
	}
	if subtle.ConstantTimeCompare([]byte(key), []byte(s.Key)) != 1 {
		return &problem{status: http.StatusUnauthorized, message: "This API key is not valid here."}
	}
	return nil
}

// givenKey is the key in an Authorization header of one of the vendor's schemes:
// the one in quotes is that of deployments which Snowflake hosts.
func givenKey(authorization string) (string, bool) {
	scheme, key, _ := strings.Cut(authorization, " ")
	key = strings.TrimSpace(key)
	switch {
	case strings.EqualFold(scheme, "Bearer"):
		return key, true
	case !strings.EqualFold(scheme, "Snowflake"):
		return "", false
	}
	name, quoted, _ := strings.Cut(key, "=")
	opened, begins := strings.CutPrefix(quoted, `"`)
	token, ends := strings.CutSuffix(opened, `"`)
	return token, begins && ends && strings.EqualFold(name, "Token")
}
