// Package decode undoes the disguises of a text. Each function reads a text
// once, appends what it makes of it to dst, never more bytes than it read, and
// says how many places it changed: with none there is nothing to look at.
package decode

import "unicode/utf8"

// printable tells whether decoded bytes look like text: UTF-8 without control
// characters other than white space. Zero bytes are let pass and left out, so
// that UTF-16 of ASCII reads as ASCII. It returns the text, in place of b.
func printable(b []byte) ([]byte, bool) {
	out := b[:0]
	for i := 0; i < len(b); {
		c := b[i]
		if c < utf8.RuneSelf {
			if c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != 0 || c == 0x7F {
				return nil, false
			}
			if c != 0 {
				out = append(out, c)
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 || r < 0xA0 {
			return nil, false
		}
		out = append(out, b[i:i+n]...)
		i += n
	}
	return out, len(out) > 0 && 2*len(out) >= len(b)
}

// most returns the kind that was counted most often; of equal ones the first.
func most[K ~uint8](count []int) (kind K) {
	for k, n := range count {
		if n > count[kind] {
			kind = K(k)
		}
	}
	return kind
}

// hexValue returns the value of a hexadecimal digit, or -1.
func hexValue(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// hexByte returns the byte that two hexadecimal digits at b[i] spell.
func hexByte(b []byte, i int) (byte, bool) {
	if i+1 >= len(b) {
		return 0, false
	}
	hi, lo := hexValue(b[i]), hexValue(b[i+1])
	return byte(hi<<4 | lo), hi >= 0 && lo >= 0
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isWord tells whether c is part of a word: a letter, a digit, or a byte of a
// character outside ASCII.
func isWord(c byte) bool { return isLetter(c) || isDigit(c) || c >= utf8.RuneSelf }
