// Package fold brings a text into the one form that rules and model read:
// UTF-8, lower case, compatibility forms and accents resolved, characters that
// nobody sees left out, white space in runs of one.
//
// What remains outside ASCII is letters, marks and digits; every other
// character outside ASCII has become an ASCII one. A run of white space is one
// space, or one line feed if it held one.
package fold

import (
	"encoding/binary"
	"slices"
	"unicode/utf8"
)

// Signs counts what Append met that a reader of the text would not see.
type Signs struct {
	Control   int // control characters other than tab, line feed, carriage return
	Invisible int // zero-width and other default-ignorable characters
	Bidi      int // direction overrides, embeddings and isolates
	Tags      int // Unicode tag characters, which spell out ASCII
	Selectors int // variation selectors
	Invalid   int // bytes that are not UTF-8
}

// partSize is how many bytes of text are a part, or a few more.
const partSize = 128

// PartAt returns where part n of text begins; past the last one it is where
// text ends. A part ends with a character.
func PartAt(text []byte, n int) int {
	at := min(n*partSize, len(text))
	for most := at + utf8.UTFMax - 1; at > 0 && at < min(len(text), most) && !utf8.RuneStart(text[at]); {
		at++
	}
	return at
}

// maxGrowth is the most bytes that one byte of input becomes: the longest
// expansion over the shortest encoding it can have, rounded up.
const maxGrowth = 6

// Append appends the folded text to dst and adds to signs. It writes at most
// maxGrowth bytes for one of text.
func Append(dst, text []byte, signs *Signs) []byte {
	f := folder{out: dst, start: len(dst), last: '\n', signs: signs}
	f.text(text, 0)
	return f.out
}

// AppendParts is Append that also appends to parts, for each part of text that
// PartAt tells of, where in what it writes that part begins, and then where it
// all ends.
func AppendParts(dst, text []byte, signs *Signs, parts []int) ([]byte, []int) {
	f := folder{out: slices.Grow(dst, len(text)), start: len(dst), last: '\n', signs: signs}
	for n, i := 1, 0; i < len(text); n++ {
		parts = append(parts, len(f.out)-f.start)
		end := PartAt(text, n)
		f.text(text[:end], i)
		i = end
	}
	return f.out, append(parts, len(f.out)-f.start)
}

// AppendLookalikes is Append with letters of other alphabets read as the Latin
// letters that they look like.
func AppendLookalikes(dst, text []byte) []byte {
	var signs Signs
	f := folder{out: dst, start: len(dst), last: '\n', signs: &signs, lookalikes: true}
	f.text(text, 0)
	return f.out
}

// text folds text[i:].
func (f *folder) text(text []byte, i int) {
	for i < len(text) {
		if text[i] < utf8.RuneSelf {
			i = f.ascii(text, i)
			continue
		}
		i = f.wide(text, i)
		for first := i; i < len(text) && (text[i] >= 0xF0 || text[i] >= utf8.RuneSelf && i == first); {
			r, n := utf8.DecodeRune(text[i:])
			f.rune(r, text[i:i+n])
			i += n
		}
	}
}

type folder struct {
	out        []byte
	start      int  // where this text's output begins
	last       byte // last byte written; a line feed at the start
	lookalikes bool
	signs      *Signs
}

// ascii folds the ASCII bytes from text[i] on and returns where they end.
func (f *folder) ascii(text []byte, i int) int {
	f.out = slices.Grow(f.out, len(text)-i+8)
	for i < len(text) && text[i] < utf8.RuneSelf {
		i = f.words(text, i)
		for stop := min(i+8, len(text)); i < stop && text[i] < utf8.RuneSelf; i++ {
			f.asciiByte(text[i])
		}
	}
	return i
}

// words folds ASCII bytes from text[i] on, eight at a time, up to where less
// than eight are left or some need a closer look: control characters, line
// feeds, a second space. f.out has room for all.
func (f *folder) words(text []byte, i int) int {
	out := f.out[:cap(f.out)]
	at, space := len(f.out), uint64(0)
	if f.last <= ' ' {
		space = 0x80
	}
	for i+8 <= len(text) && at+8 <= len(out) {
		x := binary.LittleEndian.Uint64(text[i:])
		if (x|(x-0x20*ones)|(x+ones))&(0x80*ones) != 0 { // not ASCII, below a space, or 0x7F
			break
		}
		spaces := 0x80 * ones &^ ((x ^ 0x20*ones) + 0x7F*ones)
		if spaces&(spaces<<8|space) != 0 {
			break
		}
		capitals := ((x + (0x80-'A')*ones) &^ (x + (0x7F-'Z')*ones)) & (0x80 * ones)
		binary.LittleEndian.PutUint64(out[at:], x|capitals>>2)
		space = spaces >> 56
		i, at = i+8, at+8
	}
	if at > len(f.out) {
		f.last = out[at-1]
	}
	f.out = out[:at]
	return i
}

