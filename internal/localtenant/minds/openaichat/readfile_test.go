package openaichat_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"sema4mcp/internal/localtenant/minds"
	"sema4mcp/internal/localtenant/minds/openaichat"
	"sema4mcp/internal/testllm"
)

// textFile is a file of a conversation.
type textFile struct{ name, mimeType, content string }

// seekable is a file that need not be read from its beginning.
type seekable struct {
	*strings.Reader
}

func (seekable) Close() error { return nil }

// answerWith lets a mind answer in a conversation that has these files.
func answerWith(t *testing.T, config openaichat.Config, files []textFile, open func(name string) (io.ReadCloser, error)) *recorder {
	t.Helper()
	asked := turn("go")
	asked.Files = func(context.Context) ([]minds.File, error) {
		var listed []minds.File
		for _, f := range files {
			listed = append(listed, minds.File{Name: f.name, MIMEType: f.mimeType, Size: int64(len(f.content))})
		}
		return listed, nil
	}
	asked.OpenFile = func(_ context.Context, name string) (io.ReadCloser, error) { return open(name) }
	var out recorder
	if err := newMind(t, config).Answer(t.Context(), asked, &out); err != nil {
		t.Fatalf("%v after\n%s", err, &out)
	}
	return &out
}

func opener(files []textFile, wrap func(*strings.Reader) io.ReadCloser) func(string) (io.ReadCloser, error) {
	return func(name string) (io.ReadCloser, error) {
		for _, f := range files {
			if f.name == name && f.content != "gone" {
				return wrap(strings.NewReader(f.content)), nil
			}
		}
		return nil, fs.ErrNotExist
	}
}

func TestReadingFiles(t *testing.T) {
	lines := strings.Repeat("0123456789\n", 10_000)
	files := []textFile{
		{"notes 発注 🚀.txt", "text/plain; charset=utf-8", "héllo"},
		{"empty.md", "text/markdown", ""},
		{"lines.csv", "text/csv", lines},
		{"one line.json", "application/json", strings.Repeat("é", 150_000)},
		{"latin.xml", "application/atom+xml", "a\xe9b"},
		{"wide.txt", "text/plain", "h\x00i\x00"},
		{"photo.png", "image/png", "\x89PNG"},
		{"odd", "no type", "x"},
		{"gone.txt", "text/plain", "gone"},
	}
	ways := map[string]func(*strings.Reader) io.ReadCloser{
		"from an offset":     func(r *strings.Reader) io.ReadCloser { return seekable{r} },
		"from the beginning": func(r *strings.Reader) io.ReadCloser { return io.NopCloser(struct{ io.Reader }{r}) },
	}
	for way, wrap := range ways {
		for arguments, want := range map[string]string{
			`{"name":"notes 発注 🚀.txt"}`:                "finish read_file: héllo",
			`{"name":"notes 発注 🚀.txt","offset":3}`:     "finish read_file: llo",
			`{"name":"notes 発注 🚀.txt","offset":2.0}`:   "finish read_file: \uFFFDllo",
			`{"name":"empty.md"}`:                      "finish read_file: (The file is empty.)",
			`{"name":"lines.csv"}`:                     "finish read_file: " + lines[:99_990] + "\n[The file has 110000 bytes; go on with offset 99990.]",
			`{"name":"lines.csv","offset":99990}`:      "finish read_file: " + lines[99_990:],
			`{"name":"one line.json"}`:                 "finish read_file: " + strings.Repeat("é", 100_000) + "\n[The file has 300000 bytes; go on with offset 200000.]",
			`{"name":"one line.json","offset":200000}`: "finish read_file: " + strings.Repeat("é", 50_000),
			`{"name":"latin.xml"}`:                     "finish read_file: a\uFFFDb",
			`{"name":"wide.txt"}`:                      "fail read_file: The file \"wide.txt\" cannot be read: it says that it is a text, and is none in UTF-8.",
			`{"name":"photo.png"}`:                     "fail read_file: The file \"photo.png\" cannot be read: it is of the type image/png, and only texts can be read here.",
			`{"name":"odd"}`:                           "fail read_file: The file \"odd\" cannot be read: it is of the type no type",
			`{"name":"gone.txt"}`:                      "fail read_file: The file \"gone.txt\" is gone",
			`{"name":"notes 発注 🚀.txt","offset":6}`:     "fail read_file: There is nothing at this offset: the file has 6 bytes.",
			`{"name":"../x"}`:                          "fail read_file: There is no file called \"../x\". The files are:\n- \"notes 発注 🚀.txt\" (text/plain; charset=utf-8, 6 bytes)\n- ",
			`{"name":"lines.csv","offset":-1}`:         "fail read_file: The name must be a text, and the offset a whole number",
			`{"name":"lines.csv","offset":0.5}`:        "fail read_file: The name must be a text, and the offset a whole number",
			`{"name":"lines.csv","offset":"1"}`:        "fail read_file: The name must be a text, and the offset a whole number",
			`{"name":7}`:                               "fail read_file: The name must be a text, and the offset a whole number",
			`{"name":"lines.csv","offset":1e300}`:      "fail read_file: There is nothing at this offset",
			`{"name":`:                                 "fail read_file: The arguments are not a JSON object",
			`{}`:                                       "fail read_file: There is no file called \"\".",
		} {
			model := testllm.Start(t, testllm.CallsTools("a", "read_file", arguments), testllm.Says("done"))
			out := answerWith(t, configured(model), files, opener(files, wrap))
			if got := out.String(); !strings.Contains(got, "own call read_file ") || !strings.Contains(got, want) {
				t.Errorf("%s, %s: got %.400s", way, arguments, got)
			}
		}
	}
}

