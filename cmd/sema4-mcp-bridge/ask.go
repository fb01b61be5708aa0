package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/mattn/go-isatty"
)

// asker asks the user at a terminal.
type asker struct {
	in    io.Reader
	out   io.Writer
	lines *bufio.Reader // of in; what one answer leaves is for the next
}

// yesNo is true for yes alone. Without a terminal it is errNoTerminal.
func (a *asker) yesNo(question string) (bool, error) {
	if file, ok := a.in.(*os.File); !ok || !isatty.IsTerminal(file.Fd()) {
		return false, errNoTerminal
	}
	if a.lines == nil {
		a.lines = bufio.NewReader(a.in)
	}
	if _, err := fmt.Fprint(a.out, question); err != nil {
		return false, err
	}
	answer, err := a.lines.ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes", nil
}
