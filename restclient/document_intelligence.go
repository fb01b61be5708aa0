package restclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
)

// DocumentIntelligenceService reads how Document Intelligence is configured.
type DocumentIntelligenceService struct{ client *Client }

// ErrNotConfigured is in the error of a call for what the tenant has not set up.
var ErrNotConfigured = errors.New("it is not configured")

// DocumentIntelligence is the configuration of Document Intelligence. Releases
// differ in it: Raw holds all of it.
type DocumentIntelligence struct {
	Integrations     []DocumentIntegration `json:"integrations,omitzero"`
	DataConnectionID string                `json:"data_connection_id,omitzero"`
	Raw              RawObject             `json:"-"`
}

// DocumentIntegration is a service that reads documents.
type DocumentIntegration struct {
	ExternalID string `json:"external_id,omitzero"`
	Type       string `json:"type,omitzero"` // "reducto"
	Endpoint   string `json:"endpoint,omitzero"`
	APIKey     Secret `json:"api_key,omitzero"` // servers may keep it back
}

// UnmarshalJSON reads what it understands, and all of it into Raw.
func (d *DocumentIntelligence) UnmarshalJSON(data []byte) error {
	type plain DocumentIntelligence
	var rest RawObject
	if err := decodeMembers(data, (*plain)(d), &rest); err != nil {
		return err
	}
	return json.Unmarshal(data, &d.Raw)
}

// LogValue logs the configuration without its secrets.
func (d DocumentIntelligence) LogValue() slog.Value { return hidden(d) }

// Get fetches the configuration. The error is [ErrNotConfigured] if there is
// none.
func (s *DocumentIntelligenceService) Get(ctx context.Context) (*DocumentIntelligence, error) {
	configuration, err := call[DocumentIntelligence](ctx, s.client, get("document-intelligence").private())
	return configuration, notConfigured(err)
}

// OK checks that Document Intelligence can be used. The error is
// [ErrNotConfigured] if it is not set up.
func (s *DocumentIntelligenceService) OK(ctx context.Context) error {
	return notConfigured(s.client.send(ctx, get("document-intelligence", "ok")))
}

func notConfigured(err error) error {
	if err = meaning(err, ErrNotConfigured, http.StatusNotFound, http.StatusPreconditionFailed); errors.Is(err, ErrNotConfigured) {
		return fmt.Errorf("document intelligence: %w", err)
	}
	return err
}
