package llm

import (
	"math/bits"
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

// plainRun returns how many bytes of b stand before the first quote, backslash
// or control character, and the bits of all bytes it went over.
func plainRun(b []byte) (n int, seen uint64) {
	for len(b)-n >= 8 {
		w := load8(b[n:])
		q, s := w^'"'*ones, w^'\\'*ones
		stop := ((w-' '*ones)&^w | (q-ones)&^q | (s-ones)&^s) & highs
		if stop != 0 {
			k := bits.TrailingZeros64(stop) &^ 7
			return n + k/8, seen | w&(1<<k-1)
		}
		seen |= w
		n += 8
	}
	for ; n < len(b) && b[n] != '"' && b[n] != '\\' && b[n] >= ' '; n++ {
		seen |= uint64(b[n])
	}
	return n, seen
}

// str reads a string at a quote and checks its escapes and its encoding.
func (x *lexer) str() (l literal, ok bool) {
	l.lo = x.i + 1
	i, seen := l.lo, uint64(0)
	for {
		n, s := plainRun(x.b[i:])
		i, seen = i+n, seen|s
		switch {
		case i >= len(x.b):
			return l, x.fail(Invalid, x.i, "this string has no end; send the whole body")
		case x.b[i] == '"':
			l.hi, x.i = i, i+1
			if seen&highs != 0 && !utf8.Valid(x.b[l.lo:l.hi]) {
				return l, x.fail(NotUTF8, l.lo-1, "this string is not UTF-8; send UTF-8")
			}
			return l, true
		case x.b[i] != '\\':
			return l, x.fail(Invalid, i, `this string holds a raw control character; write it as \n, \t or \u00XX`)
		}
		l.escaped = true
		n = escapeLen(x.b[i:])
		if n == 0 {
			return l, x.fail(Invalid, i, `this is no JSON escape, or half of a surrogate pair; write \uD83D\uDE00 or UTF-8`)
		}
		i += n
	}
}

// escapeLen returns the length of the escape at the start of b, a surrogate
// pair being one, or 0 when there is no valid one. Half a pair is refused:
// servers replace it, drop it, keep it or fail.
func escapeLen(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		r := hex4(b[2:])
		if r < 0 {
			return 0
		}
		if !utf16.IsSurrogate(r) {
			return 6
		}
		if len(b) >= 12 && b[6] == '\\' && b[7] == 'u' && utf16.DecodeRune(r, hex4(b[8:])) != utf8.RuneError {
			return 12
		}
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
	for len(s) > 0 {
		n, _ := plainRun(s)
		dst = append(dst, s[:n]...)
		if s = s[n:]; len(s) == 0 {
			break
		}
		n = escapeLen(s)
		dst = utf8.AppendRune(dst, escapeRune(s[:n]))
		s = s[n:]
	}
	return dst
}

// escapeRune decodes one valid escape.
func escapeRune(e []byte) rune {
	switch e[1] {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'u':
		if len(e) == 12 {
			return utf16.DecodeRune(hex4(e[2:]), hex4(e[8:]))
		}
		return hex4(e[2:])
	}
	return rune(e[1])
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
