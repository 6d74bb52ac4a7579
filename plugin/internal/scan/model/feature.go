package model

// Buckets is the number of weights of a head. 16,384 did best on sources never
// trained on; more did not help.
const Buckets = 1 << bucketBits

const bucketBits = 14

// Orders is the number of features a token has: the word, the pair with the
// word before, and the pairs of its stem with the stems one, two and three
// words back. The persona head reads the first alone: with pairs it learns the
// phrases of the personas it has seen, and misses the next one.
const Orders = 5

// history keeps the tokens before the present one.
type history struct {
	sig1                uint32
	stem1, stem2, stem3 uint32
}

// add puts the buckets of a token's features into out and moves on.
func (h *history) add(t *token, out *[Orders]uint32) {
	s := t.stem
	out[0] = bucket(t.sig, 0x7FEB352D)
	out[1] = bucket(h.sig1, t.sig*5+1)
	out[2] = bucket(h.stem1, s*3+2)
	out[3] = bucket(h.stem2, s*3+3)
	out[4] = bucket(h.stem3, s*3+4)
	h.sig1 = t.sig
	h.stem3, h.stem2, h.stem1 = h.stem2, h.stem1, s
}

// bucket hashes two values to a weight's index.
func bucket(a, b uint32) uint32 {
	x := a*0x2C1B3C6D ^ b
	x ^= x >> 15
	x *= 0x297A2D39
	return x >> (32 - bucketBits)
}

// Walk calls visit with the byte range and the buckets of every token of text,
// in order. It is what training and Explain read; Score does the same inline.
func Walk(text []byte, visit func(start, end int, buckets *[Orders]uint32)) {
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
