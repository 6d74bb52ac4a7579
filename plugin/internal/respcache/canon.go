package respcache

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth and maxMembers bound the work on a text: at most maxDepth copies of
// it and sorts of at most maxMembers names.
const (
	maxDepth   = 64
	maxMembers = 1 << 16
)

// errForm says that a text has no canonical form.
var errForm = errors.New("respcache: no JSON in UTF-8, a name twice in one object, or too deep or wide")

// canon writes JSON in one spelling: no white space, members in the order of
// their names, every string with the fewest escapes, every number as its
// shortest digits and exponent. The idea is RFC 8785's, but numbers are kept
// exact instead of rounded to a float. Its buffers are reused.
type canon struct {
	in      []byte
	out     []byte
	spare   []byte
	members []member // of all open objects
	count   int      // members so far
	// top, if not nil, gets each member of the top level.
	top func(name, value []byte)
}

// member is where a member stands in out.
type member struct{ start, name, end int }

// write returns the canonical form of a text, good until the next call.
func (c *canon) write(text []byte) ([]byte, error) {
	if !utf8.Valid(text) {
		return nil, errForm
	}
	c.in, c.out, c.members, c.count = text, c.out[:0], c.members[:0], 0
	err := c.value(0)
	c.space()
	if err == nil && len(c.in) > 0 {
		err = errForm
	}
	c.in = nil
	return c.out, err
}

func (c *canon) space() {
	for len(c.in) > 0 && (c.in[0] == ' ' || c.in[0] == '\n' || c.in[0] == '\t' || c.in[0] == '\r') {
		c.in = c.in[1:]
	}
}

// take moves over one byte, if it comes next, and writes it.
func (c *canon) take(b byte) bool {
	c.space()
	if len(c.in) == 0 || c.in[0] != b {
		return false
	}
	c.in = c.in[1:]
	c.out = append(c.out, b)
	return true
}

func (c *canon) value(depth int) error {
	c.space()
	if len(c.in) == 0 {
		return errForm
	}
	switch b := c.in[0]; {
	case (b == '{' || b == '[') && depth == maxDepth:
		return errForm
	case b == '{':
		return c.object(depth)
	case b == '[':
		return c.array(depth)
	case b == '"':
		return c.text()
	case b == 't':
		return c.literal("true")
	case b == 'f':
		return c.literal("false")
	case b == 'n':
		return c.literal("null")
	}
	return c.number()
}

func (c *canon) literal(word string) error {
	if len(c.in) < len(word) || string(c.in[:len(word)]) != word {
		return errForm
	}
	c.in = c.in[len(word):]
	c.out = append(c.out, word...)
	return nil
}

func (c *canon) array(depth int) error {
	c.take('[')
	if c.take(']') {
		return nil
	}
	for {
		if err := c.value(depth + 1); err != nil {
			return err
		}
		if c.take(']') {
			return nil
		}
		if !c.take(',') {
			return errForm
		}
	}
}

func (c *canon) object(depth int) error {
	c.take('{')
	if c.take('}') {
		return nil
	}
	first := len(c.members)
	for {
		if err := c.member(depth); err != nil {
			return err
		}
		if c.take('}') {
			err := c.arrange(c.members[first:])
			c.members = c.members[:first]
			return err
		}
		if !c.take(',') {
			return errForm
		}
	}
}

func (c *canon) member(depth int) error {
	if c.count++; c.count > maxMembers {
		return errForm
	}
	c.space()
	m := member{start: len(c.out)}
	if len(c.in) == 0 || c.in[0] != '"' {
		return errForm
	}
	if err := c.text(); err != nil {
		return err
	}
	m.name = len(c.out)
	if !c.take(':') {
		return errForm
	}
	if err := c.value(depth + 1); err != nil {
		return err
	}
	m.end = len(c.out)
	c.members = append(c.members, m)
	if depth == 0 && c.top != nil {
		c.top(c.out[m.start:m.name], c.out[m.name+1:m.end])
	}
	return nil
}

