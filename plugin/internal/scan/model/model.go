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
	score, _ := m.RateUpTo(text, len(text), new(Words))
	return score
}

// RateUpTo is Rate that stops where it has read most words or marks, or a few
// more. It returns how many it read.
func (m *Model) RateUpTo(text []byte, most int, words *Words) (s Score, tokens int) {
	b := batch{words: words}
	for k := range behind {
		b.sig[k] = uint32(k) // unlike each other
	}
	r := rating{peak0: lowest, peak1: lowest}
	for i := 0; i < len(text) && tokens < most; tokens += b.n {
		i = b.fill(text, i)
		r.pool(m, m.weigh(&r, &b))
	}
	if r.n == 0 {
		return Score(m.Bias), tokens
	}
	return Score{m.score(0, max(r.peak0, r.sum0)), m.score(1, max(r.peak1, r.sum1))}, tokens
}

// rating is how far Rate has come.
type rating struct {
	h            history
	old          heard
	n            uint32 // tokens
	sum0, sum1   int32
	peak0, peak1 int32
	x, y         [batchSize]int32 // of the present tokens, what they weigh to each head
}

// weigh looks up what the tokens of b weigh, without those that say something
// again, and returns how many there are. What it does for each it does in a
// row: in wasm a jump costs as much as several features.
func (m *Model) weigh(r *rating, b *batch) (n int) {
	sig1, stem1, stem2, stem3 := r.h.sig1, r.h.stem1, r.h.stem2, r.h.stem3
	again := b.repeated()
	for k := 0; k < b.n; k++ {
		g, s := b.sig[behind+k&(batchSize-1)], b.stem[k&(batchSize-1)]
		if again>>k&1 != 0 {
			continue
		}
		one := pair(g, wordSeed)
		r.x[n&(batchSize-1)] = m.weight(Override, one) + m.weight(Override, pair(sig1, g*5+1)) + m.weight(Override, pair(stem1, s*3+2)) +
			m.weight(Override, pair(stem2, s*3+3)) + m.weight(Override, pair(stem3, s*3+4))
		sig1, stem3, stem2, stem1 = g, stem2, stem1, s
		y := m.weight(Persona, one)
		if !r.old.first(g) {
			y = 0
		}
		r.y[n&(batchSize-1)] = y
		n++
	}
	r.h = history{sig1, stem1, stem2, stem3}
	return n
}

// pool adds up what the last n tokens weigh, in a loop of its own: one for both has
// more values at hand than Go keeps out of memory.
func (r *rating) pool(m *Model, n int) {
	sum0, sum1, all := r.sum0, r.sum1, r.n
	for k := 0; k < n; k++ {
		sum0 = max(sum0-sum0>>decay0+r.x[k&(batchSize-1)]<<unit, m.Floor[0])
		sum1 = max(sum1-sum1>>decay1+r.y[k&(batchSize-1)]<<unit, m.Floor[1])
		all++
		if all%stride0 == 0 {
			r.peak0 = max(r.peak0, sum0)
			if all%stride1 == 0 {
				r.peak1 = max(r.peak1, sum1)
			}
		}
	}
	r.sum0, r.sum1, r.n = sum0, sum1, all
}

// lowest is below every sum.
const lowest = -1 << 30

// score turns a peak sum into a score.
func (m *Model) score(h Head, peak int32) int32 {
	return int32(int64(peak)*int64(m.Scale[h])>>16) + m.Bias[h]
}
