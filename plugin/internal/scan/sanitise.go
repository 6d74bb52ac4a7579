package scan

import (
	"unicode/utf8"

	"github.com/sparkward/sparkward/plugin/internal/scan/fold"
)

// Sanitise appends text without the characters that a reader does not see:
// control characters other than tab, line feed and carriage return; zero-width
// and other invisible characters; direction marks and overrides; Unicode tags;
// stray variation selectors; bytes that are not UTF-8, which could become one of
// these when what is between them goes. Every other byte stays as it is. It
// returns how many characters were left out.
//
// What common writing needs stays: joiners within an emoji, or between letters
// of scripts that shape their letters by them (Arabic, Persian, those of
// India, ...); the selector that makes a symbol an emoji or a plain one, or
// picks a form of a Han character, once behind it; the tags of the three flags
// that have some.
func Sanitise(dst, text []byte) ([]byte, int) {
	removed := 0
	prev := rune(-1) // last character kept
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			if c >= ' ' && c != 0x7F || c == '\t' || c == '\n' || c == '\r' {
				dst, prev = append(dst, c), rune(c)
			} else {
				removed++
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(text[i:])
		if flag := flagTags(text[i:], r); flag > 0 {
			n = flag
		} else if hidden(r, n) && !needed(r, prev, text[i+n:]) {
			removed++
			i += n
			continue
		}
		dst, prev = append(dst, text[i:i+n]...), r
		i += n
	}
	return dst, removed
}

// hidden tells whether r, of n bytes, is not seen, or is no character.
func hidden(r rune, n int) bool {
	return r < 0xA0 || r == utf8.RuneError && n == 1 || fold.Invisible(r)
}

const (
	zwnj    = 0x200C
	zwj     = 0x200D
	textual = 0xFE0E // asks for the plain form of a symbol
	emoji   = 0xFE0F // asks for its emoji
)

// needed tells whether the invisible r has work to do between prev and what
// follows.
func needed(r, prev rune, rest []byte) bool {
	next, _ := utf8.DecodeRune(rest)
	switch {
	case r == zwj && (isEmoji(prev) || prev == emoji) && isEmoji(next):
		return true
	case r == zwj || r == zwnj:
		return shaped(prev) && shaped(next)
	case r == textual || r == emoji:
		return isEmoji(prev) || prev >= '0' && prev <= '9' || prev == '#' || prev == '*'
	case r >= 0xFE00 && r <= 0xFE02 || r >= 0xE0100 && r <= 0xE01EF:
		return isHan(prev)
	case r >= 0x180B && r <= 0x180F:
		return prev >= 0x1820 && prev <= 0x18AA // Mongolian
	}
	return false
}

// isEmoji tells whether r is, or may be shown as, an emoji.
func isEmoji(r rune) bool {
	switch {
	case r >= 0x1F000 && r <= 0x1FAFF, r >= 0x2190 && r <= 0x21FF, r >= 0x2300 && r <= 0x23FF,
		r >= 0x2460 && r <= 0x24FF, r >= 0x25A0 && r <= 0x27BF, r >= 0x2900 && r <= 0x297F,
		r >= 0x2B00 && r <= 0x2BFF:
		return true
	case r == 0xA9, r == 0xAE, r == 0x203C, r == 0x2049, r == 0x2122, r == 0x2139,
		r == 0x20E3, r == 0x3030, r == 0x303D, r == 0x3297, r == 0x3299:
		return true
	}
	return false
}

// shaped tells whether r is of a script whose letters joiners shape.
func shaped(r rune) bool {
	return r >= 0x0600 && r <= 0x08FF || // Arabic, Syriac, Thaana, N'Ko
		r >= 0x0900 && r <= 0x0DFF || // scripts of India
		r >= 0x0F00 && r <= 0x109F || // Tibetan, Myanmar
		r >= 0x1780 && r <= 0x18AF || // Khmer, Mongolian
		r >= 0xFB50 && r <= 0xFDFF || r >= 0xFE70 && r <= 0xFEFC
}

func isHan(r rune) bool {
	return r >= 0x3400 && r <= 0x9FFF || r >= 0xF900 && r <= 0xFAFF || r >= 0x20000 && r <= 0x3FFFF
}

// flags are the flags of parts of a country that are in general use: England,
// Scotland and Wales.
var flags = [...]string{"gbeng", "gbsct", "gbwls"}

// flagTags returns the length of the flag that text begins with, whose first
// character is r, if it is one that is spelled by tags, or 0.
func flagTags(text []byte, r rune) int {
	if r != 0x1F3F4 {
		return 0
	}
	for _, f := range flags {
		n := utf8.RuneLen(r)
		for _, c := range []byte(f + "\x7f") {
			if t, size := utf8.DecodeRune(text[n:]); t == 0xE0000+rune(c) {
				n += size
			} else {
				n = len(text) + 1
				break
			}
		}
		if n <= len(text) {
			return n
		}
	}
	return 0
}
