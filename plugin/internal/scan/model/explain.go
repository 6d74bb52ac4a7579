package model

import "slices"

// A Feature is one part of a text that moved a head's score.
type Feature struct {
	// Start and End are the byte range in the folded text, from the first to
	// the last word of the pair.
	Start, End int
	// Weight is what it added, in 1/256 of a logit; it fades with each word
	// that follows.
	Weight int32
}

// Explain returns the n features of the folded text that spoke most for an
// attack by the head's weights, strongest first. It is for people: it
// allocates and takes its time.
func Explain(text []byte, h Head, n int) []Feature {
	var (
		all    []Feature
		starts []int
		m      = builtin
	)
	_, _, orders := Pooling(h)
	Walk(text, func(start, end int, features *[Orders]uint32, first bool) {
		starts = append(starts, start)
		if h == Persona && !first {
			return
		}
		for o, f := range features[:orders] {
			from := max(0, len(starts)-1-reach[o])
			w := m.weight(h, f) * (m.Scale[h] >> 8)
			if w > 0 {
				all = append(all, Feature{starts[from], end, w})
			}
		}
	})
	slices.SortStableFunc(all, func(a, b Feature) int { return int(b.Weight - a.Weight) })
	return all[:min(n, len(all))]
}

// reach is how many words back each feature begins.
var reach = [Orders]int{0, 1, 1, 2, 3}
