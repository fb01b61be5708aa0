package api

import (
	"crypto/subtle"
	"net/http"
	"strings"
)

// authorize asks for the tenant's bearer key.
func (s *server) authorize(r *http.Request) error {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return &problem{status: http.StatusUnauthorized, message: "No API key: send the header Authorization: Bearer <key>."}
	}
	if subtle.ConstantTimeCompare([]byte(strings.TrimSpace(key)), []byte(s.Key)) != 1 {
		return &problem{status: http.StatusUnauthorized, message: "This API key is not valid here."}
	}
	return nil
}
