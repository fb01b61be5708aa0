package terminal

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/term"
)

// screen writes an answer as it grows, and a line below on what the agent does,
// where standard error is a terminal. It is safe for concurrent use.
type screen struct {
	out     io.Writer
	err     io.Writer
	onTTY   bool // what is written on out is seen, too
	colours bool
	width   int // of the line; 0 where there is none

	mu      sync.Mutex // guards all below
	written string     // of the answer
	midLine bool       // what was written ends within a line
	failed  error      // the first of out
	doingIs string
	began   time.Time // zero while nobody is waited for
	drawn   bool
	end     chan struct{} // ends the clock
}

const defaultWidth = 80

func newScreen(out, stderr io.Writer) *screen {
	s := &screen{out: out, err: stderr, onTTY: isTerminal(out), colours: coloured(stderr)}
	if file, ok := stderr.(*os.File); ok && isTerminal(file) {
		s.width = defaultWidth
		if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
			s.width = width
		}
	}
	return s
}

func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// coloured tells whether what goes to the stream may have colours.
func coloured(stream any) bool {
	return isTerminal(stream) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// start shows the line until pause.
func (s *screen) start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.width == 0 || s.end != nil {
		return
	}
	s.began, s.end = time.Now(), make(chan struct{})
	go s.tick(s.end)
}

func (s *screen) tick(end <-chan struct{}) {
	seconds := time.NewTicker(time.Second)
	defer seconds.Stop()
	for {
		select {
		case <-seconds.C:
			s.mu.Lock()
			select {
			case <-end:
			default:
				s.draw()
			}
			s.mu.Unlock()
		case <-end:
			return
		}
	}
}

// pause takes the line away, so that something else can be written.
func (s *screen) pause() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
	if s.end != nil {
		close(s.end)
		s.end = nil
	}
	if s.onTTY && s.midLine {
		s.print("\n")
	}
}

// next begins another answer.
func (s *screen) next() {
	s.mu.Lock()
	s.written = ""
	s.mu.Unlock()
	s.start()
}

// doing changes what the line says. The end of what is being written is none of it.
func (s *screen) doing(step string) {
	if strings.HasPrefix(step, "…") {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.doingIs = step; s.end != nil {
		s.draw()
	}
}

// draw wants s.mu held. Below text that is still being written there is no room.
func (s *screen) draw() {
	if s.onTTY && s.midLine {
		return
	}
	line := fmt.Sprintf("%s · %s", oneLine(s.doingIs), time.Since(s.began).Round(time.Second))
	if runes := []rune(line); len(runes) >= s.width {
		line = string(runes[:max(0, s.width-2)]) + "…"
	}
	if s.colours {
		line = "\x1b[2m" + line + "\x1b[0m"
	}
	_, _ = fmt.Fprint(s.err, "\r\x1b[K"+line)
	s.drawn = true
}

// clear wants s.mu held.
func (s *screen) clear() {
	if s.drawn {
		_, _ = fmt.Fprint(s.err, "\r\x1b[K")
		s.drawn = false
	}
}

// write shows what has come to the answer. One that has become another is shown
// anew.
func (s *screen) write(answer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	more, grown := strings.CutPrefix(answer, s.written)
	if !grown {
		if strings.HasPrefix(s.written, answer) {
			return // less than is known already
		}
		more = "\n\n" + answer
	}
	if more == "" {
		return
	}
	s.clear()
	s.print(more)
	s.written = answer
}

// finish ends the answer with a line's end and tells whether it was all written.
func (s *screen) finish() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.midLine {
		s.print("\n")
	}
	s.written = ""
	return s.failed
}

// print wants s.mu held.
func (s *screen) print(text string) {
	if s.failed != nil {
		return
	}
	if s.onTTY {
		text = printable(text)
	}
	s.midLine = !strings.HasSuffix(text, "\n")
	_, s.failed = io.WriteString(s.out, text)
}

// printable leaves out what would steer a terminal: agents write what they have
// read.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text)
}

func oneLine(text string) string { return strings.Join(strings.Fields(printable(text)), " ") }
