package bridge

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"sema4mcp/bridge/run"
)

// maxInline bounds the texts that one call brings as files: they pass through
// the model and the host.
const maxInline = 1 << 20

// filesInput is the argument for the files that go with a message: paths on this
// machine where directories of it may be used, else texts.
func (t *Tenant) filesInput() input {
	if len(t.files) > 0 {
		return input{name: "files", kind: array, example: t.files.sample(), description: "Optional. Paths of files to send along, in: " + cut(strings.Join(t.files, ", "), 1000) + "."}
	}
	return input{name: "files", kind: array, example: `[{"name": "orders.csv", "text": "id,amount\n1,9.50\n"}]`, description: "Optional. Small texts to send along as files, 1 MB together at most.", fields: []input{
		{name: "name", required: true, description: "The file's name, such as orders.csv."},
		{name: "text", required: true, description: "What is in the file."},
	}}
}

// sample is a list of paths as a call is to write it.
func (l localFiles) sample() string {
	encoded, _ := json.Marshal([]string{filepath.Join(l[0], "orders.csv")}) // strings always encode
	return string(encoded)
}

// attachments are the files of a call, checked so far that they can be sent.
func (t *Tenant) attachments(args arguments) ([]run.File, error) {
	var files []run.File
	var err error
	if len(t.files) > 0 {
		files, err = t.files.attachments(args.list("files"))
	} else {
		files, err = inlineAttachments(args.records("files"))
	}
	if err != nil {
		return nil, err
	}
	named := make(map[string]bool, len(files))
	for _, file := range files {
		if named[file.Name] {
			return nil, &failure{what: fmt.Sprintf("Two of the files are called %s.", quoted(file.Name)), next: "Send them in two messages, or give them different names."}
		}
		named[file.Name] = true
	}
	return files, nil
}

func (l localFiles) attachments(paths []string) ([]run.File, error) {
	files := make([]run.File, len(paths))
	for i, path := range paths {
		at, info, err := l.find(path)
		if err != nil {
			return nil, err
		}
		files[i] = run.File{Name: filepath.Base(at.name), Size: info.Size(), Version: info.ModTime().String(),
			Open: func() (io.ReadSeekCloser, error) {
				file, _, err := at.open()
				if err != nil {
					return nil, fmt.Errorf("it %w", err)
				}
				return file, nil
			}}
	}
	return files, nil
}

func inlineAttachments(texts []record) ([]run.File, error) {
	files := make([]run.File, len(texts))
	size := 0
	for i, given := range texts {
		name, text := baseName(given["name"]), given["text"]
		if name == "" {
			return nil, &failure{what: fmt.Sprintf("%s is not a name for a file.", quoted(given["name"])), next: "Name it like orders.csv."}
		}
		if size += len(text); size > maxInline {
			return nil, &failure{what: fmt.Sprintf("The files are too long: %d bytes together are the most that can be sent as text.", maxInline),
				next: "Send less of them, or add the files to the thread in the Sema4.ai application."}
		}
		sum := sha256.Sum256([]byte(text))
		files[i] = run.File{Name: name, Size: int64(len(text)), Version: hex.EncodeToString(sum[:]),
			Open: func() (io.ReadSeekCloser, error) { return unclosed{strings.NewReader(text)}, nil }}
	}
	return files, nil
}

// unclosed is a reader that needs no closing.
type unclosed struct{ io.ReadSeeker }

func (unclosed) Close() error { return nil }

// baseName is the last part of a path of any system, "" where that is no name.
func baseName(path string) string {
	name := strings.TrimSpace(path[strings.LastIndexAny(path, `/\`)+1:])
	if name == "." || name == ".." {
		return ""
	}
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return -1
		}
		return c
	}, name)
}
