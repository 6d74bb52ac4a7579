// Package http1 reads and writes HTTP/1.1 messages the way Envoy does: headers keep
// their order and come in lower case, and what one read brings of a body is handed
// on at once.
package http1

import (
	"bytes"
	"io"
	"strings"

	"github.com/sparkward/sparkward/hostsim/internal/header"
)

// MaxHead is how many bytes the headers of one message may have: Envoy's default
// max_request_headers_kb.
const MaxHead = 60 << 10

// MaxHeaders is how many headers one message may have: Envoy's default.
const MaxHeaders = 100

// readSize is how much is read at once, in bytes.
const readSize = 32 << 10

// ParseError is a message that is not HTTP/1.x as Envoy takes it. Its text names the
// fault as Envoy's response code details do.
type ParseError struct {
	Status  int // to answer with
	Details string
}

func (e *ParseError) Error() string { return e.Details }

func malformed(details string) error { return &ParseError{400, details} }

// Reader reads messages from a connection.
type Reader struct {
	source io.Reader
	buffer []byte // what was read and not used yet
	err    error
}

// NewReader returns a Reader of source.
func NewReader(source io.Reader) *Reader { return &Reader{source: source} }

// Buffered reports whether something was read that was not used yet.
func (r *Reader) Buffered() bool { return len(r.buffer) > 0 }

// Wait blocks until something can be used or the source ends.
func (r *Reader) Wait() error {
	if len(r.buffer) > 0 {
		return nil
	}
	return r.fill()
}

// Begins reports whether the source begins with text, and then skips it.
func (r *Reader) Begins(text string) bool {
	for len(r.buffer) < len(text) {
		if !strings.HasPrefix(text, string(r.buffer)) || r.fill() != nil {
			return false
		}
	}
	if string(r.buffer[:len(text)]) != text {
		return false
	}
	r.buffer = r.buffer[len(text):]
	return true
}

// Rest is the source with what was read and not used.
func (r *Reader) Rest() io.Reader { return io.MultiReader(bytes.NewReader(r.buffer), r.source) }

// fill reads once more.
func (r *Reader) fill() error {
	if r.err != nil {
		return r.err
	}
	if cap(r.buffer)-len(r.buffer) < readSize/2 {
		grown := make([]byte, len(r.buffer), len(r.buffer)+readSize)
		copy(grown, r.buffer)
		r.buffer = grown
	}
	n, err := r.source.Read(r.buffer[len(r.buffer):cap(r.buffer)])
	r.buffer = r.buffer[:len(r.buffer)+n]
	r.err = err
	if n > 0 {
		return nil
	}
	return err
}

// head reads up to the empty line that ends the headers. The result is good until the
// next call.
func (r *Reader) head() ([]byte, error) {
	for scanned := 0; ; {
		for len(r.buffer) > 0 && scanned == 0 && (r.buffer[0] == '\r' || r.buffer[0] == '\n') {
			r.buffer = r.buffer[1:] // empty lines before a message
		}
		if end := endOfHead(r.buffer, scanned); end > 0 {
			head := r.buffer[:end]
			r.buffer = r.buffer[end:]
			if end > MaxHead {
				return nil, &ParseError{431, "http1.headers_too_large"}
			}
			return head, nil
		}
		if len(r.buffer) > MaxHead {
			return nil, &ParseError{431, "http1.headers_too_large"}
		}
		scanned = max(len(r.buffer)-3, 0)
		if err := r.fill(); err != nil {
			if err == io.EOF && len(r.buffer) > 0 {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
}

// endOfHead is the length of data up to and with the empty line, 0 if there is none.
func endOfHead(data []byte, from int) int {
	for at := from; ; {
		i := bytes.IndexByte(data[at:], '\n')
		if i < 0 {
			return 0
		}
		at += i + 1
		rest := data[at:]
		if len(rest) > 0 && rest[0] == '\n' {
			return at + 1
		}
		if len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n' {
			return at + 2
		}
	}
}

// lines cuts a head into its first line and the header lines, without line ends. A line
// that begins with a blank goes on from the one before.
func lines(head []byte) (first string, rest []string) {
	text := strings.TrimRight(string(head), "\r\n")
	all := strings.Split(text, "\n")
	for i, line := range all {
		line = strings.TrimSuffix(line, "\r")
		if n := len(rest); i > 0 && n > 0 && line != "" && isBlank(rune(line[0])) {
			rest[n-1] += line
		} else if i > 0 {
			rest = append(rest, line)
		}
	}
	return strings.TrimSuffix(all[0], "\r"), rest
}

// addFields parses header lines into m.
func addFields(m *header.Map, fields []string) error {
	if len(fields) > MaxHeaders {
		return &ParseError{431, "http1.too_many_headers"}
	}
	for _, line := range fields {
		name, value, ok := strings.Cut(line, ":")
		if !ok || name == "" || !validName(name) {
			return malformed("http1.codec_error")
		}
		value = strings.Trim(strings.ReplaceAll(value, "\r", ""), " \t")
		if !validValue(value) {
			return malformed("http1.invalid_characters")
		}
		if strings.EqualFold(name, "host") && m.Kind() == header.Request {
			name = ":authority"
		}
		m.Add(name, value)
	}
	return nil
}

func validName(name string) bool {
	for i := range len(name) {
		if !isToken(name[i]) {
			return false
		}
	}
	return true
}

// isToken reports whether c may stand in a header name or method.
func isToken(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

// validAuthority reports whether text has only what Envoy wants in a host.
func validAuthority(text string) bool {
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"#/<>?\\^`{|}", c) >= 0 {
			return false
		}
	}
	return true
}

func validValue(value string) bool {
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

var errBadChunk = malformed("http1.codec_error")
