package trie

import (
	"errors"
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
	if len(patterns) == 0 {
		return Trie{Cells: []uint32{0}}, nil
	}
	b := builder{cells: make([]uint32, 512), bases: make([]bool, 512), free: 1}
	for _, p := range patterns {
		if !p.valid() {
			return Trie{}, ErrPattern
		}
		b.keys = append(b.keys, p.key())
	}
	Sort(b.keys)
	for i := 1; i < len(b.keys); i++ {
		if path(b.keys[i]) == path(b.keys[i-1]) {
			return Trie{}, ErrPattern
		}
	}
	if err := b.place(0, 0, 0, len(b.keys)); err != nil {
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

// valueBytes is the length of the value in a key.
const valueBytes = 2

// key is the path of p through the trie, its bytes and the label of its value,
// and then the value.
func (p Pattern) key() string {
	label := byte(LabelStem)
	if p.Whole {
		label = LabelWord
	}
	return p.Bytes + string([]byte{label, byte(p.Value), byte(p.Value >> 8)})
}

// path returns a key without the value.
func path(key string) string { return key[:len(key)-valueBytes] }

// value returns the value of a key.
func value(key string) uint16 {
	return uint16(key[len(key)-2]) | uint16(key[len(key)-1])<<8
}

// Sort sorts s. Unlike the standard library's it is a few hundred bytes of
// code, and fast enough for words.
func Sort(s []string) {
	for root := len(s)/2 - 1; root >= 0; root-- {
		sift(s, root)
	}
	for end := len(s) - 1; end > 0; end-- {
		s[0], s[end] = s[end], s[0]
		sift(s[:end], 0)
	}
}

// sift moves the element at root down to its place in the heap s.
func sift(s []string, root int) {
	for {
		child := 2*root + 1
		if child >= len(s) {
			return
		}
		if child+1 < len(s) && s[child] < s[child+1] {
			child++
		}
		if s[root] >= s[child] {
			return
		}
		s[root], s[child] = s[child], s[root]
		root = child
	}
}

type builder struct {
	keys  []string
	cells []uint32
	bases []bool // in use
	free  uint32 // no free cell is below it
	tails []tail
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
	if to-from == 1 && at != 0 && plain(b.keys[from][depth:]) {
		b.cells[at] |= inTail
		b.tails = append(b.tails, tail{at, packEnd(b.keys[from][depth:])})
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

// plain tells whether no byte of a key's rest could be taken for an end.
func plain(rest string) bool {
	for _, c := range []byte(path(rest)[:len(path(rest))-1]) {
		if IsEnd(c) {
			return false
		}
	}
	return true
}

// packEnd returns the rest of a key with its end as End reads it.
func packEnd(rest string) string {
	bytes, label := path(rest)[:len(path(rest))-1], path(rest)[len(path(rest))-1]
	code := firstShort + int(value(rest))*2 + int(label)
	if code >= lineFeed {
		code++
	}
	if code > lastShort {
		return rest
	}
	return bytes + string(rune(code))
}

// fill claims the cell behind edge e of the state in cell at.
func (b *builder) fill(at, base uint32, e edge) {
	value := uint32(value(b.keys[e.from])) << baseShift
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

// layTails writes the tails, the long ones first, and their places into the
// cells. One that is part of what is there takes no more room.
func (b *builder) layTails() (string, error) {
	var out strings.Builder
	for size, left := 0, len(b.tails); left > 0; size++ {
		for _, t := range b.tails {
			if longest-len(t.text) != size && (size > 0 || len(t.text) < longest) {
				continue
			}
			left--
			at := strings.Index(out.String(), t.text)
			if at < 0 {
				at = out.Len()
				out.WriteString(t.text)
			}
			if at > maxBase {
				return "", errFull
			}
			b.cells[t.cell] |= uint32(at) << baseShift
		}
	}
	return out.String(), nil
}

// longest is the length of tails from which on they are not told apart.
const longest = 40