// ones has each of eight bytes 1.
const ones = 0x0101010101010101

// asciiByte folds one ASCII byte.
func (f *folder) asciiByte(c byte) {
	if c = asciiFold[c]; c == 0 {
		f.signs.Control++
		return
	}
	f.byte(c)
}

// asciiFold maps a byte to its folded form: white space to a space or a line
// feed, capitals to small letters, control characters to 0.
var asciiFold = [128]byte{
	'\t': ' ', '\n': '\n', '\v': '\n', '\f': '\n', '\r': '\n', ' ': ' ',
	'!': '!', '"': '"', '#': '#', '$': '$', '%': '%', '&': '&', '\'': '\'',
	'(': '(', ')': ')', '*': '*', '+': '+', ',': ',', '-': '-', '.': '.', '/': '/',
	'0': '0', '1': '1', '2': '2', '3': '3', '4': '4',
	'5': '5', '6': '6', '7': '7', '8': '8', '9': '9',
	':': ':', ';': ';', '<': '<', '=': '=', '>': '>', '?': '?', '@': '@',
	'A': 'a', 'B': 'b', 'C': 'c', 'D': 'd', 'E': 'e', 'F': 'f', 'G': 'g',
	'H': 'h', 'I': 'i', 'J': 'j', 'K': 'k', 'L': 'l', 'M': 'm', 'N': 'n',
	'O': 'o', 'P': 'p', 'Q': 'q', 'R': 'r', 'S': 's', 'T': 't', 'U': 'u',
	'V': 'v', 'W': 'w', 'X': 'x', 'Y': 'y', 'Z': 'z',
	'[': '[', '\\': '\\', ']': ']', '^': '^', '_': '_', '`': '`',
	'a': 'a', 'b': 'b', 'c': 'c', 'd': 'd', 'e': 'e', 'f': 'f', 'g': 'g',
	'h': 'h', 'i': 'i', 'j': 'j', 'k': 'k', 'l': 'l', 'm': 'm', 'n': 'n',
	'o': 'o', 'p': 'p', 'q': 'q', 'r': 'r', 's': 's', 't': 't', 'u': 'u',
	'v': 'v', 'w': 'w', 'x': 'x', 'y': 'y', 'z': 'z',
	'{': '{', '|': '|', '}': '}', '~': '~',
}

// wide folds characters of two or three bytes from text[i] on, up to one that
// rune has to look at: most letters stay or become one other letter.
func (f *folder) wide(text []byte, i int) int {
	if f.lookalikes {
		return i
	}
	f.out = slices.Grow(f.out, len(text)-i+8)
	out := f.out[:cap(f.out)]
	at := len(f.out)
	for i+4 <= len(text) && at+4 <= len(out) {
		p, to := (*[4]byte)(text[i:]), (*[4]byte)(out[at:])
		c0, c1, c2 := uint(p[0]), uint(p[1]), uint(p[2])
		r, n := c0&0x0F<<12|c1&0x3F<<6|c2&0x3F, 3
		if c0 < 0xE0 {
			if c0 < utf8.RuneSelf {
				if c1|c2 < utf8.RuneSelf || c0 < ' ' || c0 == 0x7F || c0 == ' ' && (at == f.start || out[at-1] <= ' ') {
					break
				}
				to[0] = asciiFold[c0]
				i, at = i+1, at+1
				continue
			}
			if c0 < 0xC2 || c1>>6 != 2 {
				break
			}
			r, n = c0&0x1F<<6|c1&0x3F, 2
		} else if (c1|c2)>>6 != 2 || c1&c2 < 0x80 || r < 0x800 || c0 == 0xED || c0 >= 0xF0 || r>>8 == 0x11 {
			break
		}
		m := uint(pages[int(pageAt[r>>6&0x3FF])<<6|int(r&63)])
		if m == same {
			*to = *p // what is one too many is written over
			i, at = i+n, at+n
			continue
		}
		switch {
		case m == drop:
			f.count(rune(r))
		case m > ' ' && m < utf8.RuneSelf:
			to[0] = byte(m)
			at++
		case m >= utf8.RuneSelf && m < 0x800:
			to[0], to[1] = 0xC0|byte(m>>6), 0x80|byte(m&0x3F)
			at += 2
		default:
			n = 0
		}
		if n == 0 {
			break
		}
		i += n
	}
	if at > len(f.out) {
		f.last = out[at-1]
	}
	f.out = out[:at]
	return i
}

