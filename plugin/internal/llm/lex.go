package llm

import (
	"math/bits"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// lexer reads the tokens of one strict JSON text (RFC 8259).
type lexer struct {
	b   []byte
	i   int
	err *Error
}

// literal is where a string stands: b[lo:hi] without its quotes, as written.
type literal struct {
	lo, hi  int
	escaped bool
}

// fail keeps the first error and returns false.
func (x *lexer) fail(k Kind, at int, want string) bool {
	if x.err == nil {
		x.err = &Error{Kind: k, Offset: at, Want: want, Path: pathAt(x.b, at)}
		if x.err.Path == "" {
			x.err.Path = "body"
		}
	}
	return false
}

// next skips white space and returns the byte it stops at, 0 at the end.
func (x *lexer) next() byte {
	b, i := x.b, x.i
	for ; i < len(b); i++ {
		if c := b[i]; c > ' ' || (c != ' ' && c != '\n' && c != '\r' && c != '\t') {
			x.i = i
			return c
		}
	}
	x.i = i
	return 0
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// load8 reads eight bytes; the compiler turns it into one load.
func load8(b []byte) uint64 {
	_ = b[7]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

// stops marks, by its high bit, the first quote, backslash or control character
// of w; bytes behind that one may be marked wrongly.
func stops(w uint64) uint64 {
	q, s := w^'"'*ones, w^'\\'*ones
	return ((w-' '*ones)&^w | (q-ones)&^q | (s-ones)&^s) & highs
}

// plainRun returns how many bytes of b stand before the first quote, backslash
// or control character.
func plainRun(b []byte) int {
	n := 0
	for ; len(b)-n >= 8; n += 8 {
		if stop := stops(load8(b[n:])); stop != 0 {
			return n + bits.TrailingZeros64(stop)>>3
		}
	}
	for n < len(b) && b[n] != '"' && b[n] != '\\' && b[n] >= ' ' {
		n++
	}
	return n
}

// str reads a string at a quote and checks its escapes and its encoding.
func (x *lexer) str() (l literal, ok bool) {
	b, i := x.b, x.i+1
	l.lo = i
	var seen uint64 // the bits of all bytes
	for {
		for ; len(b)-i >= 8; i += 8 {
			w := load8(b[i:])
			if stop := stops(w); stop != 0 {
				k := bits.TrailingZeros64(stop) &^ 7
				i += k >> 3
				seen |= w & (1<<k - 1)
				break
			}
			seen |= w
		}
		for i < len(b) && b[i] != '"' && b[i] != '\\' && b[i] >= ' ' {
			seen |= uint64(b[i])
			i++
		}
		if i >= len(b) || b[i] != '\\' {
			break
		}
		n := escapeLen(b[i:])
		if n == 0 {
			return l, x.fail(Invalid, i, `this is no JSON escape, or half of a surrogate pair; write \uD83D\uDE00 or UTF-8`)
		}
		l.escaped = true
		i += n
	}
	l.hi = i
	switch {
	case i >= len(b):
		return l, x.fail(Invalid, x.i, "this string has no end; send the whole body")
	case b[i] != '"':
		return l, x.fail(Invalid, i, `this string holds a raw control character; write it as \n, \t or \u00XX`)
	case seen&highs != 0 && !utf8.Valid(b[l.lo:i]):
		return l, x.fail(NotUTF8, l.lo-1, "this string is not UTF-8; send UTF-8")
	}
	x.i = i + 1
	return l, true
}

// short maps the letter of a two-byte escape to what it stands for.
var short = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escapeLen returns the length of the escape at the start of b, a surrogate
// pair being one, or 0 when there is no valid one. Half a pair is refused:
// servers replace it, drop it, keep it or fail.
func escapeLen(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	if short[b[1]] != 0 {
		return 2
	}
	r := hex4(b[2:])
	switch {
	case b[1] != 'u' || r < 0:
		return 0
	case !utf16.IsSurrogate(r):
		return 6
	case len(b) >= 12 && b[6] == '\\' && b[7] == 'u' && utf16.DecodeRune(r, hex4(b[8:])) != utf8.RuneError:
		return 12
	}
	return 0
}

// hex4 reads four hexadecimal digits, or returns -1.
func hex4(b []byte) rune {
	if len(b) < 4 {
		return -1
	}
	var r rune
	for _, c := range b[:4] {
		d := unhex(c)
		if d > 15 {
			return -1
		}
		r = r<<4 | rune(d)
	}
	return r
}

// unhex returns the value of a hexadecimal digit, or 255.
func unhex(c byte) byte {
	switch {
	case c-'0' < 10:
		return c - '0'
	case c|0x20-'a' < 6:
		return c | 0x20 - 'a' + 10
	}
	return 255
}

// unescape appends the decoded form of s, which str has checked, to dst.
func unescape(dst, s []byte) []byte {
	n := len(dst)
	dst = slices.Grow(dst, len(s))[:n+len(s)]
	for i := 0; i < len(s); {
		if len(s)-i >= 8 {
			w := load8(s[i:])
			store8(dst[n:], w)
			x := w ^ '\\'*ones
			stop := (x - ones) &^ x & highs
			if stop == 0 {
				i, n = i+8, n+8
				continue
			}
			k := bits.TrailingZeros64(stop) >> 3
			i, n = i+k, n+k
		}
		switch c := s[i]; {
		case c != '\\':
			dst[n] = c
			i, n = i+1, n+1
		case s[i+1] != 'u':
			dst[n] = short[s[i+1]]
			i, n = i+2, n+1
		default:
			size := escapeLen(s[i:])
			n += utf8.EncodeRune(dst[n:], escapeRune(s[i:i+size]))
			i += size
		}
	}
	return dst[:n]
}

func store8(b []byte, w uint64) {
	_ = b[7]
	b[0], b[1], b[2], b[3] = byte(w), byte(w>>8), byte(w>>16), byte(w>>24)
	b[4], b[5], b[6], b[7] = byte(w>>32), byte(w>>40), byte(w>>48), byte(w>>56)
}

// escapeRune decodes one valid escape.
func escapeRune(e []byte) rune {
	switch len(e) {
	case 12:
		return utf16.DecodeRune(hex4(e[2:]), hex4(e[8:]))
	case 6:
		return hex4(e[2:])
	}
	return rune(short[e[1]])
}

// word reads true, false, null or a number and returns it as written.
func (x *lexer) word() (w []byte, ok bool) {
	at, n := x.i, 0
	if at >= len(x.b) {
		return nil, x.fail(Invalid, at, "the body ends too early; send the whole body")
	}
	switch c := x.b[at]; {
	case c == 't':
		n = prefixLen(x.b[at:], "true")
	case c == 'f':
		n = prefixLen(x.b[at:], "false")
	case c == 'n':
		n = prefixLen(x.b[at:], "null")
	case c == '-' || c-'0' < 10:
		n = numberLen(x.b[at:])
	}
	if n == 0 {
		return nil, x.fail(Invalid, at, "this is not JSON; send strict JSON without comments, trailing commas or NaN")
	}
	x.i += n
	return x.b[at:x.i], true
}

func prefixLen(b []byte, word string) int {
	if len(b) >= len(word) && string(b[:len(word)]) == word {
		return len(word)
	}
	return 0
}

// numberLen returns the length of the JSON number at the start of b, or 0.
func numberLen(b []byte) int {
	i := 0
	if b[0] == '-' {
		i++
	}
	whole := digits(b[i:])
	if whole == 0 || (whole > 1 && b[i] == '0') {
		return 0
	}
	i += whole
	if i < len(b) && b[i] == '.' {
		n := digits(b[i+1:])
		if n == 0 {
			return 0
		}
		i += 1 + n
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		n := digits(b[i:])
		if n == 0 {
			return 0
		}
		i += n
	}
	return i
}

func digits(b []byte) int {
	n := 0
	for n < len(b) && b[n]-'0' < 10 {
		n++
	}
	return n
}
