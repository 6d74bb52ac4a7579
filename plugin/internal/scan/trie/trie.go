// Package trie packs a set of patterns into one array of 32-bit cells that is
// walked a byte at a time: a double-array trie, after Aoe (1989), with the
// base and the label of a state in one cell.
package trie

import (
	"errors"
	"slices"
)

// A cell holds the base of its state in the upper 22 bits, two flags, and the
// label by which the state was entered in the lower 8. The state entered from
// state s by byte c is cells[base(s)+c], if the label there is c. No two
// states share a base, so the label alone tells whose cell it is.
const (
	baseShift = 10
	hasStem   = 1 << 8 // a pattern ends here: its value is entered by labelStem
	hasWord   = 1 << 9 // likewise, for patterns that must end with a word
	labelStem = 0
	labelWord = 1
	maxBase   = 1<<22 - 512
)

// Node is a place in the trie. The zero Node is nowhere.
type Node uint32

// Pattern is a sequence of bytes to find and the value that it stands for.
type Pattern struct {
	Bytes string
	// Whole asks for the end of a word behind Bytes; otherwise Bytes may be
	// the beginning of a longer word.
	Whole bool
	Value uint16
}

// ErrPattern is returned for an empty pattern, one with a byte below 2, or two
// patterns with the same bytes and Whole.
var ErrPattern = errors.New("trie: empty, doubled or binary pattern")

// Root returns where every walk begins.
func Root(cells []uint32) Node { return Node(cells[0]) }

// Step returns the place that c leads to from n, or the zero Node. cells is
// what Build returned.
func (n Node) Step(cells []uint32, c byte) Node {
	k := uint(n>>baseShift) + uint(c)
	if k < uint(len(cells)) {
		if cell := cells[k]; byte(cell) == c && c > labelWord {
			return Node(cell)
		}
	}
	return 0
}

// Stem returns the value of the pattern without Whole that ends at n.
func (n Node) Stem(cells []uint32) (uint16, bool) {
	return n.value(cells, hasStem, labelStem)
}

// Word returns the value of the pattern with Whole that ends at n.
func (n Node) Word(cells []uint32) (uint16, bool) {
	return n.value(cells, hasWord, labelWord)
}

func (n Node) value(cells []uint32, flag Node, label uint32) (uint16, bool) {
	if n&flag == 0 {
		return 0, false
	}
	return uint16(cells[uint32(n>>baseShift)+label] >> baseShift), true
}

// Ends tells whether any pattern ends at n.
func (n Node) Ends() bool { return n&(hasStem|hasWord) != 0 }

// Build packs patterns. The cells are the same for the same set of patterns in
// any order.
func Build(patterns []Pattern) ([]uint32, error) {
	sorted := slices.Clone(patterns)
	keys := make([]string, len(sorted))
	slices.SortFunc(sorted, func(a, b Pattern) int { return compare(a.key(), b.key()) })
	for i, p := range sorted {
		keys[i] = p.key()
		if p.Bytes == "" || i > 0 && keys[i] == keys[i-1] {
			return nil, ErrPattern
		}
		for k := 0; k < len(p.Bytes); k++ {
			if p.Bytes[k] <= labelWord {
				return nil, ErrPattern
			}
		}
	}
	b := builder{patterns: sorted, keys: keys, cells: make([]uint32, 512), free: 1, bases: map[uint32]bool{}}
	if err := b.place(0, 0, 0, len(sorted)); err != nil {
		return nil, err
	}
	end := len(b.cells)
	for end > 1 && b.cells[end-1] == 0 {
		end--
	}
	return b.cells[:end:end], nil
}

// key is the path of p through the trie: its bytes and the label of its value.
func (p Pattern) key() string {
	if p.Whole {
		return p.Bytes + string(rune(labelWord))
	}
	return p.Bytes + string(rune(labelStem))
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

type builder struct {
	patterns []Pattern
	keys     []string
	cells    []uint32
	free     uint32 // no free cell is below it
	bases    map[uint32]bool
}

// edge is one label out of a state and the keys that go through it.
type edge struct {
	label    byte
	from, to int
}

// place lays out the state in cell at, whose path is depth bytes long and
// shared by the keys from..to.
func (b *builder) place(at uint32, depth, from, to int) error {
	edges := b.edges(depth, from, to)
	if len(edges) == 0 {
		return nil
	}
	base := b.findBase(edges)
	if base > maxBase {
		return errors.New("trie: too many patterns")
	}
	b.bases[base] = true
	b.cells[at] |= base << baseShift
	for _, e := range edges {
		b.fill(at, base, e, depth)
	}
	for _, e := range edges {
		if e.label > labelWord {
			if err := b.place(base+uint32(e.label), depth+1, e.from, e.to); err != nil {
				return err
			}
		}
	}
	return nil
}

// fill claims the cell behind edge e of the state in cell at.
func (b *builder) fill(at, base uint32, e edge, depth int) {
	k := base + uint32(e.label)
	value := uint32(b.patterns[e.from].Value) << baseShift
	switch {
	case e.label == labelStem && depth == len(b.keys[e.from])-1:
		b.cells[k] = value | used
		b.cells[at] |= hasStem
	case e.label == labelWord && depth == len(b.keys[e.from])-1:
		b.cells[k] = value | labelWord
		b.cells[at] |= hasWord
	default:
		b.cells[k] = uint32(e.label)
	}
}

// used marks the cell of a value as taken: its label and value may both be 0.
const used = 1 << 8

func (b *builder) edges(depth, from, to int) []edge {
	var edges []edge
	for i := from; i < to; i++ {
		if depth == len(b.keys[i]) {
			continue
		}
		c := b.keys[i][depth]
		if n := len(edges); n > 0 && edges[n-1].label == c {
			edges[n-1].to = i + 1
		} else {
			edges = append(edges, edge{c, i, i + 1})
		}
	}
	return edges
}

// findBase returns the lowest base not in use at which every edge finds a free
// cell. Cell 0 is the root's.
func (b *builder) findBase(edges []edge) uint32 {
	for b.free < uint32(len(b.cells)) && b.cells[b.free] != 0 {
		b.free++
	}
	first := uint32(edges[0].label)
	base := uint32(1)
	if b.free > first {
		base = b.free - first
	}
	for ; ; base++ {
		for uint32(len(b.cells)) <= base+256 {
			b.cells = append(b.cells, make([]uint32, 512)...)
		}
		if !b.bases[base] && b.fits(base, edges) {
			return base
		}
	}
}

func (b *builder) fits(base uint32, edges []edge) bool {
	for _, e := range edges {
		if b.cells[base+uint32(e.label)] != 0 {
			return false
		}
	}
	return true
}
