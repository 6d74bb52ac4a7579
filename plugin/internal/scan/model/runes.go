package model

import "unicode/utf8"

// Kinds of multi-byte rune.
const (
	runeGap    = iota // punctuation, symbols, broken UTF-8: ends a word
	runeLetter        // part of a word between spaces
	runeSingle        // a token of its own: scripts written without spaces
)

// kindOf sorts a code point of 0x80 or more by range. Ranges are blocks of the
// Unicode standard; a block is a letter block when most of it is.
func kindOf(r rune) int {
	switch {
	case r < 0xAA:
		return runeGap
	case r < 0x0E00:
		return runeLetter // Latin, Greek, Cyrillic, Hebrew, Arabic, Indic
	case r < 0x1100:
		return runeSingle // Thai, Lao, Tibetan, Myanmar, Georgian
	case r < 0x2000:
		return runeLetter
	case r < 0x2E80:
		return runeGap // punctuation, arrows, boxes, symbols
	case r < 0x3040:
		return runeGap // radicals, ideographic punctuation
	case r < 0xD7B0:
		return runeSingle // kana, ideographs, Hangul
	case r >= 0xF900 && r < 0xFB00:
		return runeSingle // compatibility ideographs
	case r >= 0xFB00 && r < 0xFE00, r >= 0xFE70 && r < 0xFEFF:
		return runeLetter // Arabic and Hebrew presentation forms
	case r >= 0x20000 && r < 0x32000:
		return runeSingle
	}
	return runeGap
}

// wideToken reads the multi-byte rune at i: a word, a token of its own, or
// nothing, and then found is false.
func wideToken(text []byte, i int, t *token) (after int, found bool) {
	r, size := decode(text, i)
	switch kindOf(rune(r)) {
	case runeLetter:
		return wideWord(text, i, t), true
	case runeSingle:
		h := runeHash(r)
		*t = token{h, h, i, i + size}
		return i + size, true
	}
	return i + size, false
}

// wideWord reads the word that begins at i and may hold any letters.
// Apostrophes inside it are passed over.
func wideWord(text []byte, i int, t *token) int {
	start, n := i, 0
	var sum, first, last, stem uint32
	for i < len(text) && n < wordLimit {
		h, size := letters[text[i]], 1
		if h == 0 {
			if text[i] == '\'' {
				i++
				continue
			}
			r, s := decode(text, i)
			if r < 0x80 || (r < 0xAA || r >= 0x0E00) && kindOf(rune(r)) != runeLetter {
				break
			}
			h, size = runeHash(r), s
		}
		if n == 0 {
			first = h
		}
		if n < stemLetters {
			stem = stem*stemStep + h
		}
		sum, last = sum+h, h
		n++
		i += size
	}
	*t = token{(sum + first*firstStep + last*lastStep) * finish, stem * finish, start, i}
	return i
}

// decode is utf8.DecodeRune without a call for most of the characters that
// remain outside ASCII.
func decode(text []byte, i int) (r uint32, size int) {
	if i+2 < len(text) {
		if c0, c1 := uint32(text[i]), uint32(text[i+1]); c0-0xC2 < 0xE0-0xC2 && c1>>6 == 2 {
			return c0&0x1F<<6 | c1&0x3F, 2
		}
		if r, ok := three(text[i], text[i+1], text[i+2]); ok {
			return r, 3
		}
	}
	c, size := utf8.DecodeRune(text[i:])
	return uint32(c), size
}

// three reads a character of three bytes. It leaves some of them to
// utf8.DecodeRune: those of the leads that not every second byte may follow.
func three(a, b, c byte) (r uint32, ok bool) {
	return uint32(a&0x0F)<<12 | uint32(b&0x3F)<<6 | uint32(c&0x3F), a-0xE1 < 0xF0-0xE1 && a != 0xED && b&c&0x80 != 0 && (b|c)&0x40 == 0 || a == 0xE0 && b>>5 == 5 && c>>6 == 2
}
