package config

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// cursor walks JSON text (RFC 8259) once, from left to right. After the first
// break of the grammar it stays at the end and gives nothing more, so callers
// need no check of their own to terminate.
type cursor struct {
	in    string
	pos   int
	fault string // what the grammar wants at faultAt; empty while all is well
	at    int
}

// maxDepth bounds the nesting of values that are skipped. The table itself
// nests five deep.
const maxDepth = 32

// broken records the first break of the grammar and moves to the end.
//
//go:noinline
func (c *cursor) broken(want string) {
	if c.fault == "" {
		c.fault, c.at = want, c.pos
	}
	c.pos = len(c.in)
}

// place returns where the grammar broke, both counted from 1, the column in bytes.
func (c *cursor) place() string {
	before := c.in[:c.at]
	return "line " + strconv.Itoa(1+strings.Count(before, "\n")) +
		" column " + strconv.Itoa(c.at-strings.LastIndexByte(before, '\n'))
}

func (c *cursor) space() {
	pos := c.pos
	for pos < len(c.in) && c.in[pos] <= ' ' && isSpace(c.in[pos]) {
		pos++
	}
	c.pos = pos
}

func isSpace(b byte) bool { return b == ' ' || b == '\n' || b == '\t' || b == '\r' }

// end reports whether nothing more comes.
func (c *cursor) end() bool {
	c.space()
	return c.pos == len(c.in)
}

// peek returns the first byte of the next token, or 0 at the end. (A byte of 0
// begins no token, so readers of tokens need not tell the two apart.)
func (c *cursor) peek() byte {
	if c.end() {
		return 0
	}
	return c.in[c.pos]
}

// take consumes b if it is next.
func (c *cursor) take(b byte) bool {
	if c.peek() != b {
		return false
	}
	c.pos++
	return true
}

// members walks an object or list that opens with the next byte: each is
// called at the start of every member and must consume it.
func (c *cursor) members(end byte, each func()) {
	c.pos++
	if c.take(end) {
		return
	}
	for c.fault == "" {
		each()
		if c.take(end) {
			return
		}
		if !c.take(',') {
			c.broken(`"," or "` + string(end) + `"`)
		}
	}
}

// name reads a member name and its colon.
func (c *cursor) name() string {
	if c.peek() != '"' {
		c.broken("a name in double quotes")
		return ""
	}
	name := c.text()
	if c.fault == "" && !c.take(':') {
		c.broken(`":"`)
	}
	return name
}

// text reads the string that opens with the next byte.
func (c *cursor) text() string {
	start := c.pos + 1
	rest := c.in[start:]
	for i := 0; i < len(rest); i++ {
		b := rest[i]
		if b > '"' && b != '\\' {
			continue // nearly every byte of a large policy, its digests, ends here
		}
		switch {
		case b == '"':
			c.pos = start + i + 1
			return c.checked(rest[:i], start)
		case b == '\\':
			return c.escaped(start, start+i)
		case b < ' ':
			c.pos = start + i
			c.broken("no raw control character in a string")
			return ""
		}
	}
	c.pos = len(c.in)
	c.broken(`a closing double quote`)
	return ""
}

func (c *cursor) checked(s string, start int) string {
	if !utf8.ValidString(s) {
		c.pos = start
		c.broken("UTF-8 text")
		return ""
	}
	return s
}

// escaped reads on from the first backslash, at i, of the string that starts at start.
func (c *cursor) escaped(start, i int) string {
	out := []byte(c.in[start:i])
	for i < len(c.in) {
		b := c.in[i]
		switch {
		case b == '"':
			c.pos = i + 1
			return c.checked(string(out), start)
		case b == '\\':
			r, n := unescape(c.in[i:])
			if n == 0 {
				c.pos = i
				c.broken(`an escape such as \n or \u00e9`)
				return ""
			}
			out = utf8.AppendRune(out, r)
			i += n
			continue
		case b < ' ':
			c.pos = i
			c.broken("no raw control character in a string")
			return ""
		}
		out = append(out, b)
		i++
	}
	c.pos = len(c.in)
	c.broken(`a closing double quote`)
	return ""
}

// unescape reads one escape at the start of s and returns its length, 0 if it
// is malformed or half of a surrogate pair.
func unescape(s string) (rune, int) {
	if len(s) < 2 {
		return 0, 0
	}
	if at := strings.IndexByte(`"\/bfnrt`, s[1]); at >= 0 {
		return rune("\"\\/\b\f\n\r\t"[at]), 2
	}
	high, ok := hex4(s)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(high) {
		return high, 6
	}
	low, ok := hex4(s[6:])
	if r := utf16.DecodeRune(high, low); ok && r != utf8.RuneError {
		return r, 12
	}
	return 0, 0
}

// hex4 reads \uXXXX at the start of s.
func hex4(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[2:6], 16, 16)
	return rune(n), err == nil
}

// number reads the number that starts with the next byte, as written.
func (c *cursor) number() string {
	start := c.pos
	c.accept("-")
	if !c.accept("0") && c.digits() == 0 {
		c.broken("a JSON value")
		return ""
	}
	if c.accept(".") && c.digits() == 0 {
		c.broken("a digit")
		return ""
	}
	if c.accept("eE") {
		c.accept("+-")
		if c.digits() == 0 {
			c.broken("a digit")
			return ""
		}
	}
	return c.in[start:c.pos]
}

func (c *cursor) accept(any string) bool {
	if c.pos < len(c.in) && strings.IndexByte(any, c.in[c.pos]) >= 0 {
		c.pos++
		return true
	}
	return false
}

func (c *cursor) digits() int {
	start := c.pos
	for c.pos < len(c.in) && '0' <= c.in[c.pos] && c.in[c.pos] <= '9' {
		c.pos++
	}
	return c.pos - start
}

// word reads true, false or null.
func (c *cursor) word() string {
	for _, w := range [...]string{"true", "false", "null"} {
		if strings.HasPrefix(c.in[c.pos:], w) {
			c.pos += len(w)
			return w
		}
	}
	c.broken("a JSON value")
	return ""
}

// skip consumes one value of any kind and returns what an error calls it.
func (c *cursor) skip() string { return c.skipTo(maxDepth) }

func (c *cursor) skipTo(depth int) string {
	switch b := c.peek(); {
	case b == '"':
		return quote(c.text())
	case b == '{' && depth > 0:
		c.members('}', func() { c.name(); c.skipTo(depth - 1) })
		return "an object"
	case b == '[' && depth > 0:
		c.members(']', func() { c.skipTo(depth - 1) })
		return "a list"
	case b == '{' || b == '[':
		c.broken("at most " + strconv.Itoa(maxDepth) + " levels")
		return ""
	case b == 't' || b == 'f' || b == 'n':
		return c.word()
	default:
		return clip(c.number())
	}
}

func clip(s string) string {
	if len(s) > maxQuoted {
		return s[:maxQuoted] + "..."
	}
	return s
}
