// Package trie packs a set of patterns into constant tables that are walked a
// byte at a time: a double-array trie, after Aoe (1989), with the base and the
// label of a state in one cell, and the ends of patterns that share nothing
// more with others as plain bytes.
package trie

// Trie is a packed set of patterns. Build makes it.
type Trie struct {
	// Cells holds the states. The state entered from state s by byte c is
	// Cells[base(s)+c], if the label there is c. No two states share a base,
	// so the label alone tells whose cell it is.
	Cells []uint32
	// Tails holds the rest of each pattern behind the last state that it
	// shares: bytes, then an end that End reads.
	Tails string
}

// A cell or Node holds the base of its state, or its place in Tails, in the
// upper 21 bits; three flags; and in the lower 8 the label by which the state
// was entered.
const (
	baseShift = 11
	hasStem   = 1 << 8  // a pattern ends here: its value is behind LabelStem
	hasWord   = 1 << 9  // likewise, for patterns that must end with a word
	inTail    = 1 << 10 // the state is in Tails
	maxBase   = 1<<21 - 512
)

// Labels that end a pattern: no byte of a pattern is one.
const (
	LabelStem = 0 // a longer word may go on
	LabelWord = 1 // the word must end
)

// Node is a place in the trie. The zero Node is nowhere.
type Node uint64

// Root returns where every walk begins.
func (t *Trie) Root() Node { return Node(t.Cells[0]) }

// Step returns the place that c leads to from n, or the zero Node. It is not
// for places of which Rest tells something.
func (t *Trie) Step(n Node, c byte) Node {
	k := uint(n>>baseShift) + uint(c)
	if k < uint(len(t.Cells)) && byte(t.Cells[k]) == c && c > LabelWord {
		return Node(t.Cells[k])
	}
	return 0
}

// Run follows text[i:] from n as far as nothing is to be noted on the way. It
// returns the place and how far it came: there a pattern ends, or Rest tells
// something, or the next byte leads nowhere, or the text ends.
func (t *Trie) Run(n Node, text []byte, i int) (Node, int) {
	cells := t.Cells
	for uint(i) < uint(len(text)) {
		c := text[i]
		k := uint(n>>baseShift) + uint(c)
		if k >= uint(len(cells)) {
			break
		}
		next := Node(cells[k])
		if byte(next) != c || c <= LabelWord {
			break
		}
		if next&(hasStem|hasWord|inTail) != 0 {
			return next, i + 1
		}
		n, i = next, i+1
	}
	return n, i
}

// Rest tells whether a single pattern goes through n, and returns what follows
// of it: its bytes, then an end, and then anything.
func (t *Trie) Rest(n Node) (string, bool) {
	if n&inTail == 0 {
		return "", false
	}
	return t.Tails[n>>baseShift:], true
}

// An end in Tails is a control character other than a line feed. Those from
// firstShort on stand for a low value: each value has one for patterns without
// Whole and one for those with. LabelStem and LabelWord are followed by two
// bytes of value.
const (
	firstShort = 2
	lastShort  = 0x1F
	lineFeed   = '\n'
)

// IsEnd tells whether c ends a pattern in what Rest returned.
func IsEnd(c byte) bool { return c <= lastShort && c != lineFeed }

// End reads the end of a pattern, at the start of rest.
func End(rest string) (value uint16, whole bool) {
	c := rest[0]
	if c < firstShort {
		return uint16(rest[1]) | uint16(rest[2])<<8, c == LabelWord
	}
	if c > lineFeed {
		c--
	}
	return uint16(c-firstShort) / 2, (c-firstShort)%2 != 0
}

// Ends tells whether any pattern ends at n. It is not for places of which Rest
// tells something.
func (n Node) Ends() bool { return n&(hasStem|hasWord) != 0 }

// Stem returns the value of the pattern without Whole that ends at n.
func (t *Trie) Stem(n Node) (uint16, bool) { return t.value(n, hasStem, LabelStem) }

// Word returns the value of the pattern with Whole that ends at n.
func (t *Trie) Word(n Node) (uint16, bool) { return t.value(n, hasWord, LabelWord) }

func (t *Trie) value(n Node, flag Node, label uint32) (uint16, bool) {
	if n&flag == 0 {
		return 0, false
	}
	return uint16(t.Cells[uint32(n>>baseShift)+label] >> baseShift), true
}
