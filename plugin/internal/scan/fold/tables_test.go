package fold

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"sort"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

var update = flag.Bool("update", false, "write tables.go anew")

// TestTables holds tables.go to what this generator makes of the Unicode data
// in golang.org/x/text and of lookalikes.txt. go generate writes it.
func TestTables(t *testing.T) {
	want := generate(t)
	if *update {
		if err := os.WriteFile("tables.go", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile("tables.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Error("tables.go is stale: run go generate ./plugin/internal/scan/fold")
	}
}

// special holds letters that no decomposition resolves, and letters that
// several alphabets of one script write in several ways.
var special = map[rune]string{
	'ß': "ss", 'ẞ': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'đ': "d", 'ð': "d", 'þ': "th",
	'ħ': "h", 'ı': "i", 'ĸ': "k", 'ł': "l", 'ŋ': "n", 'ŧ': "t", 'ƒ': "f", 'ɓ': "b", 'ɗ': "d",
	'ƙ': "k", 'ƴ': "y", 'ɨ': "i", 'ƶ': "z", 'ƀ': "b", 'ς': "σ",
	'ک': "ك", 'ی': "ي", 'ى': "ي", 'ې': "ي", 'ة': "ه", 'ە': "ه", 'ہ': "ه", 'ھ': "ه", 'ٱ': "ا", 'ـ': "",
	'。': ".", '、': ",", '「': `"`, '」': `"`, '『': `"`, '』': `"`, '《': `"`, '》': `"`, '〈': "<", '〉': ">",
	'【': "[", '】': "]", '〔': "[", '〕': "]", '・': "*",
	'‘': "'", '’': "'", '‚': "'", '‛': "'", 'ʼ': "'", '‹': "'", '›': "'", '′': "'",
	'“': `"`, '”': `"`, '„': `"`, '‟': `"`, '«': `"`, '»': `"`, '″': `"`,
	'‐': "-", '‑': "-", '‒': "-", '–': "-", '—': "-", '―': "-", '−': "-", '⁄': "/", '∕': "/",
	'،': ",", '؛': ";", '؟': "?", '۔': ".", '।': ".", '॥': ".", '¿': "?", '¡': "!", '·': ".", '։': ".", '።': ".", '။': ".",
	0x85: "\n", 0x2028: "\n", 0x2029: "\n", 0xFFFD: "*",
}

// brailleLetters are the letters of the six-dot cells, U+2800 on.
const brailleLetters = "\u2801a\u2803b\u2809c\u2819d\u2811e\u280bf\u281bg\u2813h\u280ai\u281aj\u2805k\u2807l\u280dm\u281dn\u2815o\u280fp\u281fq\u2817r\u280es\u281et\u2825u\u2827v\u283aw\u282dx\u283dy\u2835z"

// dropMark tells whether a combining mark is left out. Accents, vowel points
// and nuktas (classes of their own) are; the virama (9) and the vowel signs
// and tone marks of Thai and Lao (103 to 122) carry the word.
func dropMark(r rune) bool {
	ccc := norm.NFD.PropertiesString(string(r)).CCC()
	return ccc > 0 && ccc != 9 && (ccc < 103 || ccc > 132)
}

// asIs are ranges left alone to keep the table small: Hangul stays composed,
// and old scripts, CJK compatibility ideographs and Arabic ligatures of whole
// words are not what disguises are made of.
var asIs = [][2]rune{
	{0x1400, 0x167F}, {0x1700, 0x1CFF}, {0x2C00, 0x2C5F}, {0x2C80, 0x2DFF},
	{0x3130, 0x318F}, {0x3200, 0x33FF}, {0xA000, 0xA71F}, {0xA800, 0xAB2F}, {0xABC0, 0xD7FF}, {0xE000, 0xFAFF},
	{0xFBB2, 0xFBD2}, {0xFBFD, 0xFDEF}, {0x10000, 0x1BC9F}, {0x1BCA4, 0x1D172}, {0x1D17B, 0x1D3FF},
	{0x1D800, 0x1EFFF}, {0x1FB00, 0x1FFFF},
}

// folded returns what r becomes, by the rules of the package comment.
func folded(r rune) string {
	switch {
	case Invisible(r) || r < 0xA0 && r != 0x85:
		return ""
	case r >= 0x2190 && r <= 0x243F || r >= 0x2500 && r <= 0x27BF || r >= 0x2900 && r <= 0x2BFF,
		r >= 0x1F000 && r <= 0x1F0FF, r >= 0x1F200 && r <= 0x1FAFF:
		return "*" // arrows, mathematics, boxes, dingbats, pictographs
	}
	for _, a := range asIs {
		if r >= a[0] && r <= a[1] {
			return string(r)
		}
	}
	var b strings.Builder
	for _, d := range norm.NFKD.String(replace(string(unicode.ToLower(r)))) {
		for _, e := range replace(string(unicode.ToLower(d))) {
			b.WriteString(foldPart(e))
		}
	}
	return b.String()
}

func replace(s string) string {
	r := []rune(s)
	if len(r) == 1 {
		if to, ok := special[r[0]]; ok {
			return to
		}
	}
	return s
}

func foldPart(r rune) string {
	switch {
	case r < 0x80:
		return string(r)
	case Invisible(r):
		return ""
	case unicode.IsSpace(r):
		return " "
	case unicode.Is(unicode.Me, r), unicode.Is(unicode.M, r) && dropMark(r):
		return ""
	case unicode.Is(unicode.Nd, r):
		return string('0' + digit(r))
	case unicode.IsLetter(r), unicode.IsMark(r), unicode.IsNumber(r):
		return string(r)
	case !unicode.IsPrint(r) && r < 0x20000 && !unicode.Is(unicode.Co, r):
		return string(r) // unassigned here: may be a letter tomorrow
	}
	return "*"
}

// digit returns the value of a decimal digit: the digits of a script follow
// each other from 0.
func digit(r rune) rune {
	n := rune(0)
	for unicode.Is(unicode.Nd, r-n-1) && n < 9 {
		n++
	}
	if r >= 0x1D7CE && r <= 0x1D7FF {
		return (r - 0x1D7CE) % 10
	}
	return n
}

type lookalikeList struct {
	always map[rune]byte
	mixed  map[rune]byte
}

func readLookalikes(t *testing.T) lookalikeList {
	t.Helper()
	data, err := os.ReadFile("lookalikes.txt")
	if err != nil {
		t.Fatal(err)
	}
	l := lookalikeList{map[rune]byte{}, map[rune]byte{}}
	into := l.always
	for _, line := range strings.Split(string(data), "\n") {
		f := strings.Fields(line)
		switch {
		case len(f) == 0 || f[0] == "#":
		case f[0] == "mixed":
			into = l.mixed
		case f[0] != "always":
			for _, s := range f[1:] {
				r := []rune(s)[0]
				if l.mixed[r] != 0 || l.always[r] != 0 {
					t.Fatalf("lookalikes.txt: %q is listed twice", s)
				}
				into[r] = f[0][0]
			}
		}
	}
	return l
}

// generate returns the source of tables.go.
func generate(t *testing.T) []byte {
	l := readLookalikes(t)
	to := map[rune]string{}
	for r := rune(0x80); r < 0x20000; r++ {
		if r >= 0xD800 && r < 0xE000 {
			continue
		}
		to[r] = folded(r)
	}
	for r, s := range to {
		to[r] = strings.Map(func(c rune) rune {
			if as, ok := l.always[c]; ok {
				return rune(as)
			}
			return c
		}, s)
	}
	cells := []rune(brailleLetters)
	for i := 0; i < len(cells); i += 2 {
		to[cells[i]] = string(cells[i+1])
	}
	for r := rune(0x1F1E6); r <= 0x1F1FF; r++ { // regional indicators
		to[r] = string(r - 0x1F1E6 + 'a')
	}
	return emit(to, l.mixed)
}

func emit(to map[rune]string, mixed map[rune]byte) []byte {
	var text strings.Builder
	at := []int{0}
	index := map[string]int{}
	value := func(r rune, s string) int {
		rs := []rune(s)
		switch {
		case len(rs) == 1 && rs[0] == r:
			return same
		case s == "":
			return drop
		case len(rs) == 1 && rs[0] < firstExpansion:
			return int(rs[0])
		case len(rs) == 1: // its target is outside the table's reach
			return same
		case len(s) > maxGrowth*len(string(r)) || len(rs) > 6:
			return '*'
		}
		if _, ok := index[s]; !ok {
			index[s] = len(at) - 1
			text.WriteString(s)
			at = append(at, text.Len())
		}
		return firstExpansion + index[s]
	}
	var pages [][64]int
	seen := map[[64]int]int{}
	var pageAt []int
	for base := rune(0); base < 0x20000; base += 64 {
		var p [64]int
		for i := range p {
			r := base + rune(i)
			if s, ok := to[r]; ok {
				p[i] = value(r, s)
			}
		}
		if _, ok := seen[p]; !ok {
			seen[p] = len(pages)
			pages = append(pages, p)
		}
		pageAt = append(pageAt, seen[p])
	}
	var b bytes.Buffer
	b.WriteString("// Code generated by go generate from Unicode data and lookalikes.txt; DO NOT EDIT.\n\npackage fold\n\n")
	fmt.Fprintf(&b, "const numExpansions = %d\n\n", len(at)-1)
	b.WriteString("var pageAt = [2048]uint8{\n")
	numbers(&b, pageAt)
	fmt.Fprintf(&b, "}\n\nvar pages = [%d]uint16{\n", 64*len(pages))
	for _, p := range pages {
		numbers(&b, p[:])
	}
	fmt.Fprintf(&b, "}\n\nvar expansionAt = [%d]uint16{\n", len(at))
	numbers(&b, at)
	b.WriteString("}\n\nconst expansions = \"\" +\n")
	all := []rune(text.String())
	for len(all) > 0 {
		n := min(24, len(all))
		sep := " +"
		if n == len(all) {
			sep = ""
		}
		fmt.Fprintf(&b, "\t%+q%s\n", string(all[:n]), sep)
		all = all[n:]
	}
	var rs []int
	for r := range mixed {
		rs = append(rs, int(r))
	}
	sort.Ints(rs)
	fmt.Fprintf(&b, "\nvar lookalikeRunes = [%d]uint16{\n", len(rs))
	numbers(&b, rs)
	b.WriteString("}\n\nconst lookalikeTo = \"")
	for _, r := range rs {
		b.WriteByte(mixed[rune(r)])
	}
	b.WriteString("\"\n")
	return b.Bytes()
}

// numbers writes v in lines of 16.
func numbers(b *bytes.Buffer, v []int) {
	for i, n := range v {
		sep := " "
		if i%16 == 0 {
			sep = "\t"
		}
		fmt.Fprintf(b, "%s%d,", sep, n)
		if i%16 == 15 || i == len(v)-1 {
			b.WriteByte('\n')
		}
	}
}
