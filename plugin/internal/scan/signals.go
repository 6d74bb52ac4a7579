package scan

import (
	"strconv"
	"strings"

	"github.com/sparkward/sparkward/plugin/internal/scan/decode"
	"github.com/sparkward/sparkward/plugin/internal/scan/rules"
)

// signals are the numbers of the word lists that hold telling words as ciphers
// of letters write them: where one is met, the cipher is undone. They are
// looked up by the names that package rulefile gives them.
type signals struct {
	any      int     // words of all the others
	shift    [26]int // by how far the alphabet was moved
	mirrored int
	reversed int
}

func findSignals() (g signals) {
	for n, name := range rules.Builtin.Classes {
		switch kind, ok := strings.CutPrefix(name, rules.Signal); {
		case !ok:
		case kind == "":
			g.any = n
		case kind == "mirrored":
			g.mirrored = n
		case kind == "reversed":
			g.reversed = n
		default:
			if k, err := strconv.Atoi(kind); err == nil && k > 0 && k < len(g.shift) {
				g.shift[k] = n
			}
		}
	}
	return g
}

// turns are the ciphers that a text shows signs of.
type turns struct {
	any, mirrored, reversed bool
	shift                   [26]bool
}

// turns tells which signals the last text had.
func (s *Scanner) turns() (t turns) {
	if !s.matcher.Seen(s.signals.any) {
		return t
	}
	t.any = true
	t.mirrored, t.reversed = s.matcher.Seen(s.signals.mirrored), s.matcher.Seen(s.signals.reversed)
	for k := 1; k < len(t.shift); k++ {
		t.shift[k] = s.matcher.Seen(s.signals.shift[k])
	}
	return t
}

// turn looks through the text of v with the ciphers undone that it shows signs
// of.
func (s *Scanner) turn(v *view, b *buffers) {
	for k, is := range v.turns.shift {
		if is {
			b.flat = decode.Rotate(b.flat[:0], v.folded, 26-k)
			s.flat(v, b.flat, shifted+layer(k))
		}
	}
	if v.turns.mirrored {
		b.flat = decode.Mirror(b.flat[:0], v.folded)
		s.flat(v, b.flat, mirror)
	}
	if v.turns.reversed {
		b.flat = decode.Reverse(b.flat[:0], v.folded)
		s.flat(v, b.flat, reverse)
		b.flat = decode.ReverseWords(b.flat[:0], v.folded)
		s.flat(v, b.flat, reverse)
	}
}
