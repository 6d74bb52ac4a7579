package decode

import (
	"bytes"
	"unicode/utf8"
)

// Escape is a way to write characters by their numbers.
type Escape uint8

const (
	Percent Escape = iota // %41
	Entity                // &#65; &#x41; &lt;
	Slash                 // \u0041 \x41 \U00000041 \101 \n
	Quoted                // =41, and = at the end of a line
	Escapes               // how many there are
)

// leads are the characters that escapes begin with.
var leads = [Escapes]byte{Percent: '%', Entity: '&', Slash: '\\', Quoted: '='}

// Kinds is a set of kinds of escapes.
type Kinds uint8

// Has tells whether kind is in k.
func (k Kinds) Has(kind Escape) bool { return k>>kind&1 != 0 }

// least is how many escapes of a kind make it worth resolving them: code has
// "a=20" that is none.
var least = [Escapes]int{Percent: 1, Entity: 1, Slash: 1, Quoted: 3}

// Escaped returns the kinds of escapes that hide something in text, letters or
// marks: not those that only stand for white space or a quote. It stops to
// count where there are enough.
func Escaped(text []byte) (found Kinds) {
	for kind, lead := range leads {
		n := 0
		for i := 0; n < least[kind]; i++ {
			next := bytes.IndexByte(text[i:], lead)
			if next < 0 {
				break
			}
			i += next
			r, size, _ := escape(text, i)
			if size > 2 && r > ' ' && (Escape(kind) != Quoted || letterOf(r) && !digitAt(text, i+size)) {
				n++
			}
		}
		if n == least[kind] {
			found |= 1 << kind
		}
	}
	return found
}

// letterOf tells whether a letter is written as the byte r; pages have many
// sizes, as in width=40.
func letterOf(r rune) bool { return r|0x20 >= 'a' && r|0x20 <= 'z' || r >= 0x80 }

func digitAt(text []byte, i int) bool { return i < len(text) && text[i]-'0' <= 9 }

// Unescape appends text with every escape of the given kinds resolved. It tells
// the kind that most were of.
func Unescape(dst, text []byte, kinds Kinds) (out []byte, kind Escape) {
	var count [Escapes]int
	start := len(dst)
	for i := 0; i < len(text); {
		r, size, k := escape(text, i)
		if size == 0 || !kinds.Has(k) {
			dst = append(dst, text[i])
			i++
			continue
		}
		i += size
		count[k]++
		switch {
		case r == nothing:
		case k == Percent || k == Quoted:
			dst = append(dst, byte(r)) // bytes of UTF-8, one by one
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	if count[Percent] > 0 {
		spaces(dst[start:])
	}
	return dst, most[Escape](count[:])
}

// spaces puts a space for each plus sign, as queries of URLs have it.
func spaces(b []byte) {
	for i, c := range b {
		if c == '+' {
			b[i] = ' '
		}
	}
}

// nothing stands for an escape without a character: a soft line break.
const nothing = -1

// escape reads the escape at text[i]. Its size is 0 if there is none.
func escape(text []byte, i int) (r rune, size int, kind Escape) {
	switch text[i] {
	case '%':
		if c, ok := hexByte(text, i+1); ok {
			return rune(c), 3, Percent
		}
	case '=':
		if c, ok := hexByte(text, i+1); ok {
			return rune(c), 3, Quoted
		}
		if i+1 < len(text) && text[i+1] == '\n' {
			return nothing, 2, Quoted
		}
		if i+2 < len(text) && text[i+1] == '\r' && text[i+2] == '\n' {
			return nothing, 3, Quoted
		}
	case '&':
		r, size = entity(text, i)
		return r, size, Entity
	case '\\':
		r, size = slash(text, i)
		return r, size, Slash
	}
	return 0, 0, 0
}

// slash reads a backslash escape.
func slash(text []byte, i int) (rune, int) {
	if i+1 >= len(text) {
		return 0, 0
	}
	switch c := text[i+1]; {
	case c == 'n' || c == 'r' || c == 't':
		return ' ', 2
	case c == 'x':
		return number(text, i+2, 2, 2, 16, 2)
	case c == 'u' && i+2 < len(text) && text[i+2] == '{':
		r, size := number(text, i+3, 1, 6, 16, 3)
		if size == 0 || i+size >= len(text) || text[i+size] != '}' {
			return 0, 0
		}
		return r, size + 1
	case c == 'u':
		return surrogates(text, i)
	case c == 'U':
		return number(text, i+2, 8, 8, 16, 2)
	case c >= '0' && c <= '3':
		return number(text, i+1, 3, 3, 8, 1)
	case c == '"' || c == '\'' || c == '\\' || c == '/':
		return rune(c), 2
	}
	return 0, 0
}

// surrogates reads \u0041, or two of them that make one character.
func surrogates(text []byte, i int) (rune, int) {
	r, size := digits(text, i+2, 4, 4, 16)
	if size == 0 {
		return 0, 0
	}
	if r >= 0xD800 && r < 0xDC00 && i+7 < len(text) && text[i+6] == '\\' && text[i+7] == 'u' {
		if low, n := digits(text, i+8, 4, 4, 16); n != 0 && low >= 0xDC00 && low < 0xE000 {
			return (r-0xD800)<<10 + (low - 0xDC00) + 0x10000, 12
		}
	}
	return r, 6
}

// number reads digits behind skip bytes of introduction and counts these in.
func number(text []byte, i, least, most, base, skip int) (rune, int) {
	r, n := digits(text, i, least, most, base)
	if n == 0 || r > utf8.MaxRune {
		return 0, 0
	}
	return r, n + skip
}

// digits reads least to most digits of a base from text[i] on.
func digits(text []byte, i, least, most, base int) (r rune, n int) {
	for n < most && i+n < len(text) {
		v := hexValue(text[i+n])
		if v < 0 || v >= base {
			break
		}
		r = r*rune(base) + rune(v)
		n++
	}
	if n < least {
		return 0, 0
	}
	return r, n
}

// entities are the named entities that hide marks or letters.
var entities = []struct {
	name string
	r    rune
}{
	{"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}, {"nbsp", ' '},
	{"Tab", ' '}, {"NewLine", '\n'}, {"excl", '!'}, {"colon", ':'}, {"comma", ','},
	{"period", '.'}, {"lpar", '('}, {"rpar", ')'}, {"lsqb", '['}, {"rsqb", ']'},
	{"lbrack", '['}, {"rbrack", ']'}, {"lcub", '{'}, {"rcub", '}'}, {"vert", '|'},
	{"verbar", '|'}, {"num", '#'}, {"sol", '/'}, {"bsol", '\\'}, {"lowbar", '_'},
	{"hyphen", '-'}, {"shy", 0xAD}, {"ZeroWidthSpace", 0x200B}, {"zwj", 0x200D}, {"zwnj", 0x200C},
}

// entity reads an HTML entity. The semicolon of a numeric one may be missing.
func entity(text []byte, i int) (rune, int) {
	if i+2 >= len(text) {
		return 0, 0
	}
	if text[i+1] == '#' {
		base, at, skip := 10, i+2, 2
		if text[at]|0x20 == 'x' {
			base, at, skip = 16, i+3, 3
		}
		r, size := number(text, at, 1, 7, base, skip)
		if size != 0 && i+size < len(text) && text[i+size] == ';' {
			size++
		}
		return r, size
	}
	for _, e := range entities {
		end := i + 1 + len(e.name)
		if end < len(text) && text[end] == ';' && string(text[i+1:end]) == e.name {
			return e.r, end + 1 - i
		}
	}
	return 0, 0
}
