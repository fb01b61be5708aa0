package stdio

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"sema4mcp/bridge/exchange"
)

// errLineTooLong is returned for a line that was skipped because of its length.
var errLineTooLong = errors.New("the line is too long")

// lineReader reads lines of at most exchange.MaxBytes, ended by LF, CRLF or the
// end of the input. Blank ones are passed over.
type lineReader struct {
	in *bufio.Reader
}

func newLineReader(in io.Reader) *lineReader {
	return &lineReader{bufio.NewReaderSize(in, 64<<10)}
}

// next returns a line that the caller may keep. After errLineTooLong the
// following line can be read.
func (l *lineReader) next() ([]byte, error) {
	for {
		line, err := l.line()
		if line = bytes.TrimSpace(bytes.TrimPrefix(line, []byte("\ufeff"))); len(line) > 0 || err != nil {
			if len(line) > 0 && errors.Is(err, io.EOF) {
				err = nil // an unended last line is a line; the next call says that it was the last
			}
			return line, err
		}
	}
}

func (l *lineReader) line() ([]byte, error) {
	var line []byte
	tooLong := false
	for {
		part, err := l.in.ReadSlice('\n')
		if len(line)+len(part) > exchange.MaxBytes {
			line, tooLong = nil, true
		}
		if !tooLong {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case tooLong && (err == nil || errors.Is(err, io.EOF)):
			return nil, errLineTooLong
		default:
			return line, err
		}
	}
}
