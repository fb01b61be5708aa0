package bridge_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sema4mcp/bridge"
	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/testtenant"
	"sema4mcp/restclient"
)

const (
	echo     = localtenant.EchoID
	analyst  = localtenant.SalesAnalystID
	teller   = localtenant.StorytellerID
	nowhere  = "5a1e0000-0000-4000-8000-00000000ffff"
	echoTool = "message_echo_agent"
)

type fileList struct {
	Files []struct {
		File     string
		MIMEType string `json:"mime_type"`
		Size     int64
	}
	Next string `json:"next_cursor"`
}

func TestFilesGoWithAMessage(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	o := d.call(echo, echoTool, args{"message": "see the files", "thread_identifier": "t-1",
		"files": []args{{"name": "C:\\tmp\\orders.csv", "text": "id,n\n1,2\n"}, {"name": "größe 🚀.txt", "text": "  spaces \n"}}})
	if o.IsError || o.text() != "see the files" {
		t.Fatalf("got %+v", o)
	}
	thread := o.Meta["ai.sema4/run"].ThreadID
	if !strings.Contains(strings.Join(o.told, "\n"), "the file orders.csv is uploaded for Echo") {
		t.Errorf("the uploads were not told in %q", o.told)
	}
	for id, arguments := range map[string]args{echo: {"thread_id": thread}, "": {"agent": "Echo", "thread_id": thread}} {
		listed := status[fileList](d, id, "list_files", arguments)
		if len(listed.Files) != 2 {
			t.Fatalf("got %+v", listed)
		}
		for name, want := range map[string]string{"orders.csv": "id,n\n1,2\n", "größe 🚀.txt": "  spaces \n"} {
			arguments["file"] = name
			if got := d.call(id, "read_file", arguments); got.IsError || got.text() != want {
				t.Errorf("%s: got %+v", name, got)
			}
		}
	}
	messages := d.tenant.Conversation(echo, "t-1")
	if len(messages) != 2 || messages[0].Text() != "see the files" {
		t.Errorf("the conversation holds %d messages", len(messages))
	}
}

func TestTheSameQuestionUploadsItsFilesOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t, func(c *bridge.Config) { c.CallBudget = 200 * time.Millisecond }, testtenant.Scripted("Slow", "- wait: 60s\n- say: done\n"))
	id := d.tenant.AgentID("Slow")
	question := args{"message": "go", "thread_identifier": "t-1", "files": []args{{"name": "a.txt", "text": "x"}}}
	first, second := d.call(id, "message_slow_agent", question), d.call(id, "message_slow_agent", question)
	if a, b := first.Meta["ai.sema4/run"], second.Meta["ai.sema4/run"]; a.RunID == "" || a.RunID != b.RunID {
		t.Errorf("got the runs %q and %q", a.RunID, b.RunID)
	}
	if listed := status[fileList](d, id, "list_files", args{"thread_id": first.Meta["ai.sema4/run"].ThreadID}); len(listed.Files) != 1 {
		t.Errorf("got %+v", listed)
	}
	d.call(id, "cancel_run", args{"run_id": first.Meta["ai.sema4/run"].RunID})
}

func TestAnUploadThatFailsSendsNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	d.begin(echo, echoTool, "hello")
	d.tenant.Fail("status=413,match=POST …/files")
	question := args{"message": "go", "thread_identifier": "t-1", "files": []args{{"name": "a.txt", "text": "x"}, {"name": "b.txt", "text": "y"}}}
	d.fails(echo, echoTool, question, "The file a.txt could not be uploaded", "The message was not sent, and the agent did not run", "No other file was uploaded")
	d.tenant.Fail("")
	if n := len(d.tenant.Conversation(echo, "t-1")); n != 2 {
		t.Errorf("the conversation holds %d messages", n)
	}
	if o := d.call(echo, echoTool, question); o.text() != "go" {
		t.Errorf("after the failure has passed: got %+v", o)
	}
}