// rune folds one character outside ASCII; raw is its encoding.
func (f *folder) rune(r rune, raw []byte) {
	if r == utf8.RuneError && len(raw) == 1 {
		f.signs.Invalid++
		return
	}
	m := lookup(r)
	if f.lookalikes {
		if c := lookalike(r, m); c != 0 {
			m = uint16(c)
		}
	}
	switch {
	case m == same:
		if r>>8 == 0x11 && f.jamo(r) {
			return
		}
		f.out = append(f.out, raw...)
		f.last = raw[len(raw)-1]
	case m == drop:
		f.count(r)
	case m < utf8.RuneSelf:
		f.byte(byte(m))
	case m >= firstExpansion && m < firstExpansion+numExpansions:
		k := m - firstExpansion
		for _, c := range []byte(expansions[expansionAt[k]:expansionAt[k+1]]) {
			f.byte(c)
		}
	default:
		f.out = utf8.AppendRune(f.out, rune(m))
		f.last = f.out[len(f.out)-1]
	}
}

// byte writes c, joining white space.
func (f *folder) byte(c byte) {
	if c <= ' ' && f.last <= ' ' {
		if c == '\n' && f.last == ' ' {
			f.out[len(f.out)-1], f.last = c, c
		}
		return
	}
	f.out, f.last = append(f.out, c), c
}

// lookup returns what r becomes: same, drop, a code point or an expansion.
func lookup(r rune) uint16 {
	if r < 0x20000 {
		return pages[int(pageAt[r>>6])<<6|int(r&63)]
	}
	if r >= 0xE0000 {
		return drop // tags, selectors and private use
	}
	return same
}

// lookalike returns the Latin letter that r looks like, or 0. Capitals are
// looked up as such; any other letter also by what it folds to.
func lookalike(r rune, folded uint16) byte {
	if c := findLookalike(r); c != 0 || folded <= drop || folded < utf8.RuneSelf {
		return c
	}
	return findLookalike(rune(folded))
}

func findLookalike(r rune) byte {
	lo, hi := 0, len(lookalikeRunes)
	for lo < hi {
		mid := (lo + hi) / 2
		if rune(lookalikeRunes[mid]) < r {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(lookalikeRunes) && rune(lookalikeRunes[lo]) == r {
		return lookalikeTo[lo]
	}
	return 0
}

// count notes a dropped character.
func (f *folder) count(r rune) {
	switch {
	case r < 0xA0:
		f.signs.Control++
	case r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069:
		f.signs.Bidi++
	case r >= 0xFE00 && r <= 0xFE0F, r >= 0xE0100 && r <= 0xE01EF:
		f.signs.Selectors++
	case r >= 0xE0000 && r <= 0xE007F:
		f.signs.Tags++
	case Invisible(r):
		f.signs.Invisible++
	}
}

// jamo joins r, a Hangul vowel or final consonant, to the syllable before it,
// so that decomposed Korean reads as composed. It tells whether it did.
func (f *folder) jamo(r rune) bool {
	prev, n := utf8.DecodeLastRune(f.out[f.start:])
	switch {
	case r >= 0x1161 && r <= 0x1175 && prev >= 0x1100 && prev <= 0x1112:
		prev = 0xAC00 + ((prev-0x1100)*21+(r-0x1161))*28
	case r >= 0x11A8 && r <= 0x11C2 && prev >= 0xAC00 && prev <= 0xD7A3 && (prev-0xAC00)%28 == 0:
		prev += r - 0x11A7
	default:
		return false
	}
	f.out = utf8.AppendRune(f.out[:len(f.out)-n], prev)
	f.last = f.out[len(f.out)-1]
	return true
}
