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

// pair hashes two values to a feature.
func pair(a, b uint32) uint32 {
	x := a*0x2C1B3C6D ^ b
	x ^= x >> 15
	x *= 0x297A2D39
	return x
}

// Walk calls visit with the byte range and the features of every token of
// text, in order. It is what training and Explain read; Rate does the same
// without the detour.
func Walk(text []byte, visit func(start, end int, features *[Orders]uint32)) {
	var (
		h history
		t token
		f [Orders]uint32
	)
	for i, ok := next(text, 0, &t); ok; i, ok = next(text, i, &t) {
		h.add(&t, &f)
		visit(t.start, t.end, &f)
	}
}
