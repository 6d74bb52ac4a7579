package llm

import (
	"bytes"
	"unicode/utf8"
)

// sextets maps both alphabets of base64 to their values. Line breaks are skip, '=' is pad, all others are bad.
var sextets = newSextets()

const (
	skip = 64 + iota
	pad
	bad
)

func newSextets() (t [256]byte) {
	for i := range t {
		t[i] = bad
	}
	for i, c := range []byte(standard) {
		t[c] = byte(i)
	}
	t['-'], t['_'] = 62, 63
	t['\r'], t['\n'] = skip, skip // not a space: "Meet me at noon" is no base64
	t['='] = pad
	return t
}

// isBase64 reports whether s is base64 in either alphabet, padded or not, with
// or without line breaks. What is shorter than four characters is not.
func isBase64(s []byte) bool {
	n, pads := 0, 0
	for len(s) > 0 {
		if len(s) >= 8 && pads == 0 && sextets[s[0]]|sextets[s[1]]|sextets[s[2]]|sextets[s[3]]|
			sextets[s[4]]|sextets[s[5]]|sextets[s[6]]|sextets[s[7]] < skip {
			n, s = n+8, s[8:]
			continue
		}
		switch v := sextets[s[0]]; {
		case v == bad || (v < skip && pads > 0):
			return false
		case v == pad:
			pads++
		case v < skip:
			n++
		}
		s = s[1:]
	}
	return n >= 4 && n%4 != 1 && pads <= 2
}

// decode64 appends what s, for which isBase64 holds, stands for.
func decode64(dst, s []byte) []byte {
	var bits uint32
	n := 0
	for _, c := range s {
		v := sextets[c]
		if v >= skip {
			continue
		}
		bits = bits<<6 | uint32(v)
		if n++; n == 4 {
			dst = append(dst, byte(bits>>16), byte(bits>>8), byte(bits))
			bits, n = 0, 0
		}
	}
	switch n {
	case 2:
		dst = append(dst, byte(bits>>4))
	case 3:
		dst = append(dst, byte(bits>>10), byte(bits>>2))
	}
	return dst
}

// looksText reports whether base64 begins like a text: UTF-8 without control
// characters. A PDF begins like one and is none.
func looksText(s []byte) bool {
	var buf [head]byte
	v := decode64(buf[:0], s[:min(len(s), head)])
	if bytes.HasPrefix(v, []byte("%PDF-")) {
		return false
	}
	for len(v) > 0 {
		r, n := utf8.DecodeRune(v)
		if r == utf8.RuneError && n == 1 {
			return len(v) < utf8.UTFMax && !utf8.FullRune(v) && len(s) > head
		}
		if (r < ' ' && r != '\n' && r != '\r' && r != '\t' && r != '\f') || r == 0x7f {
			return false
		}
		v = v[n:]
	}
	return true
}

// magics are how files start that hold no text.
var magics = [...]string{"\x89PNG\r\n", "\xff\xd8\xff", "GIF8", "RIFF", "%PDF-", "PK\x03\x04", "\x1f\x8b", "ID3", "OggS", "fLaC",
	"II*\x00", "MM\x00*", "\x1a\x45\xdf\xa3", "\x00\x00\x00"}

// isMedium reports whether base64 begins like a picture, a recording or an
// archive. The last of magics is the length of an MP4's first box.
func isMedium(s []byte) bool {
	if len(s) < minBlob {
		return false
	}
	var buf [12]byte
	v := decode64(buf[:0], s[:16])
	for _, m := range magics {
		if len(v) >= len(m) && string(v[:len(m)]) == m {
			return true
		}
	}
	return false
}
