package restclient

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
)

// File is the vendor's FileObject: a file of a conversation. Servers fill in
// different fields.
type File struct {
	ID             string    `json:"file_id,omitzero"`
	Ref            string    `json:"file_ref,omitzero"` // what the file is asked for by; its name, as a rule
	Path           string    `json:"file_path,omitzero"`
	PathExpiration Time      `json:"file_path_expiration,omitzero"`
	Hash           string    `json:"file_hash,omitzero"`
	Size           int64     `json:"file_size_raw,omitzero"` // bytes
	MIMEType       string    `json:"mime_type,omitzero"`
	CreatedAt      Time      `json:"created_at,omitzero"`
	Embedded       *bool     `json:"embedded,omitzero"`
	AgentID        string    `json:"agent_id,omitzero"`
	ThreadID       string    `json:"thread_id,omitzero"`
	UserID         string    `json:"user_id,omitzero"`
	URL            string    `json:"file_url,omitzero"`
	WorkItemID     string    `json:"work_item_id,omitzero"`
	Extra          RawObject `json:"-"`
}

// Name is the name of the file, which servers spell in three ways: file_ref,
// name or filename.
func (f File) Name() string {
	return cmp.Or(f.Ref, rawText(f.Extra["name"]), rawText(f.Extra["filename"]))
}

// UnmarshalJSON keeps what it does not understand in Extra.
func (f *File) UnmarshalJSON(data []byte) error {
	type plain File
	return decodeMembers(data, (*plain)(f), &f.Extra)
}

// MarshalJSON writes the fields, and Extra.
func (f File) MarshalJSON() ([]byte, error) {
	type plain File
	return encodeMembers(plain(f), f.Extra)
}

// Files fetches the files of a conversation: all of them, or one page where the
// server makes pages.
func (s *ConversationsService) Files(ctx context.Context, agentID, conversationID string, opts *ListOptions) (*Page[File], error) {
	o := valueOf(opts)
	return s.files(agentID, conversationID, o).page(ctx, o.Cursor)
}

// AllFiles walks the files of a conversation from opts.Cursor on.
func (s *ConversationsService) AllFiles(ctx context.Context, agentID, conversationID string, opts *ListOptions) iter.Seq2[File, error] {
	o := valueOf(opts)
	return s.files(agentID, conversationID, o).all(ctx, o.Cursor)
}

func (s *ConversationsService) files(agentID, conversationID string, o ListOptions) list[File] {
	return newList[File](s.client, cursorParameter, o.Limit, "agents", agentID, "conversations", conversationID, "files").whole(o.Limit)
}

// UploadFiles adds files to a conversation and returns what the server says of
// them. An upload is never repeated.
func (s *ConversationsService) UploadFiles(ctx context.Context, agentID, conversationID string, files ...FileUpload) ([]File, error) {
	req := upload("files", files, "agents", agentID, "conversations", conversationID, "files")
	req.optional = true
	answer, err := call[uploadedFiles](ctx, s.client, req)
	if err != nil {
		return nil, err
	}
	return *answer, nil
}

// uploadedFiles is the answer to an upload: a list in any shape, or one file.
type uploadedFiles []File

func (u *uploadedFiles) UnmarshalJSON(data []byte) error {
	if page, err := decodePage[File](data); err == nil {
		*u = page.Items
		return nil
	}
	*u = make(uploadedFiles, 1)
	return json.Unmarshal(data, &(*u)[0])
}

// DownloadFile opens a file of a conversation by its [File.Name]. Close it when
// done with it.
func (s *ConversationsService) DownloadFile(ctx context.Context, agentID, conversationID, fileRef string) (*Download, error) {
	req := get("agents", agentID, "conversations", conversationID, "files", "download").with("file_ref", fileRef)
	file, err := s.client.download(ctx, req.needs(fileRef != "", "the name of the file to download is empty"))
	if err != nil {
		return nil, err
	}
	file.Name = cmp.Or(file.Name, baseName(fileRef))
	return file, nil
}
