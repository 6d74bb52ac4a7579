// Package rules finds rules in folded text: words of certain lists near each
// other. All lists of all languages are one trie that is walked once, and a
// rule costs something only where one of its words is met.
package rules

import "github.com/sparkward/sparkward/plugin/internal/scan/trie"

//go:generate go run ./gen

// Distances are counted in units, so that a span means much the same in
// scripts with and without spaces.
const (
	wordUnits  = 4 // a word between spaces
	hanUnits   = 2 // a Han character: most words have two
	shortUnits = 1 // a character of another script that is matched anywhere
	markUnits  = 2 // a punctuation mark or line feed: words around it belong less together
)

// Table is a compiled set of word lists and rules. Make it with Build; the
// built-in one is a constant of the program.
type Table struct {
	Words   trie.Trie // words that fill slots; values are numbers of entries in ListAt
	Context trie.Trie // likewise, words that rule a match out
	// Filter tells by the first bytes of a word whether it can begin anything
	// in Words, wrongly for some that cannot. It is empty or a filter.
	Filter []uint64

	ListAt []uint16 // Lists[ListAt[v]:ListAt[v+1]] are the classes of value v
	Lists  []uint16

	Classes []string // names of the word lists

	Wakes  []uint64 // of a class: the keys that it wakes
	Serves []uint64 // of a class: the keys of the patterns that it takes part in

	UseAt []uint16 // Uses[UseAt[c]:UseAt[c+1]] are the slots of class c
	Uses  []Use

	Patterns []Pattern
	SlotAt   []uint16 // Slots[SlotAt[s]:SlotAt[s+1]] are the classes that fill slot s
	Slots    []uint16
	Conds    []Cond

	GuardAt []uint16 // Guards[GuardAt[c]:GuardAt[c+1]] must not precede a word of class c
	Guards  []Cond

	Mixed MixedWords

	Rules []Rule
}

// Use is a slot that a class fills.
type Use struct {
	Pattern uint16
	Slot    uint8 // within the pattern
	Key     uint8 // the bit of the pattern's key
}

// Pattern is one way to match a rule: a word for each slot within Span units,
// in any order or in the order of the slots.
type Pattern struct {
	// Rule is the rule that a match finds or, with the bit derives, the class
	// that it meets.
	Rule    uint16
	First   uint16 // number of its first slot among all slots
	Slots   uint8
	Ordered bool
	Span    uint16
	// Conds[CondAt:CondAt+Conds] are classes that must not stand around the
	// match.
	CondAt uint16
	Conds  uint8
	// Key is the number of the slot without which it is not worth looking at
	// the others, or noKey.
	Key uint8
}

const (
	derives = 0x8000
	noKey   = 0xFF
)

// Cond is a class of context words and how many units before a word or match
// they count, or behind it.
type Cond struct {
	Class, Span uint16
	After       bool
}

// Rule is what people know a set of patterns by.
type Rule struct {
	ID, Category string
	Severity     uint8 // 0 low to 3 critical
}

// slotClasses returns the classes that fill a slot.
func (t *Table) slotClasses(slot int) []uint16 { return t.Slots[t.SlotAt[slot]:t.SlotAt[slot+1]] }
