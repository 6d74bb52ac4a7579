package decode

import "unicode/utf8"

// Tags appends the ASCII that Unicode tag characters spell out, which no reader
// sees.
func Tags(dst, text []byte) ([]byte, int) {
	n := 0
	// A tag character is F3 A0 80 80 and up.
	for i := 0; i+3 < len(text); i++ {
		if text[i] != 0xF3 || text[i+1] != 0xA0 {
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		if c := r - 0xE0000; size == 4 && c >= ' ' && c < 0x7F {
			dst = append(dst, byte(c))
			n++
			i += 3
		}
	}
	return dst, n
}

// Selectors appends the bytes that variation selectors spell out: the sixteen
// of U+FE00 are 0 to 15, those of U+E0100 are 16 to 255.
func Selectors(dst, text []byte) ([]byte, int) {
	start := len(dst)
	for i := 0; i+2 < len(text); i++ {
		switch {
		case text[i] == 0xEF && text[i+1] == 0xB8 && text[i+2]&0xF0 == 0x80:
			dst = append(dst, text[i+2]&0x0F)
			i += 2
		case text[i] == 0xF3 && text[i+1] == 0xA0:
			r, size := utf8.DecodeRune(text[i:])
			if c := r - 0xE0100; size == 4 && c >= 0 && c < 240 {
				dst = append(dst, byte(c+16))
				i += 3
			}
		}
	}
	read, ok := printable(dst[start:])
	if !ok {
		return dst[:start], 0
	}
	return dst[:start+len(read)], len(read)
}

// Bits appends the bytes that zero-width characters spell out as bits, the
// highest first: U+200B is 0 and U+200C or U+200D is 1, or, with flip, the
// other way round. Other characters part nothing.
func Bits(dst, text []byte, flip bool) ([]byte, int) {
	start := len(dst)
	bits, have := 0, 0
	for i := 0; i+2 < len(text); i++ {
		if text[i] != 0xE2 || text[i+1] != 0x80 || text[i+2] < 0x8B || text[i+2] > 0x8D {
			continue
		}
		bit := 1
		if (text[i+2] == 0x8B) != flip {
			bit = 0
		}
		bits = bits<<1 | bit
		i += 2
		if have++; have == 8 {
			dst = append(dst, byte(bits))
			bits, have = 0, 0
		}
	}
	read, ok := printable(dst[start:])
	if !ok {
		return dst[:start], 0
	}
	return dst[:start+len(read)], len(read)
}
