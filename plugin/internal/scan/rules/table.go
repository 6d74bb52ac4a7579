// Package rules finds rules in folded text: words of certain lists near each
// other. All lists of all languages are one trie that is walked once, and a
// rule costs something only where one of its words is met.
package rules

// Distances are counted in units, so that a span means much the same in
// scripts with and without spaces.
const (
	wordUnits  = 4 // a word between spaces
	hanUnits   = 2 // a Han character: most words have two
	shortUnits = 1 // a character of another script that is matched anywhere
)

//go:generate go run ./gen

// Table is a compiled set of word lists and rules. Make it with Build; the
// built-in one is a constant of the program.
type Table struct {
	Cells []uint32 // the trie; its values are numbers of entries in ListAt

	ListAt []uint16 // Lists[ListAt[v]:ListAt[v+1]] are the classes of value v
	Lists  []uint16

	Classes []string // names of the word lists

	UseAt []uint16 // Uses[UseAt[c]:UseAt[c+1]] are the slots of class c
	Uses  []Use

	Patterns []Pattern
	Conds    []Cond

	AfterAt []uint16 // Afters[AfterAt[c]:AfterAt[c+1]]: patterns that class c takes back
	Afters  []After

	GuardAt []uint16 // Conds[GuardAt[c]:GuardAt[c+1]] must not precede a word of class c
	Guards  []Cond

	Mixed MixedWords

	Rules []Rule
}

// Use is a slot that a class fills.
type Use struct {
	Pattern uint16
	Slot    uint8 // within the pattern
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
	// Conds[CondAt:CondAt+Conds] are classes that must not stand before or in
	// the match.
	CondAt uint16
	Conds  uint8
	// After is the largest span of a class that takes a match back, or 0.
	After uint16
}

const derives = 0x8000

// Cond is a class and how many units before a word or match it counts.
type Cond struct {
	Class, Span uint16
}

// After is a pattern whose match is taken back by a class that follows it by
// at most Span units.
type After struct {
	Pattern, Span uint16
}

// Rule is what people know a set of patterns by.
type Rule struct {
	ID, Category string
	Severity     uint8 // 0 low to 3 critical
}

// slots returns the number of slots over all patterns.
func (t *Table) slots() int {
	if n := len(t.Patterns); n > 0 {
		return int(t.Patterns[n-1].First) + int(t.Patterns[n-1].Slots)
	}
	return 0
}
