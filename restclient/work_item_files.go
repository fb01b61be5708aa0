package restclient

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
)

// WorkItemUpload is what the server says of a file for a work item. It wants
// the bytes elsewhere if UploadURL is set: see SendFile.
type WorkItemUpload struct {
	WorkItemID     string            `json:"work_item_id,omitzero"`
	FileID         string            `json:"file_id,omitzero"`
	FileRef        string            `json:"file_ref,omitzero"`
	UploadURL      Secret            `json:"upload_url,omitzero"` // signed: whoever has it may upload
	UploadFormData map[string]Secret `json:"upload_form_data,omitzero"`
	Extra          RawObject         `json:"-"`
}

func (u *WorkItemUpload) check() error {
	if u.WorkItemID == "" {
		return errNoID
	}
	return nil
}

// UnmarshalJSON keeps what it does not understand in Extra.
func (u *WorkItemUpload) UnmarshalJSON(data []byte) error {
	type plain WorkItemUpload
	return decodeMembers(data, (*plain)(u), &u.Extra)
}

// LogValue logs the upload without its address.
func (u WorkItemUpload) LogValue() slog.Value { return hidden(u) }

// UploadFile adds a file to the DRAFT with an id, or makes a new DRAFT of it if
// workItemID is empty. Where the server asks for the bytes at another address,
// they go there, without the key, and the file is confirmed; that needs a
// Content that can be sought back to its beginning.
func (s *WorkItemsService) UploadFile(ctx context.Context, workItemID string, file FileUpload) (*WorkItemUpload, error) {
	start, seekable := position(file.Content)
	req := upload("file", []FileUpload{file}, "work-items", "upload-file").with("work_item_id", workItemID).private()
	uploaded, err := call[WorkItemUpload](ctx, s.client, req)
	if err != nil || uploaded.UploadURL == "" {
		return uploaded, err
	}
	if !seekable {
		return uploaded, fmt.Errorf("the server wants the file %q at another address, but it is read already; "+
			"send it with PresignFile, SendFile and ConfirmFile", file.Name)
	}
	if err := req.bodyLeft(ctx); err != nil { // the server may have answered before it had the whole file
		return uploaded, err
	}
	if _, err := file.Content.(io.Seeker).Seek(start, io.SeekStart); err != nil {
		return uploaded, &uploadError{file.Name, err}
	}
	if err := s.SendFile(ctx, uploaded, file); err != nil {
		return uploaded, err
	}
	return uploaded, s.ConfirmFile(ctx, uploaded)
}

func position(content io.Reader) (start int64, seekable bool) {
	seeker, ok := content.(io.Seeker)
	if !ok {
		return 0, false
	}
	start, err := seeker.Seek(0, io.SeekCurrent)
	return start, err == nil
}

// AttachFiles uploads files into one DRAFT: a new one if workItemID is empty. It
// returns the id to create the work item with. After an error, the id is that of
// the DRAFT as far as it came, empty if there is none.
func (s *WorkItemsService) AttachFiles(ctx context.Context, workItemID string, files ...FileUpload) (string, error) {
	if len(files) == 0 {
		return workItemID, errors.New("there is no file to upload")
	}
	for _, file := range files {
		uploaded, err := s.UploadFile(ctx, workItemID, file)
		if uploaded != nil {
			workItemID = uploaded.WorkItemID
		}
		if err != nil {
			return workItemID, err
		}
	}
	return workItemID, nil
}

// PresignFile asks where to send a file of that name, for a DRAFT as with
// UploadFile. Deployments without such an address refuse it with 400.
func (s *WorkItemsService) PresignFile(ctx context.Context, workItemID, name string) (*WorkItemUpload, error) {
	form := newForm()
	form.field("file", name)
	req := form.into(newRequest(http.MethodPost, "work-items", "upload-file")).with("work_item_id", workItemID).private()
	return call[WorkItemUpload](ctx, s.client, req.needs(name != "", "a file to upload needs a name"))
}

// SendFile sends a file to the address that PresignFile was told, without the
// key. ConfirmFile has to follow.
func (s *WorkItemsService) SendFile(ctx context.Context, to *WorkItemUpload, file FileUpload) error {
	address, err := url.Parse(string(to.UploadURL))
	if err != nil || address.Scheme != "http" && address.Scheme != "https" || address.Host == "" {
		return errors.New("the address to send the file to is not a URL of the web")
	}
	form := newForm()
	for _, name := range slices.Sorted(maps.Keys(to.UploadFormData)) {
		form.field(name, string(to.UploadFormData[name]))
	}
	form.file("file", file)
	req := form.into(request{method: http.MethodPost, path: address.Host, accept: "*/*", keyless: string(to.UploadURL)})
	return s.client.send(ctx, req.private(to.secrets(address)...))
}

// secrets are the signatures in an address and its form: storage likes to
// repeat them in its errors.
func (u *WorkItemUpload) secrets(address *url.URL) []string {
	secrets := []string{string(u.UploadURL)}
	for _, values := range address.Query() {
		secrets = append(secrets, values...)
	}
	for _, value := range u.UploadFormData {
		secrets = append(secrets, string(value))
	}
	return secrets
}

// ConfirmFile tells that SendFile has succeeded.
func (s *WorkItemsService) ConfirmFile(ctx context.Context, uploaded *WorkItemUpload) error {
	body := map[string]string{"file_ref": uploaded.FileRef, "file_id": uploaded.FileID}
	req := post(body, "work-items", uploaded.WorkItemID, "confirm-file")
	return s.client.send(ctx, req.needs(cmp.Or(uploaded.FileRef, uploaded.FileID) != "", "the upload names no file to confirm"))
}