func TestFilesThatCannotBeOpened(t *testing.T) {
	files := []textFile{{"a.txt", "text/plain", "hello"}}
	for name, test := range map[string]struct {
		open func(string) (io.ReadCloser, error)
		want string
	}{
		"a disk that fails": {func(string) (io.ReadCloser, error) { return nil, errors.New("/path: bad disk") }, "The file \"a.txt\" cannot be read now."},
		"torn": {func(string) (io.ReadCloser, error) {
			reader, writer := io.Pipe()
			return reader, writer.CloseWithError(errors.New("torn"))
		}, "The file \"a.txt\" cannot be read now."},
		"shorter than it was": {func(string) (io.ReadCloser, error) { return seekable{strings.NewReader("he")}, nil }, "is gone: it was deleted or replaced"},
	} {
		model := testllm.Start(t, testllm.CallsTools("a", "read_file", `{"name":"a.txt","offset":2}`), testllm.Says("done"))
		if got := answerWith(t, configured(model), files, test.open).String(); !strings.Contains(got, "fail read_file: ") || !strings.Contains(got, test.want) || strings.Contains(got, "/path") {
			t.Errorf("%s: %s", name, got)
		}
	}
	lost := errors.New("lost")
	asked := turn("go")
	asked.Files = func(context.Context) ([]minds.File, error) { return nil, lost }
	if err := newMind(t, configured(testllm.Start(t))).Answer(t.Context(), asked, &recorder{}); !errors.Is(err, lost) {
		t.Errorf("error %v", err)
	}
}

// The model is told of the files, and of the tool, where there are any.
func TestWhatTheModelKnowsOfFiles(t *testing.T) {
	var files []textFile
	for i := range 202 {
		files = append(files, textFile{fmt.Sprintf("%d.txt", i), "text/plain", "x"})
	}
	for count, want := range map[int]string{
		0:   "",
		2:   "the tool read_file reads those that are texts:\n- \"0.txt\" (text/plain, 1 bytes)\n- \"1.txt\" (text/plain, 1 bytes)",
		202: "- \"199.txt\" (text/plain, 1 bytes)\n- and 2 more",
	} {
		model := testllm.Start(t, testllm.Says("done"))
		answerWith(t, configured(model), files[:count], opener(files, nil))
		request := model.Requests()[0]
		if system := request.Messages[0].Content; !strings.Contains(system, want) || count == 0 && strings.Contains(system, "files") {
			t.Errorf("%d files: %s", count, system)
		}
		if len(request.Tools) != min(count, 1) {
			t.Errorf("%d files: tools %v", count, request.Tools)
		}
	}
}

// The tool keeps its name; one of a server that is called so gets another.
func TestAServersToolWithTheNameOfOurs(t *testing.T) {
	s := server.NewMCPServer("s", "1")
	s.AddTool(mcp.NewTool("read_file"), func(context.Context, callRequest) (*callResult, error) {
		return mcp.NewToolResultText("I am the server's"), nil
	})
	attached := openaichat.Server{Name: "disk", URL: served(t, s, nil)}
	files := []textFile{{"a.txt", "text/plain", "hello"}}
	model := testllm.Start(t, testllm.CallsTools("a", "read_file", `{"name":"a.txt"}`, "b", "disk_read_file", "{}"), testllm.Says("done"))
	out := answerWith(t, configured(model, attached), files, opener(files, func(r *strings.Reader) io.ReadCloser { return seekable{r} })).String()
	for _, want := range []string{"own call read_file {", "finish read_file: hello", "\ncall disk_read_file {}", "finish disk_read_file: I am the server's"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in %s", want, out)
		}
	}
	var names []string
	for _, tool := range model.Requests()[0].Tools {
		names = append(names, tool.Function.Name)
	}
	if want := []string{"read_file", "disk_read_file"}; !slices.Equal(names, want) {
		t.Errorf("tools %q", names)
	}
}
