package scan

import (
	"github.com/sparkward/sparkward/plugin/internal/scan/decode"
	"github.com/sparkward/sparkward/plugin/internal/scan/fold"
	"github.com/sparkward/sparkward/plugin/internal/scan/rules"
)

// maxDepth is how many encodings within encodings are undone.
const maxDepth = 3

// view is a text as it is read at some depth of decoding, or a part of it.
type view struct {
	raw    []byte
	folded []byte
	signs  fold.Signs
	traits rules.Traits
	turns  turns
	path   path
	page   bool // whether the text that all began with is a long one
	parts  []int
	shows  []rules.Sign // of each part
}

// buffers are the memory of the views at one depth.
type buffers struct {
	raw, folded []byte
	flat, spare []byte // of one reading after the other
	parts       []int
	places      []rules.Sign
	shows       []rules.Sign
}

// decode looks through what the text of v turns into when disguises are undone
// that something in it points to. Plain text has none of these signs.
func (s *Scanner) decode(v *view) {
	s.locate(v)
	for d := range guises {
		u := &undone[d]
		// Long texts within texts are read as they are: pages hold all signs.
		if v.traits.Signs&u.sign == 0 || u.deep && v.path.n == maxDepth || !u.deep && v.path.n > 0 && len(v.raw) > page {
			continue
		}
		for n := 0; ; {
			var part view
			if part, n = v.next(n, u.sign); n == 0 || !s.spend(int(u.cost)*len(part.raw)) {
				break
			}
			if u.deep {
				s.deeper(d, &part)
			} else {
				s.reading(d, &part)
			}
		}
	}
}

// reading looks through another reading of part of a text, which leads nowhere
// else.
func (s *Scanner) reading(d guise, v *view) {
	b, n := &s.buffers[v.path.n], 0
	switch d {
	case likeness:
		b.flat = fold.AppendLookalikes(b.flat[:0], v.raw)
		s.flat(v, b.flat, lookalikes)
	case leetspeak:
		s.leet(v, b)
	case dotting:
		b.spare, n = decode.Marks(b.spare[:0], v.raw)
		s.reread(v, b, n >= minDotted)
	case spacing:
		s.singles(v, b)
	case mixing:
		if b.flat, n = rules.Builtin.Mixed.Unmix(b.flat[:0], v.folded); n > 0 {
			s.flat(v, b.flat, mixed)
		}
	case cipher:
		s.turn(v, b)
	}
}

// deeper looks through what part of a text turns into when an encoding is
// undone.
func (s *Scanner) deeper(d guise, v *view) {
	b, n, l := s.room(v), 1, layer(0)
	switch d {
	case invisible:
		s.reveal(v)
		return
	case escaping:
		out, kind := decode.Unescape(b.raw[:0], v.raw, decode.Escaped(v.raw))
		b.raw, l = out, unescaped+layer(kind)
	case coding:
		out, kind, found := decode.Runs(b.raw[:0], v.raw)
		b.raw, l, n = out, based+layer(kind), found
	case numbering:
		out, kind, found := decode.Numbers(b.raw[:0], v.raw)
		b.raw, l, n = out, numbered+layer(kind), found
	}
	s.follow(v, n, 1, l)
}

// room returns the buffers of the views that v leads to.
func (s *Scanner) room(v *view) *buffers { return &s.buffers[v.path.n+1] }

// reveal reads what invisible characters spell out.
func (s *Scanner) reveal(v *view) {
	b := s.room(v)
	if v.signs.Tags >= minTags {
		out, n := decode.Tags(b.raw[:0], v.raw)
		b.raw = out
		s.follow(v, n, minTags, tags)
	}
	if v.signs.Selectors >= minSelectors {
		out, n := decode.Selectors(b.raw[:0], v.raw)
		b.raw = out
		s.follow(v, n, minSelectors, selectors)
	}
	if v.signs.Invisible >= minBits {
		for _, flip := range []bool{false, true} {
			out, n := decode.Bits(b.raw[:0], v.raw, flip)
			b.raw = out
			s.follow(v, n, minBits/8, zeroWidth)
		}
	}
}

