package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"sema4mcp/internal/localtenant/datasource"
	"sema4mcp/internal/localtenant/store"
	"sema4mcp/internal/localtenant/thread"
)

const maxTags = 100

func (s *server) dataConnectionRoutes() []route {
	const (
		connections = "data-connections"
		connection  = connections + "/{connection}"
	)
	return []route{
		newRoute(connections, methods{
			http.MethodGet:  s.listDataConnections,
			http.MethodPost: s.createDataConnection,
		}),
		newRoute(connection, methods{
			http.MethodGet:    s.getDataConnection,
			http.MethodPut:    s.replaceDataConnection,
			http.MethodDelete: s.deleteDataConnection,
		}),
		newRoute(connection+"/semantic-views", methods{http.MethodGet: s.listSemanticViews}),
	}
}

// publicConnection is a PublicDataConnection of the vendor's API v2.
type publicConnection struct {
	ID            string          `json:"id"`
	Name          string          `json:"name"`
	Description   string          `json:"description"`
	Engine        string          `json:"engine"`
	Configuration json.RawMessage `json:"configuration"` // without secrets
	Tags          []string        `json:"tags"`
	CreatedAt     string          `json:"created_at"`
	UpdatedAt     string          `json:"updated_at"`
}

func public(c store.DataConnection) (publicConnection, error) {
	configuration, err := withoutSecrets(c.Configuration)
	return publicConnection{
		ID: c.ID, Name: c.Name, Description: c.Description, Engine: c.Engine, Configuration: configuration,
		Tags: c.Tags, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt,
	}, err
}

func (s *server) listDataConnections(w http.ResponseWriter, r *http.Request, _ ids) error {
	const list = "data connections"
	window, err := window(r, list)
	if err != nil {
		return err
	}
	stored, err := s.Store.DataConnections(r.Context(), window)
	if err != nil {
		return err
	}
	connections := store.Page[publicConnection]{Items: make([]publicConnection, len(stored.Items)), Next: stored.Next}
	for i, c := range stored.Items {
		if connections.Items[i], err = public(c); err != nil {
			return err
		}
	}
	return writeJSON(w, http.StatusOK, pageOf(list, connections))
}

func (s *server) getDataConnection(w http.ResponseWriter, r *http.Request, ids ids) error {
	connection, err := s.Store.DataConnection(r.Context(), ids["connection"])
	if err != nil {
		return err
	}
	return writeConnection(w, connection)
}

func writeConnection(w http.ResponseWriter, c store.DataConnection) error {
	connection, err := public(c)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, connection)
}

// createDataConnection connects before it stores.
func (s *server) createDataConnection(w http.ResponseWriter, r *http.Request, _ ids) error {
	connection, err := readConnection(r)
	if err != nil {
		return err
	}
	if err := s.checkConnection(r, connection); err != nil {
		return err
	}
	connection.ID = uuid.NewString()
	connection.CreatedAt = thread.Timestamp(time.Now()).String()
	connection.UpdatedAt = connection.CreatedAt
	if err := s.Store.AddDataConnection(r.Context(), connection); err != nil {
		return err
	}
	return writeConnection(w, connection)
}

// replaceDataConnection connects before it stores. A secret that is left out stays
// as it is, so that what was read can be sent back; with anything else changed it
// must be sent again, or whoever names another host could have it sent there.
func (s *server) replaceDataConnection(w http.ResponseWriter, r *http.Request, ids ids) error {
	stored, err := s.Store.DataConnection(r.Context(), ids["connection"])
	if err != nil {
		return err
	}
	wanted, err := readConnection(r)
	if err != nil {
		return err
	}
	var connection store.DataConnection
	for {
		if connection, err = s.replacement(r, stored, wanted); err != nil {
			return err
		}
		err = s.Store.ReplaceDataConnection(r.Context(), stored, connection)
		if !errors.Is(err, store.ErrConflict) {
			break
		}
		// Somebody changed it while it was checked: the secrets it had may be old.
		if stored, err = s.Store.DataConnection(r.Context(), stored.ID); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	if err := s.Sources.Forget(connection.ID); err != nil {
		return err
	}
	return writeConnection(w, connection)
}

// replacement is what the stored connection becomes. It has been connected to.
func (s *server) replacement(r *http.Request, stored, wanted store.DataConnection) (store.DataConnection, error) {
	var err error
	if wanted.Configuration, err = keepSecrets(stored, wanted); err != nil {
		return store.DataConnection{}, err
	}
	wanted.ID, wanted.CreatedAt = stored.ID, stored.CreatedAt
	wanted.UpdatedAt = thread.Timestamp(time.Now()).String()
	return wanted, s.checkConnection(r, wanted)
}

// keepSecrets is the new configuration with the secrets of the stored one that it
// leaves out.
func keepSecrets(stored, connection store.DataConnection) (json.RawMessage, error) {
	if connection.Engine != stored.Engine {
		return connection.Configuration, nil
	}
	merged, err := withSecretsOf(stored.Configuration, connection.Configuration)
	if err != nil || store.SameJSON(merged, connection.Configuration) {
		return connection.Configuration, err // it leaves out none
	}
	before, err := withoutSecrets(stored.Configuration)
	if err != nil {
		return nil, err
	}
	after, err := withoutSecrets(connection.Configuration)
	if err != nil {
		return nil, err
	}
	if !store.SameJSON(before, after) {
		return nil, invalid("body -> configuration", "has changed, so send its secrets again, such as the password: they are kept only while nothing else changes")
	}
	return merged, nil
}

func readConnection(r *http.Request) (store.DataConnection, error) {
	body, err := readFields(r)
	if err != nil {
		return store.DataConnection{}, err
	}
	connection := store.DataConnection{
		Name:          body.requiredText("name", notBlank, atMost(maxName)),
		Engine:        body.requiredText("engine", notBlank, atMost(maxName)),
		Configuration: body.requiredObject("configuration"),
		Description:   body.textOr("description", "", atMost(maxDescription)),
		Tags:          append([]string{}, body.optionalTexts("tags", notBlank, atMost(maxName))...),
	}
	if len(connection.Tags) > maxTags {
		body.fault("tags", "must not have more than 100 elements")
	}
	return connection, body.err()
}

// checkConnection answers 400 when the connection does not work.
func (s *server) checkConnection(r *http.Request, c store.DataConnection) error {
	err := s.Sources.Check(r.Context(), datasource.Settings{Engine: c.Engine, Configuration: c.Configuration})
	return badSource(err)
}

// badSource answers a failure of a data connection with 400.
func badSource(err error) error {
	if failure, ok := errors.AsType[*datasource.Failure](err); ok {
		return &problem{status: http.StatusBadRequest, message: sentence(failure.Message)}
	}
	return err
}

// sentence makes one of an error's text.
func sentence(text string) string {
	return strings.ToUpper(text[:1]) + strings.TrimSuffix(text[1:], ".") + "."
}

func (s *server) deleteDataConnection(w http.ResponseWriter, r *http.Request, ids ids) error {
	if err := s.Store.DeleteDataConnection(r.Context(), ids["connection"]); err != nil {
		return err
	}
	if err := s.Sources.Forget(ids["connection"]); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// listSemanticViews is empty: semantic views are a matter of Snowflake.
func (s *server) listSemanticViews(w http.ResponseWriter, r *http.Request, ids ids) error {
	if _, err := s.Store.DataConnection(r.Context(), ids["connection"]); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, []struct{}{})
}
