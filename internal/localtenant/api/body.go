package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

const maxBody = 4 << 20 // bytes

func readBody(r *http.Request) ([]byte, error) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, unreadable(err)
	}
	return data, nil
}

// unreadable says why a body could not be read to its end.
func unreadable(err error) error {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &problem{
			status:  http.StatusRequestEntityTooLarge,
			message: fmt.Sprintf("The body is larger than %d bytes; send less.", tooLarge.Limit),
		}
	}
	return &problem{status: http.StatusBadRequest, message: "The body could not be read to its end."}
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
