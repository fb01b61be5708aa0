package bridge

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/restclient"
)

var threadIDInput = input{name: "thread_id", format: "uuid", required: true, description: "The thread_id that a list of threads shows."}

// threadTools read what is in a thread beside its messages.
func (s scope) threadTools() []tool {
	return []tool{s.listFilesTool(), s.readFileTool(), s.listDataFramesTool(), s.readDataFrameTool()}
}

// listedFile is a file as list_files shows it.
type listedFile struct {
	Name      string `json:"file"`
	MIMEType  string `json:"mime_type,omitempty"`
	Size      int64  `json:"size"` // bytes
	CreatedAt string `json:"created_at,omitempty"`
}

func (s scope) listFilesTool() tool {
	return tool{
		name:        "list_files",
		title:       "List files",
		description: "List the files in one thread" + s.withAgent() + ": those that were sent and those that the agent made. Read one with read_file.",
		inputs:      s.inputs(threadIDInput, cursorInput),
		hints:       reads,
		call:        s.listFiles,
	}
}

func (s scope) listFiles(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	agent, err := s.addressee(ctx, args)
	if err != nil {
		return nil, err
	}
	files, err := s.files(ctx, agent.ID, args.text(threadIDInput.name))
	if err != nil {
		return nil, err
	}
	listed := make([]listedFile, len(files))
	for i, file := range files {
		listed[i] = listedFile{file.Name(), file.MIMEType, file.Size, timestamp(file.CreatedAt)}
	}
	part, next, err := fitting(listed, args.text(cursorInput.name))
	if err != nil {
		return nil, err
	}
	return statusResult(struct {
		Files []listedFile `json:"files"`
		Next  string       `json:"next_cursor,omitempty"`
	}{nonNil(part), next})
}

func (s scope) files(ctx context.Context, agentID, threadID string) ([]restclient.File, error) {
	var files []restclient.File
	for file, err := range s.tenant.client.Conversations.AllFiles(ctx, agentID, threadID, nil) {
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// readFileTool may save as well where there are directories to save in; then it
// is no longer one that changes nothing.
func (s scope) readFileTool() tool {
	t := tool{
		name:  "read_file",
		title: "Read a file",
		description: "Read one file of a thread" + s.withAgent() + ". Text comes as text, a long one in parts: pass the offset that the last part gave for the next. " +
			"An image comes as an image. Of any other file the result says what it is.",
		inputs: s.inputs(threadIDInput,
			input{name: "file", required: true, description: "The file's name, as list_files shows it."},
			input{name: "offset", kind: integer, description: "Where in a text to begin, in bytes; default 0."}),
		hints: reads,
		call:  s.readFile,
	}
	if s.saves() {
		t.inputs = append(t.inputs, input{name: "save_as", description: "Optional. Save the whole file, of any kind, under this new path instead of showing it, in: " +
			cut(strings.Join(s.tenant.files, ", "), 1000) + ". A file that is there is never overwritten."})
		t.description += " With save_as the whole file is saved on the user's machine."
		t.hints = adds
	}
	return t
}

func (s scope) saves() bool { return len(s.tenant.files) > 0 && !s.tenant.config.ReadOnly }

func (s scope) readFile(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	agent, err := s.addressee(ctx, args)
	if err != nil {
		return nil, err
	}
	saveAs := args.text("save_as")
	if saveAs != "" {
		if _, err := s.tenant.files.vacancy(saveAs); err != nil {
			return nil, err // before anything is fetched
		}
	}
	file, content, err := s.openFile(ctx, agent.ID, args.text(threadIDInput.name), args.text("file"))
	if err != nil {
		return nil, err
	}
	defer content.Close()
	if saveAs == "" {
		start, _ := args.number("offset")
		return showFile(shownFile{file, s.saves()}, content, start)
	}
	path, size, err := s.tenant.files.save(saveAs, content)
	if err != nil {
		return nil, err
	}
	return statusResult(struct {
		File  string `json:"file"`
		Saved string `json:"saved_as"`
		Size  int64  `json:"size"`
	}{file.Name(), path, size})
}

// findFile goes by name first, then by the vendor's id.
func (s scope) findFile(ctx context.Context, agentID, threadID, wanted string) (restclient.File, error) {
	files, err := s.files(ctx, agentID, threadID)
	if err != nil {
		return restclient.File{}, err
	}
	for _, matches := range []func(restclient.File) bool{
		func(f restclient.File) bool { return f.Name() == wanted },
		func(f restclient.File) bool { return f.ID == wanted },
	} {
		i := slices.IndexFunc(files, matches)
		if i < 0 {
			continue
		}
		// The tenant gives a file by its name, whichever of that name is meant.
		if named := slices.DeleteFunc(slices.Clone(files), func(f restclient.File) bool { return f.Name() != files[i].Name() }); len(named) > 1 {
			return restclient.File{}, &failure{what: fmt.Sprintf("%d files in this thread are called %s, and the tenant tells them apart by nothing else.", len(named), quoted(files[i].Name())),
				next: "Open the thread in the Sema4.ai application to get one of them, or send the file again under another name."}
		}
		return files[i], nil
	}
	names := make([]string, len(files))
	for i, file := range files {
		names[i] = file.Name()
	}
	return restclient.File{}, missing("file", wanted, "thread", names)
}

// missing says that a name is not there, and which names are.
func missing(what, wanted, where string, names []string) error {
	f := &failure{what: fmt.Sprintf("There is no %s %s in this %s.", what, quoted(wanted), where)}
	shown := make([]string, min(len(names), manyAgents))
	for i := range shown {
		shown[i] = quoted(names[i])
	}
	switch {
	case len(names) == 0:
		f.next = fmt.Sprintf("The %s has none.", where)
	case len(shown) < len(names):
		f.next = fmt.Sprintf("There are %d; the first are: %s.", len(names), strings.Join(shown, ", "))
	default:
		f.next = fmt.Sprintf("There are: %s.", strings.Join(shown, ", "))
	}
	return f
}

// timestamp is a time as results show it, "" where there is none.
func timestamp(t restclient.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