// follow looks through the text in the next buffer, which undoing l made of v
// in n places, if they are enough.
func (s *Scanner) follow(v *view, n, least int, l layer) {
	b := s.room(v)
	if n < least || !s.spend(perView+perViewByte*len(b.raw)) {
		return
	}
	next := view{raw: b.raw, path: v.path.with(l), page: v.page}
	if l.encodes() && !v.page { // a page may well hold a blob
		s.add(s.own+checkEncoding, Low, next.path)
	}
	s.look(&next)
	s.addModel(next.folded, next.path)
	s.decode(&next)
}

// look folds and reads the text of v.
func (s *Scanner) look(v *view) {
	b := &s.buffers[v.path.n]
	b.folded, b.parts = fold.AppendParts(b.folded[:0], v.raw, &v.signs, b.parts[:0])
	v.folded, v.parts = b.folded, b.parts
	s.spend(perGrown * max(0, len(v.folded)-len(v.raw)))
	v.traits.Places = append(b.places[:0], 0)[:0]
	if s.matcher.Run(v.folded, &v.traits) > 0 {
		s.addRules(v.path)
	}
	b.places = v.traits.Places
	v.turns = s.turns()
}

const (
	minLeet   = 2 // digits between letters, or marks like letters beside one
	minDotted = 4
)

// reread looks through the text in b.spare, which was put together from v's.
func (s *Scanner) reread(v *view, b *buffers, worth bool) {
	if worth {
		var signs fold.Signs
		b.flat = fold.Append(b.flat[:0], b.spare, &signs)
		s.flat(v, b.flat, joined)
	}
}

// singles looks through the text of v with single letters put together, once
// with wider gaps as spaces, once without any.
func (s *Scanner) singles(v *view, b *buffers) {
	out, n := decode.Singles(b.spare[:0], v.raw, false)
	b.spare = out
	s.reread(v, b, n > 0)
	if n == 0 {
		return
	}
	b.spare, _ = decode.Singles(b.spare[:0], v.raw, true)
	var signs fold.Signs
	b.flat = fold.Append(b.flat[:0], b.spare, &signs)
	if s.spend(perView+perViewByte*len(b.flat)) && s.matcher.RunJoined(b.flat) > 0 {
		s.addRules(v.path.with(joined))
	}
}

// leet reads digits and marks as letters. What 1 stands for, i or l, is told by
// which makes a known word.
func (s *Scanner) leet(v *view, b *buffers) {
	out, n := decode.Leet(b.flat[:0], v.folded, 'i')
	b.flat = out
	if n < minLeet {
		return
	}
	if hasOne(v.folded) {
		b.spare, _ = decode.Leet(b.spare[:0], v.folded, 'l')
		known := &rules.Builtin.Mixed
		decode.EachWord(out, func(from, to int) {
			if other := b.spare[from:to]; known.Has(other) && !known.Has(out[from:to]) {
				copy(out[from:to], other)
			}
		})
	}
	s.flat(v, out, leet)
}

// flat looks through another reading of the text of v.
func (s *Scanner) flat(v *view, folded []byte, l layer) {
	var tr rules.Traits
	if !s.spend(perView + perViewByte*len(folded)) {
		return
	}
	if s.matcher.Run(folded, &tr) > 0 {
		s.addRules(v.path.with(l))
	}
	// The model reads mixed letters anyway. A page read in a way that it was not
	// written for says something by chance.
	if l != mixed && !v.page {
		s.addModel(folded, v.path.with(l))
	}
}

// hasOne tells whether text has a digit or mark that may be an i or an l.
func hasOne(text []byte) bool {
	for _, c := range text {
		if c == '1' || c == '!' || c == '|' {
			return true
		}
	}
	return false
}
