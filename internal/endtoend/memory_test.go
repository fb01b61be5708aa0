//go:build !race

// The program under test is built without the race detector.

package endtoend_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"sema4mcp/internal/localtenant"
	"sema4mcp/restclient"
)

const megabyte = 1 << 20

// letters is a file that is made as it is read: lines of 1 KiB that look like a
// table of one column.
type letters struct{ n int }

func (l *letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a' + byte(l.n%26)
		if l.n++; l.n%1024 == 0 {
			p[i] = '\n'
		}
	}
	return len(p), nil
}

func file(name string, size int64) restclient.FileUpload {
	return restclient.FileUpload{Name: name, Content: io.LimitReader(&letters{}, size), Size: size}
}

// What is uploaded passes through: the program itself, told to do with 64 MB,
// refuses 200 MB and takes 90 MB, and stays below that.
func TestUploadsUnderAMemoryLimit(t *testing.T) {
	dir := t.TempDir()
	client, process := startProgram(t, dir)
	ctx := t.Context()
	thread := try(client.Conversations.Create(ctx, localtenant.EchoID, "files")).in(t)

	_, err := client.Conversations.UploadFiles(ctx, localtenant.EchoID, thread.ID, file("large.txt", 200*megabyte))
	if statusOf(err) != http.StatusRequestEntityTooLarge {
		t.Errorf("a file of 200 MB: %v", err)
	}
	if _, err := client.WorkItems.UploadFile(ctx, "", file("large.txt", 200*megabyte)); statusOf(err) != http.StatusBadRequest {
		t.Errorf("an attachment of 200 MB: %v", err)
	}
	if _, err := client.Agents.Import(ctx, file("", 200*megabyte).Content); statusOf(err)/100 != 4 {
		t.Errorf("a package of 200 MB: %v", err)
	}
	if files := collect(t, client.Conversations.AllFiles(ctx, localtenant.EchoID, thread.ID, nil)); len(files) != 0 {
		t.Errorf("kept nevertheless: %+v", files)
	}
	if entries, _ := os.ReadDir(filepath.Join(dir, "files")); len(entries) != 0 {
		t.Errorf("%d files on the disk", len(entries))
	}
	try(client.Conversations.UploadFiles(ctx, localtenant.EchoID, thread.ID, file("good.txt", 90*megabyte))).in(t)
	try(client.Conversations.UploadFiles(ctx, localtenant.EchoID, thread.ID, file("table.csv", 90*megabyte))).in(t)
	d, err := client.Conversations.DownloadFile(ctx, localtenant.EchoID, thread.ID, "good.txt")
	must(t, err)
	n := try(io.Copy(io.Discard, d)).in(t)
	must(t, d.Close())
	if n != 90*megabyte {
		t.Errorf("%d bytes came back", n)
	}
	if frames := collect(t, client.Conversations.AllDataFrames(ctx, localtenant.EchoID, thread.ID, nil)); len(frames) != 1 || frames[0].NumRows < 90_000 {
		t.Errorf("frames %+v", frames)
	}
	peak, known := peakMemory(process)
	t.Logf("the program's memory was %d MB at most", peak/megabyte)
	if known && peak >= 64*megabyte {
		t.Errorf("the program used %d MB", peak/megabyte)
	}
}

// startProgram builds sema4-local-tenant and starts it with 64 MB to go by.
func startProgram(t *testing.T, dir string) (*restclient.Client, int) {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "sema4-local-tenant")
	if output, err := exec.Command("go", "build", "-o", binary, "sema4mcp/cmd/sema4-local-tenant").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	command := exec.Command(binary, "--local-data", dir, "--listen", "127.0.0.1:0")
	command.Env = append(os.Environ(), "GOMEMLIMIT=64MiB")
	stderr := try(command.StderrPipe()).in(t)
	must(t, command.Start())
	lines := bufio.NewScanner(stderr)
	read := make(chan struct{})
	t.Cleanup(func() {
		_ = command.Process.Signal(os.Interrupt)
		<-read
		if err := command.Wait(); err != nil {
			t.Errorf("the program: %v", err)
		}
	})
	base := ""
	for pattern := regexp.MustCompile(`http://\S+/api/v2`); base == "" && lines.Scan(); {
		base = pattern.FindString(lines.Text())
	}
	go func() {
		defer close(read)
		for lines.Scan() {
			t.Log(lines.Text())
		}
	}()
	client := try(restclient.New(base, localtenant.APIKey, restclient.WithRequestTimeout(time.Minute))).in(t)
	t.Cleanup(client.CloseIdleConnections)
	return client, command.Process.Pid
}

// peakMemory is the most that a process has had in memory, where the system tells.
func peakMemory(process int) (bytes int, known bool) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", process))
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(status)) {
		if value, found := strings.CutPrefix(line, "VmHWM:"); found {
			kilobytes, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")))
			return kilobytes << 10, err == nil
		}
	}
	return 0, false
}
