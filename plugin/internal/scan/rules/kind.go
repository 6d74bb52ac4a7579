package rules

// Kinds of bytes of folded text, as bits so that those of a word can be
// joined.
const (
	kLetter  = 1 << iota // ASCII letter
	kDigit               // ASCII digit
	kAlpha               // part of a letter of another alphabet that is written with spaces
	kLook                // likewise, of one that has letters like Latin ones
	kSpread              // first byte of a character that may begin a match anywhere
	kEither              // first byte of any of the last three: the second one tells
	kSep                 // space or punctuation
	kWordEnd = kSpread | kEither | kSep
)

// kinds is indexed by a byte of folded text. Bytes 0xD7 to 0xDB begin Hebrew
// and Arabic letters, which take particles in front; 0xE3 to 0xE9 kana and Han;
// 0xEB to 0xED Hangul.
var kinds = [256]uint8{
	0x00: s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s,
	0x10: s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s,
	0x20: s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s,
	0x30: d, d, d, d, d, d, d, d, d, d, s, s, s, s, s, s,
	0x40: s, l, l, l, l, l, l, l, l, l, l, l, l, l, l, l,
	0x50: l, l, l, l, l, l, l, l, l, l, l, s, s, s, s, s,
	0x60: s, l, l, l, l, l, l, l, l, l, l, l, l, l, l, l,
	0x70: l, l, l, l, l, l, l, l, l, l, l, s, s, s, s, s,
	0x80: a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
	0x90: a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
	0xA0: a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
	0xB0: a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a,
	0xC0: a, a, a, a, a, a, k, k, k, k, k, k, a, a, k, k,
	0xD0: k, k, k, k, k, k, k, p, p, p, p, p, a, a, a, a,
	0xE0: e, e, k, p, p, p, p, p, p, p, e, p, p, p, p, p,
	0xF0: p, p, p, p, p, p, p, p, p, p, p, p, p, p, p, p,
}

const (
	s = kSep
	d = kDigit
	l = kLetter
	a = kAlpha
	k = kAlpha | kLook
	p = kSpread
	e = kEither
)

// second resolves kEither by the byte that follows: Thai, Lao, Myanmar, Khmer
// and Hangul are spread; Cherokee, Lisu, Canadian syllables and phonetic
// letters look like Latin; the scripts of India, Georgian and Ethiopic do not.
func second(lead, b byte) uint8 {
	switch {
	case lead == 0xE0 && b >= 0xB8 && b <= 0xBB,
		lead == 0xE1 && (b <= 0x81 || b >= 0x84 && b <= 0x87 || b == 0x9E || b == 0x9F),
		lead == 0xEA && (b < 0x93 || b >= 0xA9 && b <= 0xAB || b >= 0xB0):
		return kSpread
	case lead == 0xE1 && (b >= 0x8E && b <= 0x99 || b >= 0xB4 && b <= 0xB6),
		lead == 0xEA && (b == 0x93 || b >= 0x9C && b <= 0x9F || b >= 0xAC && b <= 0xAF):
		return kAlpha | kLook
	}
	return kAlpha
}

// kindAt returns the kind of the character that begins at text[i].
func kindAt(text []byte, i int) uint8 {
	kind := kinds[text[i]]
	if kind == kEither {
		if i+1 == len(text) {
			return kAlpha
		}
		return second(text[i], text[i+1])
	}
	return kind
}

// kindBefore returns the kind of the character that ends before text[i].
func kindBefore(text []byte, i int) uint8 {
	for i--; i > 0 && text[i]&0xC0 == 0x80; i-- {
	}
	return kindAt(text, i)
}

// unitsOf is the distance that a character of a spread script counts.
func unitsOf(lead byte) int32 {
	if lead >= 0xE4 && lead <= 0xE9 {
		return hanUnits
	}
	return shortUnits
}

// width returns the bytes of a character by its first.
func width(lead byte) int {
	switch {
	case lead < 0xC0:
		return 1
	case lead < 0xE0:
		return 2
	case lead < 0xF0:
		return 3
	}
	return 4
}
