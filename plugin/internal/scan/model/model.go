// Package model is the linear half of the scanner: it scores a text by its
// words and word pairs with two heads, one for overrides and extractions, one
// for jailbreak personas. Weights are int8, hashed into Buckets, and trained
// by sparkctl train. It is pure and allocates nothing.
package model

// A Head is one of the two scores.
type Head uint8

// The heads.
const (
	Override Head = 0 // new orders in place of the given ones, or asking for the prompt or a secret
	Persona  Head = 1 // a character that is to answer without rules
)

// Heads and Levels are how many heads and levels there are.
const (
	Heads  = 2
	Levels = 3
)

var headNames = [Heads]string{"override", "persona"}

// String returns the head's name in findings.
func (h Head) String() string {
	if h < Heads {
		return headNames[h]
	}
	return "unknown"
}

// Score is what the heads think of a text, in 1/256 of a logit: above 0 a head
// would rather call the text an attack, but only Over says whether it is right
// often enough.
type Score [Heads]int32

// A Level is how sure the model must be.
type Level uint8

// The levels, one for each preset of the scanner.
const (
	Balanced Level = iota
	Strict
	Quiet
)

// Builtin returns the model that comes with the program. It must not be
// changed.
func Builtin() *Model { return builtin }

// Over says whether a head of s, a score of m, reaches its limit at a level.
func (m *Model) Over(s Score, h Head, l Level) bool { return s[h] >= m.Limit[h][l] }

const (
	// decay0 and decay1 are how fast the heads forget, as shifts: after
	// 1<<decay tokens a word counts for a third. An override is a sentence, a
	// persona a page.
	decay0, decay1 = 4, 7
	// stride0 and stride1 are how many tokens lie between two looks at a
	// head's sum. Words that follow an attack may take it back until the next
	// look, as in "... is a typical attack".
	stride0, stride1 = 4, 32
)

// Pooling returns what training must repeat of Rate: the decay of a head as a
// shift, the tokens between two looks at its sum, and how many of a token's
// features it reads.
func Pooling(h Head) (decay, stride, orders int) {
	if h == Persona {
		return decay1, stride1, 1
	}
	return decay0, stride0, Orders
}

// unit is the fixed point of the running sums: one weight is 1<<unit.
const unit = 8

// Rate scores a text that is already folded: lower case, no invisible
// characters. It reads each byte once and keeps nothing. An empty text scores
// as the heads' bias.
//
// It sums the weights of each token's features into two leaky sums and keeps
// the highest that either was seen at.
func (m *Model) Rate(text []byte) Score {
	var (
		h      history
		said   repeats
		t      token
		a0, a1 int32
		n      int
		p0, p1 = int32(lowest), int32(lowest)
		f0, f1 = m.Floor[0], m.Floor[1]
	)
	for i := 0; ; {
		var g, s uint32
		// The usual token, an ASCII word between other ASCII, is read in place.
		end, sum := letterRun(text, i)
		if end > i && (end == len(text) || text[end] < 0x80 && text[end] != '\'') {
			g, s = asciiHashes(text[i:end], sum)
			i = end
		} else {
			var found bool
			if i, found = next(text, i, &t); !found {
				break
			}
			g, s = t.sig, t.stem
		}
		if said.again(g) {
			continue
		}
		x, y := m.weights(&h, g, s)
		a0 = max(a0-a0>>decay0+x<<unit, f0)
		a1 = max(a1-a1>>decay1+y<<unit, f1)
		n++
		if n&(stride0-1) == 0 {
			p0 = max(p0, a0)
		}
		if n&(stride1-1) == 0 {
			p1 = max(p1, a1)
		}
	}
	if n == 0 {
		return Score(m.Bias)
	}
	return Score{m.score(0, max(p0, a0)), m.score(1, max(p1, a1))}
}

// weights returns what a token's features weigh to either head, and moves on.
func (m *Model) weights(h *history, g, s uint32) (x, y int32) {
	one := pair(g, wordSeed)
	two := pair(h.sig1, g*5+1)
	three, four, five := pair(h.stem1, s*3+2), pair(h.stem2, s*3+3), pair(h.stem3, s*3+4)
	x = m.weight(Override, one) + m.weight(Override, two) + m.weight(Override, three) +
		m.weight(Override, four) + m.weight(Override, five)
	h.sig1, h.stem3, h.stem2, h.stem1 = g, h.stem2, h.stem1, s
	return x, m.weight(Persona, one)
}

// lowest is below every sum.
const lowest = -1 << 30

// score turns a peak sum into a score.
func (m *Model) score(h Head, peak int32) int32 {
	return int32(int64(peak)*int64(m.Scale[h])>>16) + m.Bias[h]
}
