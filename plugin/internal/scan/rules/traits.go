package rules

import "math/bits"

// Traits are what a walk saw of the shape of a text, for deciding what else
// to try on it.
type Traits struct {
	Words      int  // words; a row of characters without spaces is one
	Long       bool // a run of longRun ASCII letters and digits was met
	Codes      bool // somewhere words are very short, or digits or marks many
	Leet       int  // digits between two ASCII letters
	Symbols    int  // marks that are like letters before one: @ and $
	Lookalikes int  // characters like Latin ones beside a Latin letter
	Single     int  // most pairs of single letters with a space between within 64 bytes
	Dotted     int  // likewise with marks between them
	Mixed      int  // words that have the letters of a known one in another order
	// Marks has a bit for each ASCII mark or first digit of a number met, at its
	// number.
	Marks [2]uint64

	prev uint64 // letters and digits of the 64 bytes before
}

const (
	// longRun is the number of letters and digits in a row that is long for a
	// word: only one English word in a thousand is longer.
	longRun = 16
	// Common text has up to 14 words, 10 digits and 12 marks in 64 bytes; hex
	// codes make 21 words, decimal ones 48 digits, Morse 40 marks.
	manyWords, manyDigits, manyMarks = 17, 24, 32
)

// note takes in the shape of 64 bytes; prev are the words of those before.
func (t *Traits) note(k *block, words, prev uint64) {
	begins := bits.OnesCount64(words &^ (words << 1))
	marks := ^(words | k.space)
	t.Words += begins
	single := words &^ (words<<1 | prev>>63) &^ (words >> 1)
	pairs := single & (single << 2)
	t.Single = max(t.Single, bits.OnesCount64(pairs&(k.space<<1)))
	t.Dotted = max(t.Dotted, bits.OnesCount64(pairs&(marks<<1)))
	t.Leet += bits.OnesCount64(k.digit & (k.letter << 1) & (k.letter >> 1))
	ascii := words &^ k.high
	if hasRun(ascii) || hasRun(ascii<<longRun|t.prev>>(64-longRun)) {
		t.Long = true
	}
	t.prev = ascii
	if begins >= manyWords || bits.OnesCount64(k.digit) >= manyDigits || bits.OnesCount64(marks) >= manyMarks {
		t.Codes = true
	}
}

// mark takes in one of the marks that mean more, and what follows it. It tells
// whether they are an escape that stands for white space.
func (t *Traits) mark(c, next byte) bool {
	if c == '\\' {
		return next == 'n' || next == 'r' || next == 't'
	}
	if kinds[next] == kLetter {
		t.Symbols++
	}
	return false
}

// hasRun tells whether longRun bits in a row are set.
func hasRun(x uint64) bool {
	x &= x >> 1
	x &= x >> 2
	x &= x >> 4
	return x&(x>>8) != 0
}
