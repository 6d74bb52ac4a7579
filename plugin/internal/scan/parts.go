package scan

import (
	"github.com/sparkward/sparkward/plugin/internal/scan/decode"
	"github.com/sparkward/sparkward/plugin/internal/scan/fold"
	"github.com/sparkward/sparkward/plugin/internal/scan/rules"
)

// A disguise is only undone around the places that point to it: program code
// points to most of them somewhere. Short texts are read as a whole.

// guise is a kind of disguise that can be undone, in the order in which it is.
type guise uint8

const (
	likeness guise = iota
	leetspeak
	dotting
	spacing
	mixing
	cipher
	invisible
	escaping
	coding
	numbering
	guises // how many there are
)

// Signs beside those of package rules: something that looks like an escape, and
// invisible characters that may spell something out.
const (
	escapes = rules.Sign(1) << (rules.Signs + iota)
	unseen
)

// undone says of each disguise what points to it, how many steps a byte it
// takes, and whether what comes out may hold further ones.
var undone = [guises]struct {
	sign rules.Sign
	cost uint8
	deep bool
}{
	likeness:  {rules.Lookalike, perLookalike, false},
	leetspeak: {rules.Leet, perLeet, false},
	dotting:   {rules.Dotted, perMarks, false},
	spacing:   {rules.Single | rules.Dotted, perSingles, false},
	mixing:    {rules.Mixed, perUnmix, false},
	cipher:    {rules.Watched, 0, false},
	invisible: {unseen, perBits, true},
	escaping:  {escapes, perUnescape, true},
	coding:    {rules.Long, perRuns, true},
	numbering: {rules.Codes, perNumbers, true},
}

// locate adds to the signs of v those that the walk does not tell, and notes
// which parts of a page show which.
func (s *Scanner) locate(v *view) {
	if v.traits.Leet < minLeet {
		v.traits.Signs &^= rules.Leet
	} else {
		v.traits.Signs |= rules.Leet
	}
	all := rules.Sign(0)
	if g := &v.signs; g.Tags >= minTags || g.Selectors >= minSelectors || g.Invisible >= minBits {
		all = unseen // what they spell out may be spread over all
	}
	v.traits.Signs |= all
	if m := &v.traits.Marks; (m[1]&(1<<('\\'-0x40)) != 0 || m[0]&(1<<'%'|1<<'&'|1<<'=') != 0) &&
		s.spend(len(v.raw)/perEscapes) && decode.Escaped(v.raw) != 0 {
		v.traits.Signs |= escapes
	}
	if len(v.raw) > whole {
		b := &s.buffers[v.path.n]
		b.shows = b.shows[:0]
		for k := range len(v.parts) - 1 {
			b.shows = append(b.shows, all|v.signsOf(k))
		}
		v.shows = b.shows
	}
}

// whole is the longest text that is decoded as a whole.
const whole = 896

// longestEscape is how much of an escape may lie in the next part.
const longestEscape = 12

// signsOf returns the signs of a part.
func (v *view) signsOf(part int) (all rules.Sign) {
	places := v.traits.Places
	for at := v.parts[part] / 64; at < len(places) && at*64 < v.parts[part+1]; at++ {
		all |= places[at]
	}
	if v.traits.Signs&escapes != 0 {
		from, to := fold.PartAt(v.raw, part), fold.PartAt(v.raw, part+1)
		if decode.Escaped(v.raw[from:min(to+longestEscape, len(v.raw))]) != 0 {
			all |= escapes
		}
	}
	return all
}

// nearby is how many parts around one that shows a sign are read with it.
const nearby = 1

// next returns what lies around the next place of v, from part n on, that shows
// a sign, and from which part on to look for another; that is 0 if there is no
// more. A short text is one place.
func (v *view) next(n int, sign rules.Sign) (view, int) {
	part := *v
	if v.shows == nil {
		return part, 1 - n
	}
	for n < len(v.shows) && v.shows[n]&sign == 0 {
		n++
	}
	if n == len(v.shows) {
		return part, 0
	}
	from, last := max(n-nearby, 0), n
	for ; n < len(v.shows) && n-last <= 2*nearby; n++ {
		if v.shows[n]&sign != 0 {
			last = n
		}
	}
	to := min(last+nearby+1, len(v.shows))
	part.raw = v.raw[fold.PartAt(v.raw, from):fold.PartAt(v.raw, to)]
	part.folded = v.folded[v.parts[from]:v.parts[to]]
	part.shows = nil
	return part, n
}