// arrange puts the members of an object, which end just before the brace that
// was written last, in the order of their names.
func (c *canon) arrange(members []member) error {
	if !c.sorted(members) {
		start := members[0].start
		c.sort(members)
		c.spare = append(c.spare[:0], c.out[start:]...)
		c.out = c.out[:start]
		for i := range members {
			m := &members[i]
			text := c.spare[m.start-start : m.end-start]
			*m = member{len(c.out), len(c.out) + m.name - m.start, len(c.out) + m.end - m.start}
			c.out = append(append(c.out, text...), ',')
		}
		c.out[len(c.out)-1] = '}'
	}
	for i := 1; i < len(members); i++ {
		if c.compare(members[i-1], members[i]) == 0 {
			return errForm
		}
	}
	return nil
}

func (c *canon) compare(a, b member) int {
	return bytes.Compare(c.out[a.start:a.name], c.out[b.start:b.name])
}

func (c *canon) sorted(m []member) bool {
	for i := 1; i < len(m); i++ {
		if c.compare(m[i-1], m[i]) > 0 {
			return false
		}
	}
	return true
}

// sort is heapsort: never worse than n log n, and small. The generic sort of
// package slices takes 30 KB of wasm for every type.
func (c *canon) sort(m []member) {
	for i := len(m)/2 - 1; i >= 0; i-- {
		c.sink(m, i)
	}
	for n := len(m) - 1; n > 0; n-- {
		m[0], m[n] = m[n], m[0]
		c.sink(m[:n], 0)
	}
}

func (c *canon) sink(m []member, i int) {
	for child := 2*i + 1; child < len(m); child = 2*i + 1 {
		if child+1 < len(m) && c.compare(m[child], m[child+1]) < 0 {
			child++
		}
		if c.compare(m[i], m[child]) >= 0 {
			return
		}
		m[i], m[child] = m[child], m[i]
		i = child
	}
}

// text writes the string that comes next.
func (c *canon) text() error {
	c.in = c.in[1:]
	c.out = append(c.out, '"')
	for {
		n := 0
		for n < len(c.in) && c.in[n] >= ' ' && c.in[n] != '"' && c.in[n] != '\\' {
			n++
		}
		c.out = append(c.out, c.in[:n]...)
		c.in = c.in[n:]
		switch {
		case len(c.in) == 0 || c.in[0] < ' ':
			return errForm
		case c.in[0] == '"':
			c.in = c.in[1:]
			c.out = append(c.out, '"')
			return nil
		}
		if err := c.escape(); err != nil {
			return err
		}
	}
}

// escape writes what an escape stands for, escaped only where it must be.
func (c *canon) escape() error {
	if len(c.in) < 2 {
		return errForm
	}
	if c.in[1] == 'u' {
		return c.codePoint()
	}
	i := strings.IndexByte(`"\/bfnrt`, c.in[1])
	if i < 0 {
		return errForm
	}
	c.in = c.in[2:]
	c.rune(rune("\"\\/\b\f\n\r\t"[i]))
	return nil
}

// codePoint writes what one \u escape, or two that make a pair, stands for. Half
// a pair is no character and stays as it is.
func (c *canon) codePoint() error {
	r, ok := hex4(c.in)
	if !ok {
		return errForm
	}
	c.in = c.in[6:]
	if !utf16.IsSurrogate(r) {
		c.rune(r)
		return nil
	}
	if low, ok := hex4(c.in); ok {
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			c.in = c.in[6:]
			c.rune(pair)
			return nil
		}
	}
	c.unicode(r)
	return nil
}

func (c *canon) rune(r rune) {
	switch {
	case r == '"' || r == '\\':
		c.out = append(c.out, '\\', byte(r))
	case r < ' ':
		c.unicode(r)
	default:
		c.out = utf8.AppendRune(c.out, r)
	}
}

func (c *canon) unicode(r rune) {
	const digits = "0123456789abcdef"
	c.out = append(c.out, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
}

// hex4 reads the escape \uXXXX at the start of s.
func hex4(s []byte) (r rune, ok bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	for _, b := range s[2:6] {
		switch {
		case '0' <= b && b <= '9':
			r = r<<4 | rune(b-'0')
		case 'a' <= b|0x20 && b|0x20 <= 'f':
			r = r<<4 | rune(b|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}
