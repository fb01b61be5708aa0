package account

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Terminal is where the user is asked. Questions go to Out, so that the standard
// output stays for results.
type Terminal struct {
	In  io.Reader
	Out io.Writer
}

// maxInput bounds what is read for an answer.
const maxInput = 64 << 10

// ErrNoTerminal is the error where somebody would have to be asked and nobody is there.
var ErrNoTerminal = errors.New("there is no terminal to ask at: give --base-url, and the API key on the standard input")

// Say tells the user something.
func (t *Terminal) Say(format string, args ...any) {
	_, _ = fmt.Fprintf(t.Out, format, args...) // there is nobody else to tell
}

// file is the terminal, if there is one.
func (t *Terminal) file() (*os.File, bool) {
	file, ok := t.In.(*os.File)
	return file, ok && term.IsTerminal(int(file.Fd()))
}

// Line asks for something that may be seen.
func (t *Terminal) Line(ctx context.Context, question string) (string, error) {
	file, ok := t.file()
	if !ok {
		return "", ErrNoTerminal
	}
	t.Say("%s", question)
	return await(ctx, func() (string, error) {
		return bufio.NewReader(io.LimitReader(oneByte{file}, maxInput)).ReadString('\n')
	})
}

// Secret asks for something that must not be seen, or reads all of an input that is
// no terminal.
func (t *Terminal) Secret(ctx context.Context, question string) (string, error) {
	file, ok := t.file()
	if !ok {
		return await(ctx, func() (string, error) {
			data, err := io.ReadAll(io.LimitReader(t.In, maxInput))
			return string(data), err
		})
	}
	state, err := term.GetState(int(file.Fd()))
	if err != nil {
		return "", err
	}
	t.Say("%s", question)
	defer t.Say("\n")
	secret, err := await(ctx, func() (string, error) {
		data, err := term.ReadPassword(int(file.Fd()))
		return string(data), err
	})
	if ctx.Err() != nil { // it is still being read, without echo
		_ = term.Restore(int(file.Fd()), state)
	}
	return secret, err
}

// await reads without holding up an interrupt.
func await(ctx context.Context, read func() (string, error)) (string, error) {
	type answer struct {
		text string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		text, err := read()
		answers <- answer{text, err}
	}()
	select {
	case got := <-answers:
		if errors.Is(got.err, io.EOF) {
			got.err = nil
		}
		return strings.TrimSpace(got.text), got.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// oneByte keeps a reader from taking more than its line, which is the next one's.
type oneByte struct{ io.Reader }

func (r oneByte) Read(p []byte) (int, error) {
	if len(p) > 1 {
		p = p[:1]
	}
	return r.Reader.Read(p)
}
