package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

const maxBody = 4 << 20 // bytes

func readBody(r *http.Request) ([]byte, error) {
	data, err := io.ReadAll(r.Body)
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, &problem{
			status:  http.StatusRequestEntityTooLarge,
			message: fmt.Sprintf("The body is larger than %d bytes; send less.", tooLarge.Limit),
		}
	}
	if err != nil {
		return nil, &problem{status: http.StatusBadRequest, message: "The body could not be read to its end."}
	}
	return data, nil
}

// requiredText reads a JSON body that is an object and gives the text of one of
// its fields, which must not be blank. Fields nobody asked for are ignored.
func requiredText(r *http.Request, field string) (string, error) {
	data, err := readBody(r)
	if err != nil {
		return "", err
	}
	if !json.Valid(data) {
		return "", &problem{status: http.StatusBadRequest, message: "The body is not JSON."}
	}
	// A map, since a struct would also take the field in another case.
	var fields map[string]json.RawMessage
	if json.Unmarshal(data, &fields) != nil || fields == nil {
		return "", invalid("body", "must be an object")
	}
	where := "body -> " + field
	raw, ok := fields[field]
	if !ok {
		return "", invalid(where, "is required")
	}
	var text *string
	if json.Unmarshal(raw, &text) != nil || text == nil {
		return "", invalid(where, "must be a string")
	}
	if strings.TrimSpace(*text) == "" {
		return "", invalid(where, "must not be empty")
	}
	return *text, nil
}

func writeJSON(w http.ResponseWriter, status int, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(data) // a client that has gone does not need its answer
	return nil
}