func TestFilesOfThisMachine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := newDesk(t, func(c *bridge.Config) { c.FilesDirs = []string{dir} })
	if err := os.WriteFile(filepath.Join(dir, "report.csv"), []byte("n\n1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	o := d.call(echo, echoTool, args{"message": "here", "thread_identifier": "t-1", "files": "report.csv"})
	if o.IsError {
		t.Fatalf("got %+v", o)
	}
	thread := o.Meta["ai.sema4/run"].ThreadID
	d.fails(echo, echoTool, args{"message": "x", "thread_identifier": "t-1", "files": []string{"../x"}}, "outside the directories", dir)
	d.fails(echo, echoTool, args{"message": "x", "thread_identifier": "t-1", "files": []string{"none.csv"}}, "does not exist", "The agent did not run")
	d.fails(echo, echoTool, args{"message": "x", "thread_identifier": "t-1", "files": []args{{"name": "a", "text": "b"}}}, "each of files must be a string: write files as [", `orders.csv"]`)

	read := args{"thread_id": thread, "file": "report.csv", "save_as": "copy.csv"}
	saved := status[struct {
		File  string
		Saved string `json:"saved_as"`
		Size  int64
	}](d, echo, "read_file", read)
	if text, err := os.ReadFile(saved.Saved); err != nil || string(text) != "n\n1\n" || saved.Size != 4 || saved.Saved != filepath.Join(dir, "copy.csv") {
		t.Errorf("got %+v, %q, %v", saved, text, err)
	}
	d.fails(echo, "read_file", read, "is there already, and is never overwritten")
	read["save_as"] = "../copy.csv"
	d.fails(echo, "read_file", read, "outside the directories", dir)
	if n := len(d.tenant.Conversation(echo, "t-1")); n != 2 {
		t.Errorf("the conversation holds %d messages", n)
	}
}

func TestReadingFilesOfManyKinds(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	thread := d.begin(echo, echoTool, "hello")
	lines := strings.Repeat("a line of text with a 🚀 in it\n", 3_000)
	png := "\x89PNG\r\n\x1a\n" + strings.Repeat("\x00", 100)
	for name, content := range map[string]string{"long.txt": lines, "a.png": png, "a.pdf": "%PDF-1.7\n\x00\x01", "empty.txt": ""} {
		file := restclient.FileUpload{Name: name, Content: strings.NewReader(content), Size: int64(len(content))}
		if _, err := d.tenant.Client().Conversations.UploadFiles(t.Context(), echo, thread, file); err != nil {
			t.Fatal(err)
		}
	}
	var whole strings.Builder
	for offset := 0; ; {
		got := d.call(echo, "read_file", args{"thread_id": thread, "file": "long.txt", "offset": offset})
		part, note, more := strings.Cut(got.text(), "\n\n[Bytes ")
		whole.WriteString(part)
		if len(got.text()) > 31_000 {
			t.Fatalf("a part has %d bytes", len(got.text()))
		}
		if !more {
			break
		}
		if offset += len(part); !strings.Contains(note, fmt.Sprintf("%d of %d. For the rest, call read_file with offset %d.", offset, len(lines), offset)) {
			t.Fatalf("after %d bytes the note reads %s", offset, note)
		}
	}
	if whole.String() != lines {
		t.Errorf("got %d bytes of %d", whole.Len(), len(lines))
	}
	image := d.call(echo, "read_file", args{"thread_id": thread, "file": "a.png"})
	if len(image.Content) != 2 || image.Content[1].Type != "image" || image.Content[1].MIMEType != "image/png" || !image.says("“a.png”") || image.Structured != nil {
		t.Errorf("got %+v", image)
	}
	if got := d.call(echo, "read_file", args{"thread_id": thread, "file": "a.pdf"}); got.IsError || !got.says("a.pdf", "11 bytes", "not shown", "Sema4.ai application") {
		t.Errorf("got %+v", got)
	}
	if got := d.call(echo, "read_file", args{"thread_id": thread, "file": "empty.txt"}); !got.says("is empty") {
		t.Errorf("got %+v", got)
	}
	d.fails(echo, "read_file", args{"thread_id": thread, "file": "long.txt", "offset": len(lines) + 1}, "ends before the offset")
	d.fails(echo, "read_file", args{"thread_id": thread, "file": "long.txt", "offset": -1}, "whole number")
	d.fails(echo, "read_file", args{"thread_id": thread, "file": "missing.txt"}, "There is no file “missing.txt” in this thread", "“a.png”")
	d.fails(echo, "read_file", args{"thread_id": thread, "file": "a.png", "save_as": "x"}, `no argument "save_as"`)
	for _, tool := range []string{"list_files", "list_data_frames"} {
		d.fails(echo, tool, args{"thread_id": nowhere}, "There is no such thread", "list_echo_agent_threads")
		d.fails(teller, tool, args{"thread_id": thread}, "There is no such thread")
		d.fails(echo, tool, args{"thread_id": thread, "cursor": "x"}, "cursor")
	}
	d.fails(echo, "read_file", args{"thread_id": nowhere, "file": "a.png"}, "There is no such thread")
	d.fails("", "read_file", args{"agent": "Storyteller", "thread_id": thread, "file": "a.png"}, "There is no such thread")
}

type frameList struct {
	Frames []struct {
		Name    string
		Rows    int
		Columns []string
	} `json:"data_frames"`
}

type table struct {
	Columns []string
	Rows    [][]json.Number
	Next    *int `json:"next_offset"`
	Total   *int `json:"total_rows"`
}

func TestDataFramesAreReadExactlyAndInParts(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	var csv strings.Builder
	csv.WriteString("id,big,price\n")
	for i := range 1500 {
		fmt.Fprintf(&csv, "%d,%d,%d.10\n", i, 9007199254740993+i, i)
	}
	o := d.call(echo, echoTool, args{"message": "see", "thread_identifier": "t-1", "files": []args{{"name": "numbers.csv", "text": csv.String()}}})
	thread := o.Meta["ai.sema4/run"].ThreadID
	listed := status[frameList](d, "", "list_data_frames", args{"agent": "Echo", "thread_id": thread})
	if len(listed.Frames) != 1 || listed.Frames[0].Rows != 1500 || strings.Join(listed.Frames[0].Columns, ",") != "id,big,price" {
		t.Fatalf("got %+v", listed)
	}
	read := args{"thread_id": thread, "name": listed.Frames[0].Name, "limit": 5000}
	rows := 0
	for {
		got := d.call(echo, "read_data_frame", read)
		var part table
		if err := json.Unmarshal([]byte(got.text()), &part); err != nil || got.IsError || len(got.text()) > 31_000 || len(part.Rows) == 0 {
			t.Fatalf("%v in %+v", err, got)
		}
		for _, row := range part.Rows {
			if row[0].String() != fmt.Sprint(rows) || row[1].String() != fmt.Sprint(9007199254740993+rows) {
				t.Fatalf("row %d is %v", rows, row)
			}
			rows++
		}
		if part.Next == nil {
			break
		}
		if *part.Next != rows || *part.Total != 1500 {
			t.Fatalf("after %d rows: got %+v", rows, part.Next)
		}
		read["offset"] = *part.Next
	}
	if rows != 1500 {
		t.Errorf("got %d rows", rows)
	}
	delete(read, "limit")
	read["offset"] = 0
	read["columns"], read["order_by"] = []string{"BIG", "id"}, "-Big"
	sorted := status[table](d, echo, "read_data_frame", read)
	if strings.Join(sorted.Columns, ",") != "big,id" || len(sorted.Rows) != 100 || sorted.Rows[0][1].String() != "1499" || *sorted.Next != 100 {
		t.Errorf("got %v, %d rows, the first %v", sorted.Columns, len(sorted.Rows), sorted.Rows[0])
	}
	read["offset"] = 1500
	if last := status[table](d, echo, "read_data_frame", read); len(last.Rows) != 0 || last.Next != nil {
		t.Errorf("got %+v", last)
	}
	for name, wrong := range map[string]struct {
		arguments args
		says      string
	}{
		"unknown name":   {args{"name": "nothing"}, "There is no data frame “nothing” in this thread"},
		"unknown column": {args{"columns": "color"}, "There is no column “color” in this data frame. There are: “id”, “big”, “price”."},
		"unknown order":  {args{"order_by": "-color"}, "There is no column “color”"},
		"past the end":   {args{"offset": 1501}, "ends before the offset 1501: it has 1500 rows"},
		"no offset":      {args{"offset": "x"}, "whole number"},
		"column twice":   {args{"columns": []string{"id", "ID"}}, "The column “id” is asked for twice"},
		"other thread":   {args{"thread_id": nowhere}, "There is no such thread"},
	} {
		arguments := args{"thread_id": thread, "name": listed.Frames[0].Name}
		for key, value := range wrong.arguments {
			arguments[key] = value
		}
		t.Run(name, func(t *testing.T) { d.fails(echo, "read_data_frame", arguments, wrong.says) })
	}
}

func TestTheAnalystLeavesADataFrame(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	thread := d.begin(analyst, "message_sales_analyst_agent", "What were total sales by region?")
	listed := status[frameList](d, analyst, "list_data_frames", args{"thread_id": thread})
	if len(listed.Frames) != 1 {
		t.Fatalf("got %+v", listed)
	}
	got := d.call(analyst, "read_data_frame", args{"thread_id": thread, "name": listed.Frames[0].Name})
	if got.IsError || !got.says(`["Europe",317403364]`) {
		t.Errorf("got %+v", got)
	}
}

func TestAFileWhoseNameIsSharedIsNotGuessed(t *testing.T) {
	t.Parallel()
	d := sameNamed(t)
	for _, file := range []string{"report.txt", "f1", "f2"} {
		d.fails("", "read_file", args{"agent": "a1", "thread_id": nowhere, "file": file}, "2 files in this thread are called “report.txt”", "another name")
	}
	if got := d.call("", "read_file", args{"agent": "a1", "thread_id": nowhere, "file": "f3"}); got.text() != "other.txt" {
		t.Errorf("got %+v", got)
	}
}

// sameNamed is a tenant with two files of one name in a thread.
func sameNamed(t *testing.T) *desk {
	t.Helper()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/download"):
			fmt.Fprint(w, r.URL.Query().Get("file_ref"))
		case strings.HasSuffix(r.URL.Path, "/files"):
			fmt.Fprint(w, `{"data":[{"file_id":"f1","file_ref":"report.txt"},{"file_id":"f2","file_ref":"report.txt"},{"file_id":"f3","file_ref":"other.txt"}],"next":null,"has_more":false}`)
		default:
			fmt.Fprint(w, `{"data":[{"id":"a1","name":"Helper"}],"next":null,"has_more":false}`)
		}
	}))
	client, err := restclient.New(web.URL, "key", restclient.WithRetry(restclient.RetryPolicy{}))
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, bridge: bridge.NewTenant(client, bridge.Config{})}
	t.Cleanup(func() {
		d.bridge.Close()
		client.CloseIdleConnections()
		web.Close()
	})
	return d
}
