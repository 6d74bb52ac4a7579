package model

// Orders is the number of features a token has: the word, the pair with the
// word before, and the pairs of its stem with the stems one, two and three
// words back. The persona head reads the first alone: with pairs it learns the
// phrases of the personas it has seen, and misses the next one.
const Orders = 5

// wordSeed sets the features of single words apart from those of pairs.
const wordSeed = 0x7FEB352D

// history keeps the tokens before the present one.
type history struct {
	sig1                uint32
	stem1, stem2, stem3 uint32
}

// add puts the hashes of a token's features into out and moves on.
func (h *history) add(t *token, out *[Orders]uint32) {
	s := t.stem
	out[0] = pair(t.sig, wordSeed)
	out[1] = pair(h.sig1, t.sig*5+1)
	out[2] = pair(h.stem1, s*3+2)
	out[3] = pair(h.stem2, s*3+3)
	out[4] = pair(h.stem3, s*3+4)
	h.sig1 = t.sig
	h.stem3, h.stem2, h.stem1 = h.stem2, h.stem1, s
}

// longestPeriod is how many tokens a phrase may have whose repetition is
// noticed.
const longestPeriod = 4

// repeats notices phrases that are said over and over. Saying one twenty times
// says no more than saying it twice, but would add up. Rate does the same over
// the tokens of a batch.
type repeats struct {
	sigs [longestPeriod]uint32 // of the tokens before, the last first
	run  [longestPeriod]uint8  // how many in a row were like the one so far back
}

// again says whether a token goes on with a phrase that has just been said. It is
// seldom called, so it is kept out of the loop that calls it.
//
//go:noinline
func (r *repeats) again(sig uint32) bool {
	found := false
	for i := range r.sigs {
		switch {
		case sig != r.sigs[i]:
			r.run[i] = 0
		case int(r.run[i]) <= i:
			r.run[i]++
		}
		found = found || int(r.run[i]) > i
	}
	copy(r.sigs[1:], r.sigs[:longestPeriod-1])
	r.sigs[0] = sig
	return found
}

// heardBits is the size of the table of words that the persona head has heard.
const heardBits = 8

// heard is a table of words met, the last one at each place. A page in which
// one word stands again and again says no more than one in which it stands once:
// code and manuals are full of such words, and the persona head adds up a page.
type heard [1 << heardBits]uint32

// first says whether a word was not met, or so long ago that another word has
// taken its place.
func (t *heard) first(sig uint32) bool {
	at := &t[sig>>(32-heardBits)]
	was := *at
	*at = sig
	return was != sig
}

// pair hashes two values to a feature.
func pair(a, b uint32) uint32 {
	x := a*0x2C1B3C6D ^ b
	x ^= x >> 15
	x *= 0x297A2D39
	return x
}

// Walk calls visit with the byte range and the features of every token of
// text, in order, and with whether the persona head hears the word for the first
// time. It is what training and Explain read; Rate does the same without the
// detour.
func Walk(text []byte, visit func(start, end int, features *[Orders]uint32, first bool)) {
	var (
		h    history
		said repeats
		old  heard
		t    token
		f    [Orders]uint32
	)
	for i, ok := next(text, 0, &t); ok; i, ok = next(text, i, &t) {
		if said.again(t.sig) {
			continue
		}
		h.add(&t, &f)
		visit(t.start, t.end, &f, old.first(t.sig))
	}
}
