package trie

import (
	"errors"
	"slices"
	"strings"
)

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

// errFull is returned for more patterns than a cell can address: some hundred
// thousand.
var errFull = errors.New("trie: too many patterns")

// Build packs patterns. The result is the same for the same set of patterns in
// any order.
func Build(patterns []Pattern) (Trie, error) {
	sorted := slices.Clone(patterns)
	slices.SortFunc(sorted, func(a, b Pattern) int { return strings.Compare(a.key(), b.key()) })
	b := builder{patterns: sorted, cells: make([]uint32, 512), bases: make([]bool, 512), free: 1}
	for i, p := range sorted {
		b.keys = append(b.keys, p.key())
		if !p.valid() || i > 0 && b.keys[i] == b.keys[i-1] {
			return Trie{}, ErrPattern
		}
	}
	if len(sorted) == 0 {
		return Trie{Cells: []uint32{0}}, nil
	}
	if err := b.place(0, 0, 0, len(sorted)); err != nil {
		return Trie{}, err
	}
	tails, err := b.layTails()
	if err != nil {
		return Trie{}, err
	}
	end := len(b.cells)
	for end > 1 && b.cells[end-1] == 0 {
		end--
	}
	return Trie{Cells: b.cells[:end:end], Tails: tails}, nil
}

func (p Pattern) valid() bool {
	for k := 0; k < len(p.Bytes); k++ {
		if p.Bytes[k] <= LabelWord {
			return false
		}
	}
	return p.Bytes != ""
}

// key is the path of p through the trie: its bytes and the label of its value.
func (p Pattern) key() string {
	if p.Whole {
		return p.Bytes + string(rune(LabelWord))
	}
	return p.Bytes + string(rune(LabelStem))
}

type builder struct {
	patterns []Pattern
	keys     []string
	cells    []uint32
	bases    []bool // in use
	free     uint32 // no free cell is below it
	tails    []tail
}

// tail is the rest of a pattern, to be put behind the state in a cell.
type tail struct {
	cell uint32
	text string
}

// edge is one label out of a state and the keys that go through it.
type edge struct {
	label    byte
	from, to int
}

// place lays out the state in cell at, whose path is depth bytes long and
// shared by the keys from..to.
func (b *builder) place(at uint32, depth, from, to int) error {
	if to-from == 1 && at != 0 {
		v := b.patterns[from].Value
		rest := b.keys[from][depth:]
		b.cells[at] |= inTail
		b.tails = append(b.tails, tail{at, rest + string([]byte{byte(v), byte(v >> 8)})})
		return nil
	}
	edges := b.edges(depth, from, to)
	base := b.findBase(edges)
	if base > maxBase {
		return errFull
	}
	b.bases[base] = true
	b.cells[at] |= base << baseShift
	for _, e := range edges {
		b.fill(at, base, e)
	}
	for _, e := range edges {
		if e.label > LabelWord {
			if err := b.place(base+uint32(e.label), depth+1, e.from, e.to); err != nil {
				return err
			}
		}
	}
	return nil
}

// fill claims the cell behind edge e of the state in cell at.
func (b *builder) fill(at, base uint32, e edge) {
	value := uint32(b.patterns[e.from].Value) << baseShift
	k := base + uint32(e.label)
	switch e.label {
	case LabelStem:
		b.cells[k] = value | taken | LabelStem
		b.cells[at] |= hasStem
	case LabelWord:
		b.cells[k] = value | taken | LabelWord
		b.cells[at] |= hasWord
	default:
		b.cells[k] = uint32(e.label)
	}
}

// taken marks the cell of a value, whose label and value may both be 0.
const taken = 1 << 8

// edges returns the labels that follow depth bytes of the keys from..to.
func (b *builder) edges(depth, from, to int) []edge {
	var edges []edge
	for i := from; i < to; i++ {
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
		if uint32(len(b.cells)) <= base+256 {
			b.cells = append(b.cells, make([]uint32, 512)...)
			b.bases = append(b.bases, make([]bool, 512)...)
		}
		if b.fits(base, edges) {
			return base
		}
	}
}

func (b *builder) fits(base uint32, edges []edge) bool {
	if b.bases[base] {
		return false
	}
	for _, e := range edges {
		if b.cells[base+uint32(e.label)] != 0 {
			return false
		}
	}
	return true
}

// layTails writes the tails one behind the other, those that end alike once,
// and their places into the cells.
func (b *builder) layTails() (string, error) {
	slices.SortFunc(b.tails, func(x, y tail) int { return -compareFromEnd(x.text, y.text) })
	var out []byte
	last := ""
	for _, t := range b.tails {
		if !strings.HasSuffix(last, t.text) {
			out = append(out, t.text...)
			last = t.text
		}
		at := len(out) - len(t.text)
		if at > maxBase {
			return "", errFull
		}
		b.cells[t.cell] |= uint32(at) << baseShift
	}
	return string(out), nil
}

// compareFromEnd compares two strings by their last bytes first.
func compareFromEnd(x, y string) int {
	for i := 1; i <= len(x) && i <= len(y); i++ {
		if a, b := x[len(x)-i], y[len(y)-i]; a != b {
			return int(a) - int(b)
		}
	}
	return len(x) - len(y)
}
