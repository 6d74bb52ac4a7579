package rules

import "math/bits"

// A Sign is something in the shape of a text that may hide something, as bits.
type Sign uint16

// The signs of a text.
const (
	Long      Sign   = 1 << iota // a run of longRun ASCII letters and digits
	Codes                        // words are very short, or digits or marks many
	Leet                         // a digit between two ASCII letters, or a mark like a letter before one
	Lookalike                    // a character like a Latin one beside a Latin letter
	Single                       // single letters with a space between
	Dotted                       // likewise with marks between
	Mixed                        // a word that has the letters of a known one in another order
	Watched                      // a word of the class that the Matcher watches
	Signs     = iota             // how many there are
)

// Traits are what a walk saw of the shape of a text, for deciding what else
// to try on it.
type Traits struct {
	Signs Sign
	// Places, if not nil, gets the signs of each 64 bytes.
	Places     []Sign
	Leet       int // digits between two letters, and marks like letters before one
	Lookalikes int // characters like Latin ones beside a Latin letter
	// Marks has a bit for each ASCII mark or first digit of a number met, at its
	// number.
	Marks [2]uint64

	lone bool   // whether the 64 bytes before had a digit between letters
	here Sign   // of the present 64 bytes
	prev uint64 // letters and digits of the 64 bytes before
}

const (
	// longRun is the number of letters and digits in a row that is long for a
	// word: only one English word in a thousand is longer.
	longRun = 16
	// Common text has up to 14 words, 10 digits and 12 marks in 64 bytes; hex
	// codes make 21 words, decimal ones 48 digits, Morse 40 marks.
	manyWords, manyDigits, manyMarks = 17, 24, 32
	fewWords                         = 6 // of such codes there are that many
	// pairs of single letters within 64 bytes
	manySingles = 4
)

// note takes in the shape of 64 bytes; prev are the words of those before.
func (t *Traits) note(k *block, words, prev uint64) {
	t.here = 0
	marks := ^(words | k.space)
	single := words &^ (words<<1 | prev>>63) &^ (words >> 1)
	pairs := single & (single << 2) &^ k.digit // not versions
	if bits.OnesCount64(pairs&(k.space<<1)) >= manySingles {
		t.here |= Single
	}
	if bits.OnesCount64(pairs&(marks<<1)) >= manySingles {
		t.here |= Dotted
	}
	ascii := words &^ k.high
	long := runs(ascii)
	if long|runs(ascii<<longRun|t.prev>>(64-longRun)) != 0 {
		t.Signs |= Long
		if k.digit != 0 { // as codes have, and most names have not
			t.here |= Long
		}
	}
	t.prev = ascii
	leet := k.digit & (k.letter << 1) & (k.letter >> 1)
	t.Leet += bits.OnesCount64(leet)
	t.leet(bits.OnesCount64(leet &^ long))
	if codes(bits.OnesCount64(words&^(words<<1)), bits.OnesCount64(k.digit), bits.OnesCount64(marks), k) {
		t.here |= Codes
	}
}

// leet takes in digits between letters: hashes have them too.
func (t *Traits) leet(n int) {
	if n >= 2 || n == 1 && t.lone {
		t.here |= Leet
	}
	t.lone = n > 0
}

// codes tells whether 64 bytes with so many words, digits and marks may be of
// codes of characters. Hashes have digits in a row, tables marks.
func codes(words, digits, marks int, k *block) bool {
	return words >= manyWords || digits >= manyDigits && (words >= fewWords || k.letter == 0) ||
		marks >= manyMarks && bits.OnesCount64(k.space) >= fewWords
}

// leave goes on to the next 64 bytes.
func (t *Traits) leave() {
	t.Signs |= t.here
	if t.Places != nil {
		t.Places = append(t.Places, t.here)
	}
}

// mark takes in one of the marks that mean more, whether a letter stands before
// it, and what follows it. It tells whether they are an escape that stands for
// white space.
func (t *Traits) mark(c byte, inside bool, next byte) bool {
	if c == '\\' {
		return next == 'n' || next == 'r' || next == 't'
	}
	if kinds[next] == kLetter {
		t.Leet++
		if inside {
			t.here |= Leet
		}
	}
	return false
}

// runs returns the bits of x that are among longRun in a row.
func runs(x uint64) uint64 {
	x &= x >> 1
	x &= x >> 2
	x &= x >> 4
	x &= x >> 8
	if x != 0 {
		x |= x << 1
		x |= x << 2
		x |= x << 4
		x |= x << 8
	}
	return x
}
