package restclient

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

const large = 200 << 20

// zeros is a file of many zeros that nobody holds.
type zeros struct{ left int64 }

func (z *zeros) Read(p []byte) (int, error) {
	if z.left == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), z.left)
	clear(p[:n])
	z.left -= n
	return int(n), nil
}

// allocated is what work takes from the heap in all, freed or not.
func allocated(work func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	work()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func uploadTo(t *testing.T, client *Client, file FileUpload) error {
	t.Helper()
	_, err := client.Conversations.UploadFiles(t.Context(), "a1", "t1", file)
	return err
}

func TestUploadIsNeverHeldInMemory(t *testing.T) {
	for name, size := range map[string]int64{"a known size": large, "an unknown size": 0} {
		t.Run(name, func(t *testing.T) {
			var came, length int64
			client := serve(t, func(w http.ResponseWriter, r *http.Request) {
				length = r.ContentLength
				came, _ = io.Copy(io.Discard, r.Body)
				answer(200, "application/json", `[]`)(w, r)
			})
			used := allocated(func() {
				if err := uploadTo(t, client, FileUpload{Name: "zeros.bin", Content: &zeros{large}, Size: size}); err != nil {
					t.Fatal(err)
				}
			})
			if came <= large || came > large+1000 {
				t.Errorf("%d bytes came", came)
			}
			if want := came; size > 0 {
				equal(t, "Content-Length", length, want)
			} else {
				equal(t, "Content-Length", length, -1)
			}
			if used > 8<<20 {
				t.Errorf("it took %d bytes of memory", used)
			}
		})
	}
}

func TestUploadGoesOutWhileItIsRead(t *testing.T) {
	reader, writer := io.Pipe()
	seen := make(chan struct{})
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		parts, err := r.MultipartReader()
		if err != nil {
			t.Error(err)
			return
		}
		part, err := parts.NextPart()
		if err != nil {
			t.Error(err)
			return
		}
		first := make([]byte, 5)
		_, _ = io.ReadFull(part, first)
		equal(t, "first", string(first), "first")
		close(seen)
		rest, _ := io.ReadAll(part)
		equal(t, "rest", string(rest), " last")
		answer(200, "application/json", `[{"filename":"a.txt"}]`)(w, r)
	})
	go func() {
		_, _ = io.WriteString(writer, "first")
		<-seen
		_, _ = io.WriteString(writer, " last")
		_ = writer.Close()
	}()
	files, err := client.Conversations.UploadFiles(t.Context(), "a1", "t1", FileUpload{Name: "a.txt", Content: reader})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "name", files[0].Name(), "a.txt")
}

func TestUploadBeginsWhereItsReaderStands(t *testing.T) {
	path := filepath.Join(t.TempDir(), "numbers.txt")
	if err := os.WriteFile(path, []byte("0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Seek(7, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	var seen string
	var length int64
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen, length = described(r), r.ContentLength
		answer(200, "application/json", `[]`)(w, r)
	})
	if err := uploadTo(t, client, FileUpload{Name: "numbers.bin", Content: file, ContentType: "text/plain"}); err != nil {
		t.Fatal(err)
	}
	contains(t, "request", seen, "files=numbers.bin(text/plain):789")
	equal(t, "the length is known", length > 0, true)
}

func TestUploadOfANamelessTypeAndAnEmptyFile(t *testing.T) {
	var seen string
	var length int64
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen, length = described(r), r.ContentLength
		answer(204, "", "")(w, r)
	})
	if err := uploadTo(t, client, FileUpload{Name: "größe.🧾", Content: bytes.NewReader(nil)}); err != nil {
		t.Fatal(err)
	}
	contains(t, "request", seen, "files=größe.🧾(application/octet-stream):")
	equal(t, "the length is known", length > 0, true)
}

// unseekable is of one byte, and fails to seek, at once or on its way back.
type unseekable struct {
	io.Reader
	works int
}

func (u *unseekable) Seek(_ int64, whence int) (int64, error) {
	if u.works--; u.works < 0 {
		return 0, errors.New("illegal seek")
	}
	if whence == io.SeekEnd {
		return 1, nil
	}
	return 0, nil
}

func TestSizeOfWhatCannotBeSought(t *testing.T) {
	for works := range 3 {
		_, known := FileUpload{Content: &unseekable{works: works}}.size()
		equal(t, "the size is known", known, false)
	}
}

func TestUploadOfAFileThatIsNotAsLongAsSaid(t *testing.T) {
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		answer(200, "application/json", `[]`)(w, r)
	})
	for name, size := range map[string]int64{"shorter": 11, "longer": 9} {
		err := uploadTo(t, client, FileUpload{Name: "n.txt", Content: strings.NewReader("0123456789"), Size: size})
		if _, lost := errors.AsType[*ConnectionError](err); lost || !errors.Is(err, ErrFileSize) {
			t.Errorf("%s: got %v, want ErrFileSize", name, err)
			continue
		}
		contains(t, name, err.Error(), `POST /agents/a1/conversations/t1/files: reading the file "n.txt": `)
	}
}

