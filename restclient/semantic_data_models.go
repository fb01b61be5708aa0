package restclient

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
)

// SemanticDataModelsService keeps the models that tell agents what the tables of
// a data connection mean.
type SemanticDataModelsService struct{ client *Client }

// SemanticDataModel is the vendor's PublicSdm. Model is passed through as it is
// written. The server alone sets ID, Name, Description, Source and IsMutable,
// the name and description from those in the model; it never sends ThreadID and
// VersionID.
type SemanticDataModel struct {
	ID          string          `json:"id,omitzero"`
	Name        string          `json:"name,omitzero"`
	Description string          `json:"description,omitzero"`
	Source      string          `json:"source,omitzero"`
	IsMutable   *bool           `json:"is_mutable,omitzero"`
	Model       json.RawMessage `json:"semantic_model,omitzero"` // an object with tables or schemas
	ThreadID    string          `json:"thread_id,omitzero"`      // the conversation it was made in
	VersionID   string          `json:"version_id,omitzero"`
	Extra       RawObject       `json:"-"`
}

func (m *SemanticDataModel) check() error {
	if m.ID == "" {
		return errNoID
	}
	return nil
}

// UnmarshalJSON keeps what it does not understand in Extra.
func (m *SemanticDataModel) UnmarshalJSON(data []byte) error {
	type plain SemanticDataModel
	return decodeMembers(data, (*plain)(m), &m.Extra)
}

// MarshalJSON writes the fields, and Extra.
func (m SemanticDataModel) MarshalJSON() ([]byte, error) {
	type plain SemanticDataModel
	return encodeMembers(plain(m), m.Extra)
}

func (m SemanticDataModel) withBody(req request) request {
	return req.withJSON(writable(m, "id", "name", "description", "source", "is_mutable")).
		needs(len(m.Model) > 0, "a semantic data model needs its model")
}

// List fetches one page of the semantic data models.
func (s *SemanticDataModelsService) List(ctx context.Context, opts *ListOptions) (*Page[SemanticDataModel], error) {
	o := valueOf(opts)
	return s.list(o).page(ctx, o.Cursor)
}

// All walks the semantic data models from opts.Cursor on.
func (s *SemanticDataModelsService) All(ctx context.Context, opts *ListOptions) iter.Seq2[SemanticDataModel, error] {
	o := valueOf(opts)
	return s.list(o).all(ctx, o.Cursor)
}

func (s *SemanticDataModelsService) list(o ListOptions) list[SemanticDataModel] {
	return newList[SemanticDataModel](s.client, cursorParameter, o.Limit, modelsCollection)
}

// Get fetches one semantic data model.
func (s *SemanticDataModelsService) Get(ctx context.Context, id string) (*SemanticDataModel, error) {
	return call[SemanticDataModel](ctx, s.client, get(modelsCollection, id))
}

// Create creates a semantic data model.
func (s *SemanticDataModelsService) Create(ctx context.Context, model SemanticDataModel) (*SemanticDataModel, error) {
	return call[SemanticDataModel](ctx, s.client, model.withBody(post(nil, modelsCollection)))
}

// Replace replaces all of a semantic data model: change what Get returned, so
// that nothing is lost.
func (s *SemanticDataModelsService) Replace(ctx context.Context, id string, model SemanticDataModel) (*SemanticDataModel, error) {
	req := model.withBody(put(nil, modelsCollection, id))
	return change[SemanticDataModel](ctx, s.client, req, get(modelsCollection, id))
}

// Delete deletes a semantic data model.
func (s *SemanticDataModelsService) Delete(ctx context.Context, id string) error {
	return s.client.send(ctx, remove(modelsCollection, id))
}

// Export opens a semantic data model as YAML or JSON, whichever
// [Download.MediaType] says; connections go by their name in it. Close it when
// done with it.
func (s *SemanticDataModelsService) Export(ctx context.Context, id string) (*Download, error) {
	return s.client.download(ctx, get(modelsCollection, id, "export"), "text/html")
}

// SemanticModelImport is a model as Export writes it, in JSON.
type SemanticModelImport struct {
	Model   json.RawMessage `json:"semantic_model,omitzero"`
	AgentID string          `json:"agent_id,omitzero"` // without it, duplicates are not found
	Extra   RawObject       `json:"-"`
}

// MarshalJSON writes the fields, and Extra.
func (m SemanticModelImport) MarshalJSON() ([]byte, error) {
	type plain SemanticModelImport
	return encodeMembers(plain(m), m.Extra)
}

// SemanticModelImported is what came of an import.
type SemanticModelImported struct {
	ID              string            `json:"semantic_data_model_id,omitzero"`
	DataConnections map[string]string `json:"resolved_data_connections,omitzero"` // ids by the names in the model
	IsDuplicate     bool              `json:"is_duplicate,omitzero"`              // ID is the model that was there before
	Warnings        []string          `json:"warnings,omitzero"`
	Extra           RawObject         `json:"-"`
}

func (m *SemanticModelImported) check() error {
	if m.ID == "" {
		return errNoID
	}
	return nil
}

// UnmarshalJSON keeps what it does not understand in Extra.
func (m *SemanticModelImported) UnmarshalJSON(data []byte) error {
	type plain SemanticModelImported
	return decodeMembers(data, (*plain)(m), &m.Extra)
}

// Import creates a semantic data model from an exported one. The error is an
// [APIError] with status 400 if no data connection has a name that it uses.
func (s *SemanticDataModelsService) Import(ctx context.Context, model SemanticModelImport) (*SemanticModelImported, error) {
	req := post(model, modelsCollection, "import").needs(len(model.Model) > 0, "the import of a semantic data model needs the model")
	return call[SemanticModelImported](ctx, s.client, req)
}

// SemanticModelScaffold names the tables to make a model from. What else a
// deployment takes goes into Extra.
type SemanticModelScaffold struct {
	DataConnectionID string    `json:"data_connection_id,omitzero"`
	Tables           []string  `json:"tables,omitzero"` // leave it out to give them in another shape in Extra
	Name             string    `json:"name,omitzero"`
	Extra            RawObject `json:"-"`
}

// MarshalJSON writes the fields, and Extra.
func (m SemanticModelScaffold) MarshalJSON() ([]byte, error) {
	type plain SemanticModelScaffold
	return encodeMembers(plain(m), m.Extra)
}

// Scaffold makes a draft of a semantic data model from tables. The vendor does
// not publish what it answers: ID may be empty, and all else is in Extra.
func (s *SemanticDataModelsService) Scaffold(ctx context.Context, from SemanticModelScaffold) (*SemanticDataModel, error) {
	req := post(from, modelsCollection, "scaffold-from-tables").
		needs(from.DataConnectionID != "", "a scaffold needs the id of a data connection").
		needs(len(from.Tables) > 0 || from.Extra["tables"] != nil, "a scaffold needs tables")
	scaffolded, err := call[scaffolded](ctx, s.client, req)
	if err != nil {
		return nil, err
	}
	return (*SemanticDataModel)(scaffolded), nil
}

// scaffolded is a model without the promise of an id.
type scaffolded SemanticDataModel

func (m *scaffolded) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, (*SemanticDataModel)(m)); err != nil {
		return err
	}
	m.ID = cmp.Or(m.ID, rawText(m.Extra["semantic_data_model_id"]))
	return nil
}
