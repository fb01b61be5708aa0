package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"time"

	"sema4mcp/internal/localtenant/agentpackage"
	"sema4mcp/internal/localtenant/blobs"
	"sema4mcp/internal/localtenant/store"
)

// maxPackage bounds a package, in bytes. It is a variable for tests, which need not
// send as much.
var maxPackage int64 = 512 << 20

func (s *server) importAgent(w http.ResponseWriter, r *http.Request, _ ids) error {
	return s.withPackage(r, func(p *agentpackage.Package) error {
		imported, err := s.importPackage(r.Context(), p, func(i store.Import) (store.Imported, error) {
			return s.Store.ImportAgent(r.Context(), i, time.Now())
		})
		if err != nil {
			return err
		}
		return writeJSON(w, http.StatusOK, imported)
	})
}

func (s *server) importDraft(w http.ResponseWriter, r *http.Request, ids ids) error {
	agent, err := s.Store.Agent(r.Context(), ids["agent"])
	if err != nil {
		return err
	}
	return s.withPackage(r, func(p *agentpackage.Package) error {
		if p.Mode != "" && p.Mode != agent.Mode {
			return &problem{status: http.StatusUnprocessableEntity, message: fmt.Sprintf(
				"agent-spec.yaml: metadata.mode is %s and the agent is %s, which never changes; import the package as a new agent", p.Mode, agent.Mode)}
		}
		imported, err := s.importPackage(r.Context(), p, func(i store.Import) (store.Imported, error) {
			return s.Store.ImportDraft(r.Context(), agent.ID, i, time.Now())
		})
		if err != nil {
			return err
		}
		return writeJSON(w, http.StatusOK, imported)
	})
}

// withPackage keeps the uploaded package on the disk while work reads it.
func (s *server) withPackage(r *http.Request, work func(*agentpackage.Package) error) (err error) {
	blob, err := s.receivePackage(r)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Blobs.Delete(blob.ID)) }()
	file, err := s.Blobs.Get(blob.ID)
	if err != nil {
		return err
	}
	defer file.Close() // it was only read
	p, err := agentpackage.Read(file, blob.Size)
	if err != nil {
		return packageProblem(err)
	}
	if err := s.checkPackage(p); err != nil {
		return packageProblem(err)
	}
	return packageProblem(work(p))
}

// receivePackage keeps the part "file" of an upload.
func (s *server) receivePackage(r *http.Request) (blobs.Blob, error) {
	var blob blobs.Blob
	err := eachPart(r, func(part *multipart.Part) (err error) {
		if part.FormName() != "file" {
			return nil
		}
		if blob.ID != "" {
			return invalid("body -> file", "is given twice")
		}
		from := &observed{r: part}
		blob, err = s.Blobs.Put(r.Context(), from, maxPackage)
		switch {
		case errors.Is(err, blobs.ErrTooLarge):
			return &problem{status: http.StatusRequestEntityTooLarge, message: fmt.Sprintf("The package is larger than %d bytes.", maxPackage)}
		case from.err != nil:
			return unreadable(from.err)
		}
		return err
	})
	if err == nil && blob.ID == "" {
		err = invalid("body -> file", "is required: the package, a zip")
	}
	if err != nil && blob.ID != "" {
		err = errors.Join(err, s.Blobs.Delete(blob.ID))
	}
	return blob, err
}

// packageProblem is the answer to what is wrong with a package.
func packageProblem(err error) error {
	if invalid, ok := errors.AsType[*agentpackage.InvalidError](err); ok {
		return &problem{status: http.StatusUnprocessableEntity, message: "The package cannot be imported: " + invalid.Error()}
	}
	if errors.Is(err, agentpackage.ErrDamaged) {
		return &problem{status: http.StatusBadRequest, message: "The file cannot be read as a package: it " + err.Error()}
	}
	return err
}

// checkPackage holds a package to the bounds of an agent made without one.
func (s *server) checkPackage(p *agentpackage.Package) error {
	for _, text := range []struct {
		where, text string
		limit       int
	}{
		{"name", p.Name, maxName},
		{"description", p.Description, maxDescription},
		{"architecture", p.Architecture, maxName},
		{"runbook", p.Runbook, maxRunbook},
	} {
		if reason := atMost(text.limit)(text.text); reason != "" {
			return &agentpackage.InvalidError{Where: "agent-spec.yaml", Reason: text.where + " " + reason}
		}
	}
	if p.Architecture == "" {
		p.Architecture = s.DefaultArchitecture
	}
	return nil
}

// importPackage keeps the files of a package and lets place store the rest. Files
// that are not needed in the end are deleted.
func (s *server) importPackage(ctx context.Context, p *agentpackage.Package, place func(store.Import) (store.Imported, error)) (_ store.Imported, err error) {
	i, err := s.importOf(ctx, p)
	if err != nil {
		return store.Imported{}, err
	}
	var kept []string
	defer func() { err = errors.Join(err, s.deleteUnused(ctx, kept)) }()
	for _, file := range p.Files {
		shared, err := s.keepFile(ctx, file)
		if err != nil {
			return store.Imported{}, err
		}
		kept, i.Files = append(kept, shared.BlobID), append(i.Files, shared)
	}
	return place(i)
}

func (s *server) keepFile(ctx context.Context, file agentpackage.File) (store.AgentFile, error) {
	content, err := file.Open()
	if err != nil {
		return store.AgentFile{}, err
	}
	defer content.Close() // it was only read
	blob, err := s.Blobs.Put(ctx, content, file.Size)
	if err != nil {
		return store.AgentFile{}, err
	}
	return store.AgentFile{Name: file.Name, MIMEType: file.MIMEType, Size: blob.Size, Hash: blob.SHA256, BlobID: blob.ID}, nil
}

// deleteUnused deletes those of the files that no agent has got, whatever became of
// the request.
func (s *server) deleteUnused(ctx context.Context, ids []string) error {
	unused, err := s.Store.UnusedBlobs(context.WithoutCancel(ctx), ids)
	if err != nil {
		return err
	}
	return s.Blobs.Delete(unused...)
}

// exportAgent streams the package. When a file fails under way, the connection
// breaks off: half a zip must not look like a whole one.
func (s *server) exportAgent(w http.ResponseWriter, r *http.Request, ids ids) error {
	agent, err := s.Store.PackagedAgent(r.Context(), ids["agent"])
	if err != nil {
		return err
	}
	p, err := s.packageOf(r.Context(), agent)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Content-Disposition", `attachment; filename="agent-`+agent.ID+`.zip"`)
	if err := agentpackage.Write(w, p); err != nil {
		if r.Context().Err() == nil {
			s.Logger.Error().Err(err).Str("agent_id", agent.ID).Msg("export failed")
		}
		panic(http.ErrAbortHandler)
	}
	return nil
}

func (s *server) openBlob(id string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return s.Blobs.Get(id) }
}
