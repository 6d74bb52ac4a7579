package rules

import "math/bits"

// Traits are what a walk saw of the shape of a text, for deciding what else
// to try on it.
type Traits struct {
	Words      int    // words, and characters of scripts without spaces
	Letters    int    // bytes in words
	Long       bool   // a run of longRun ASCII letters and digits was met
	Leet       int    // places where ASCII letters and digits meet
	Lookalikes int    // characters like Latin ones beside a Latin letter
	Single     int    // most words of one byte within 64 bytes
	Seps       uint64 // a bit for each separator met below 0x40, at its number
	Slash      bool   // a backslash was met
}

// longRun is the number of letters and digits in a row that is long for a
// word.
const longRun = 16

// note takes in the shape of 64 bytes; prev are the words of those before.
func (t *Traits) note(k *block, words, prev uint64) {
	t.Words += bits.OnesCount64(words &^ (words << 1))
	t.Letters += bits.OnesCount64(words)
	t.Single = max(t.Single, bits.OnesCount64(words&^(words<<1|prev>>63)&^(words>>1)))
	t.Leet += bits.OnesCount64(k.digit & (k.letter<<1 | k.letter>>1))
	ascii := words &^ k.high
	if hasRun(ascii) || hasRun(ascii<<longRun|prev>>(64-longRun)) {
		t.Long = true
	}
}

// mark takes in a separator.
func (t *Traits) mark(c byte) {
	if c < 0x40 {
		t.Seps |= 1 << c
	} else if c == '\\' {
		t.Slash = true
	}
}

// hasRun tells whether longRun bits in a row are set.
func hasRun(x uint64) bool {
	x &= x >> 1
	x &= x >> 2
	x &= x >> 4
	return x&(x>>8) != 0
}
