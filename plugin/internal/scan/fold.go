package scan

import (
	"unicode"
	"unicode/utf8"
)

// fold appends text to dst in lower case, without invisible characters and
// with full-width forms as ASCII.
func fold(dst, text []byte) []byte {
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			i++
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			dst = append(dst, c)
			continue
		}
		r, n := utf8.DecodeRune(text[i:])
		i += n
		if r = foldRune(r); r >= 0 {
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}

// foldRune returns the folded r, or -1 for a character nobody sees.
func foldRune(r rune) rune {
	switch {
	case r >= 0xFF01 && r <= 0xFF5E:
		return unicode.ToLower(r - 0xFF01 + '!')
	case r >= 0x1D400 && r <= 0x1D6A3: // mathematical letters, 52 to an alphabet
		return 'a' + (r-0x1D400)%26
	case r == 0xAD, r == 0x34F, r == 0xFEFF, r >= 0x200B && r <= 0x200F,
		r >= 0x202A && r <= 0x202E, r >= 0x2060 && r <= 0x206F,
		r >= 0xFE00 && r <= 0xFE0F, r >= 0xE0100 && r <= 0xE01EF:
		return -1
	case r >= 0xE0020 && r <= 0xE007E: // tag characters spell out ASCII
		return unicode.ToLower(r - 0xE0000)
	}
	if unicode.IsSpace(r) {
		return ' '
	}
	return unicode.ToLower(r)
}
