package llm

import (
	"bytes"
	"errors"
	"unicode/utf8"
)

// Edit gives a text another value.
type Edit struct {
	// Text is from the Request that Parse filled from the body.
	Text  Text
	Value []byte
}

// The errors of Rewrite.
var (
	// ErrOverlap is two edits of one place.
	ErrOverlap = errors.New("two edits change the same text")
	// ErrPlace is a text that is not from this body.
	ErrPlace = errors.New("an edit is for a text of another body")
	// ErrValue is a value that cannot stand where it should: it is not UTF-8, or
	// it would end a part of an upload.
	ErrValue = errors.New("the new value of a text cannot stand in this body")
)

// Rewrite appends body to dst with the values of some texts replaced, and leaves
// every other byte as it is. Where a value is its old one with parts taken out,
// the rest of the text keeps its spelling too. The order of edits is free.
func Rewrite(dst, body []byte, edits []Edit) ([]byte, error) {
	sort(edits)
	start, at := len(dst), 0
	for _, e := range edits {
		t := e.Text
		switch {
		case t.Start < 0 || t.End > len(body) || t.Start > t.End || (t.form <= jsonBase64 && !quoted(body[t.Start:t.End])):
			return dst[:start], ErrPlace
		case t.Start < at:
			return dst[:start], ErrOverlap
		case !utf8.Valid(e.Value):
			return dst[:start], ErrValue
		}
		dst = append(dst, body[at:t.Start]...)
		ok := true
		if dst, ok = write(dst, t, body[t.Start:t.End], e.Value); !ok {
			return dst[:start], ErrValue
		}
		at = t.End
	}
	return append(dst, body[at:]...), nil
}

// sort puts edits in the order of the body. They mostly are, but for files.
func sort(edits []Edit) {
	for i := range edits {
		for j := i; j > 0 && edits[j].Text.Start < edits[j-1].Text.Start; j-- {
			edits[j], edits[j-1] = edits[j-1], edits[j]
		}
	}
}

func quoted(s []byte) bool { return len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' }

// write appends value in the form of t, which stood as old.
func write(dst []byte, t Text, old, value []byte) ([]byte, bool) {
	switch t.form {
	case jsonString:
		dst = append(dst, '"')
		dst = escapeLike(dst, old[1:len(old)-1], value)
		return append(dst, '"'), true
	case jsonBase64:
		text := unescape(nil, old[1:len(old)-1])
		_, data, _ := cutDataURL(text)
		dst = append(dst, '"')
		dst = escapeLike(dst, old[1:len(old)-1], text[:len(text)-len(data)])
		return append(encode64(dst, value, bytes.ContainsAny(data, "-_")), '"'), true
	case urlEncoded:
		return percentEncode(dst, value), true
	case uploaded:
		if t.Path.req == nil || bytes.HasPrefix(value, t.Path.req.delimiter[2:]) || bytes.Contains(value, t.Path.req.delimiter) {
			return dst, false
		}
	}
	return append(dst, value...), true
}

// escapeLike appends value as the content of a JSON string. As long as value is
// old with parts taken out, it copies old's own spelling.
func escapeLike(dst, old, value []byte) []byte {
	start, rest := len(dst), value
	var buf [4]byte
	for len(old) > 0 && len(rest) > 0 {
		n, unit := 1, old[:1]
		switch {
		case old[0] == '\\':
			if n = escapeLen(old); n == 0 {
				return escape(dst[:start], value)
			}
			unit = utf8.AppendRune(buf[:0], escapeRune(old[:n]))
		case old[0] >= utf8.RuneSelf:
			_, n = utf8.DecodeRune(old)
			unit = old[:n]
		}
		if bytes.HasPrefix(rest, unit) {
			dst, rest = append(dst, old[:n]...), rest[len(unit):]
		}
		old = old[n:]
	}
	if len(rest) > 0 {
		return escape(dst[:start], value)
	}
	return dst
}

// escape appends s, which is UTF-8, as the content of a JSON string.
func escape(dst, s []byte) []byte {
	const digits = "0123456789abcdef"
	for len(s) > 0 {
		n := plainRun(s)
		dst = append(dst, s[:n]...)
		if s = s[n:]; len(s) == 0 {
			break
		}
		switch c := s[0]; c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		default:
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
		s = s[1:]
	}
	return dst
}

const (
	standard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	forURLs  = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
)

// encode64 appends s in padded base64 of either alphabet.
func encode64(dst, s []byte, inURL bool) []byte {
	alphabet := standard
	if inURL {
		alphabet = forURLs
	}
	for ; len(s) >= 3; s = s[3:] {
		v := uint(s[0])<<16 | uint(s[1])<<8 | uint(s[2])
		dst = append(dst, alphabet[v>>18], alphabet[v>>12&63], alphabet[v>>6&63], alphabet[v&63])
	}
	switch len(s) {
	case 1:
		return append(dst, alphabet[s[0]>>2], alphabet[s[0]&3<<4], '=', '=')
	case 2:
		return append(dst, alphabet[s[0]>>2], alphabet[s[0]&3<<4|s[1]>>4], alphabet[s[1]&15<<2], '=')
	}
	return dst
}
