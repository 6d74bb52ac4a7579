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
	r, size := utf8.DecodeRune(text[i:])
	switch kindOf(r) {
	case runeLetter:
		return wideWord(text, i, t), true
	case runeSingle:
		h := runeHash(uint32(r))
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
			r, s := utf8.DecodeRune(text[i:])
			if r < 0x80 || kindOf(r) != runeLetter {
				break
			}
			h, size = runeHash(uint32(r)), s
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
