package llm

import "math/bits"

// sse reads text/event-stream (WHATWG HTML, 9.2.6) and gives the data of each
// event to the reader's JSON feed.
type sse struct {
	line  int  // bytes of the current line so far
	other bool // the line is of another field, or a comment
	cr    bool // the last byte was a carriage return
	head  [6]byte
	size  int  // of the event's data
	ended bool // the stream had its [DONE]
}

const (
	dataField = "data:"
	doneMark  = "[DONE]"
)

func (s *sse) write(u *UsageReader, p []byte) {
	for len(p) > 0 {
		n := lineEnd(p)
		if n < 0 {
			s.part(u, p)
			return
		}
		s.part(u, p[:n])
		if c := p[n]; c != '\n' || !s.cr || n > 0 {
			s.newline(u)
			s.cr = c == '\r'
		} else {
			s.cr = false
		}
		p = p[n+1:]
	}
}

// part takes a piece of a line.
func (s *sse) part(u *UsageReader, p []byte) {
	if len(p) > 0 {
		s.cr = false
	}
	for len(p) > 0 && s.line < len(dataField) && !s.other {
		if s.other = p[0] != dataField[s.line]; !s.other {
			s.line++
			p = p[1:]
		}
	}
	if s.other || len(p) == 0 {
		s.line += len(p)
		return
	}
	if s.line == len(dataField) && p[0] == ' ' {
		s.line++
		p = p[1:]
	}
	if len(p) == 0 {
		return
	}
	s.line += len(p)
	if s.size < len(s.head) {
		copy(s.head[s.size:], p)
	}
	s.size += len(p)
	u.json.write(p)
}

// newline ends a line; an empty one ends the event.
func (s *sse) newline(u *UsageReader) {
	switch {
	case s.line == 0 && !s.other:
		s.ended = s.done()
		s.size = 0
		u.json.reset()
	case s.line >= len(dataField) && !s.other:
		s.ended = s.done()
		u.json.write([]byte{'\n'})
	}
	s.line, s.other = 0, false
}

// done reports whether the stream said [DONE].
func (s *sse) done() bool {
	return s.ended || (s.size == len(doneMark) && string(s.head[:]) == doneMark)
}

// between reports whether no event is open.
func (s *sse) between() bool { return s.line == 0 && s.size == 0 }

// lineEnd returns the index of the first CR or LF, or -1.
func lineEnd(p []byte) int {
	for n := 0; ; n++ {
		for ; len(p)-n >= 8; n += 8 {
			w := load8(p[n:])
			if stop := (w - ' '*ones) &^ w & highs; stop != 0 {
				n += bits.TrailingZeros64(stop) >> 3
				break
			}
		}
		for n < len(p) && p[n] >= ' ' {
			n++
		}
		if n >= len(p) {
			return -1
		}
		if p[n] == '\n' || p[n] == '\r' {
			return n
		}
	}
}
