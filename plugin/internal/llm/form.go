package llm

import (
	"bytes"
	"unicode/utf8"
)

// fields yields every value of a URL-encoded form, and every long key. Values
// are the user's: a form is what a person fills in.
func (w *walker) fields() bool {
	for lo := 0; lo < len(w.b); {
		hi := len(w.b)
		if n := bytes.IndexByte(w.b[lo:], '&'); n >= 0 {
			hi = lo + n
		}
		eq := hi
		if n := bytes.IndexByte(w.b[lo:hi], '='); n >= 0 {
			eq = lo + n
		}
		if eq-lo >= minKey && !w.field(lo, lo, eq) {
			return false
		}
		if eq < hi && !w.field(lo, eq+1, hi) {
			return false
		}
		lo = hi + 1
	}
	return true
}

// field yields b[lo:hi] decoded; its key starts at the byte at.
func (w *walker) field(at, lo, hi int) bool {
	v := w.b[lo:hi:hi]
	if bytes.IndexByte(v, '%') >= 0 || bytes.IndexByte(v, '+') >= 0 {
		n := len(w.req.arena)
		w.req.arena = percentDecode(w.req.arena, v)
		v = w.req.arena[n:len(w.req.arena):len(w.req.arena)]
	}
	if !utf8.Valid(v) {
		return w.refuse(NotUTF8, "a form field is not UTF-8; send UTF-8")
	}
	return w.yield(Text{Role: User, Value: v, Start: lo, End: hi, form: urlEncoded,
		Path: Path{w.req, int32(at), urlEncoded}})
}

// percentDecode appends s decoded to dst. A percent sign without two digits
// stands for itself, as it does for most servers.
func percentDecode(dst, s []byte) []byte {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '+' {
			c = ' '
		} else if c == '%' && i+2 < len(s) && unhex(s[i+1]) < 16 && unhex(s[i+2]) < 16 {
			c = unhex(s[i+1])<<4 | unhex(s[i+2])
			i += 2
		}
		dst = append(dst, c)
	}
	return dst
}

// percentEncode appends s to dst so that percentDecode gives it back.
func percentEncode(dst, s []byte) []byte {
	const digits = "0123456789ABCDEF"
	for _, c := range s {
		switch {
		case c == ' ':
			dst = append(dst, '+')
		case c|0x20-'a' < 26, c-'0' < 10, c == '-', c == '_', c == '.', c == '*':
			dst = append(dst, c)
		default:
			dst = append(dst, '%', digits[c>>4], digits[c&15])
		}
	}
	return dst
}

// keyAt returns the key of a form field that starts at the byte at.
func keyAt(b []byte, at int) []byte {
	key := b[at:]
	if i := bytes.IndexAny(key, "=&"); i >= 0 {
		key = key[:i]
	}
	return key
}