func TestUploadOfAFileThatCannotBeRead(t *testing.T) {
	client := serve(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	broken := errors.New("input/output error")
	reader := io.MultiReader(strings.NewReader(strings.Repeat("x", 1<<20)), readerFunc(func([]byte) (int, error) { return 0, broken }))
	err := uploadTo(t, client, FileUpload{Name: "n.txt", Content: reader})
	if _, lost := errors.AsType[*ConnectionError](err); lost || !errors.Is(err, broken) {
		t.Fatalf("got %v, want the reader's error", err)
	}
	contains(t, "error", err.Error(), `reading the file "n.txt": input/output error`)
}

func TestUploadRefusesWhatIsNoFile(t *testing.T) {
	client := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("it was asked") })
	for want, file := range map[string]FileUpload{
		"needs a name":         {Content: strings.NewReader("x")},
		`"n" has no content`:   {Name: "n"},
		`file "n" is negative`: {Name: "n", Content: strings.NewReader("x"), Size: -1},
	} {
		err := uploadTo(t, client, file)
		if err == nil {
			t.Fatalf("%s: no error", want)
		}
		contains(t, "error", err.Error(), want)
	}
	_, err := client.Agents.Import(t.Context(), nil)
	if err == nil {
		t.Fatal("no error for a package")
	}
	contains(t, "error", err.Error(), "has no content")
}

func TestUploadToAServerThatDies(t *testing.T) {
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.CopyN(io.Discard, r.Body, 1<<20)
		cut(w, r)
	})
	err := uploadTo(t, client, FileUpload{Name: "zeros.bin", Content: &zeros{large}})
	lost, ok := errors.AsType[*ConnectionError](err)
	if !ok {
		t.Fatalf("got %v, want a ConnectionError", err)
	}
	equal(t, "not sent", lost.NotSent, false)
}

func TestUploadThatIsRefusedEarly(t *testing.T) {
	client := serve(t, answer(413, "application/json", `{"error":{"code":"too_large","message":"at most 100 MB"}}`))
	err := uploadTo(t, client, FileUpload{Name: "zeros.bin", Content: &zeros{100 << 10}})
	refused, ok := errors.AsType[*APIError](err)
	if !ok {
		t.Fatalf("got %v, want an APIError", err)
	}
	equal(t, "status", refused.StatusCode, 413)
}

func TestUploadEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	client := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.CopyN(io.Discard, r.Body, 1<<20)
		cancel()
		_, _ = io.Copy(io.Discard, r.Body)
	})
	endless := &zeros{1 << 60}
	_, err := client.Conversations.UploadFiles(ctx, "a1", "t1", FileUpload{Name: "zeros.bin", Content: endless})
	if _, lost := errors.AsType[*ConnectionError](err); lost || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error alone", err)
	}
}

func TestNoReadBeginsAfterTheCall(t *testing.T) {
	client := serve(t, nil)
	reads := 0
	req := request{body: readerFunc(func([]byte) (int, error) { reads++; return 0, io.EOF }), transfer: true, reading: make(chan struct{}, 1)}
	_, done := client.bound(t.Context(), &req)
	done()
	n, err := req.body.Read(make([]byte, 1))
	equal(t, "bytes", n, 0)
	equal(t, "error", errors.Is(err, context.Canceled), true)
	equal(t, "reads", reads, 0)
}

func TestUploadEndsWithSilence(t *testing.T) {
	bubble(t, func(t *testing.T, dial dialer) {
		client := dial(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, WithStreamIdleTimeout(10*time.Minute))
		began := time.Now()
		err := uploadTo(t, client, FileUpload{Name: "n.txt", Content: strings.NewReader("x")})
		lost, ok := errors.AsType[*ConnectionError](err)
		if !ok || !errors.Is(err, ErrStreamIdle) {
			t.Fatalf("got %v, want the silence", err)
		}
		equal(t, "not sent", lost.NotSent, false)
		equal(t, "waited", time.Since(began), 10*time.Minute)
	})
}

func TestUploadWaitsForItsReader(t *testing.T) {
	for name, idle := range map[string]time.Duration{"silence is bounded": time.Minute, "it is not": 0} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, dial dialer) {
				client := dial(func(w http.ResponseWriter, r *http.Request) { answer(200, "application/json", `[]`)(w, r) }, WithStreamIdleTimeout(idle))
				chunks := 3
				slow := readerFunc(func(p []byte) (int, error) {
					time.Sleep(time.Hour)
					if chunks--; chunks < 0 {
						return 0, io.EOF
					}
					return copy(p, "chunk"), nil
				})
				if err := uploadTo(t, client, FileUpload{Name: "n.txt", Content: slow}); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}
