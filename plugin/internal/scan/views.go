package scan

import (
	"github.com/sparkward/sparkward/plugin/internal/scan/decode"
	"github.com/sparkward/sparkward/plugin/internal/scan/fold"
	"github.com/sparkward/sparkward/plugin/internal/scan/rules"
)

// maxDepth is how many encodings within encodings are undone.
const maxDepth = 3

// view is a text as it is read at some depth of decoding.
type view struct {
	raw    []byte
	folded []byte
	signs  fold.Signs
	traits rules.Traits
	turns  turns
	path   path
}

// buffers are the memory of the views at one depth.
type buffers struct {
	raw, folded []byte
	flat, spare []byte // of one reading after the other
}

// decode looks through what the text of v turns into when disguises are undone
// that something in it points to. Plain text has none of these signs.
func (s *Scanner) decode(v *view) {
	// Long texts within texts are read as they are: pages hold all signs.
	if v.path.n == 0 || len(v.raw) <= page {
		s.unfold(v)
	}
	if v.path.n == maxDepth {
		return
	}
	if g := &v.signs; (g.Tags >= minTags || g.Selectors >= minSelectors || g.Invisible >= minBits) && s.spend(perBits*len(v.raw)) {
		s.reveal(v)
	}
	tr := &v.traits
	if (tr.Marks[1]&(1<<('\\'-0x40)) != 0 || tr.Marks[0]&(1<<'%'|1<<'&'|1<<'=') != 0) && s.spend(len(v.raw)/perEscapes) {
		if kinds := decode.Escaped(v.raw); kinds != 0 && s.spend(perUnescape*len(v.raw)) {
			b := s.room(v)
			out, kind := decode.Unescape(b.raw[:0], v.raw, kinds)
			b.raw = out
			s.follow(v, 1, 1, unescaped+layer(kind))
		}
	}
	if tr.Long && s.spend(perRuns*len(v.raw)) {
		b := s.room(v)
		out, kind, n := decode.Runs(b.raw[:0], v.raw)
		b.raw = out
		s.follow(v, n, 1, based+layer(kind))
	}
	if tr.Codes && s.spend(perNumbers*len(v.raw)) {
		b := s.room(v)
		out, kind, n := decode.Numbers(b.raw[:0], v.raw)
		b.raw = out
		s.follow(v, n, 1, numbered+layer(kind))
	}
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
	next := view{raw: b.raw, path: v.path.with(l)}
	b.folded = fold.Append(b.folded[:0], next.raw, &next.signs)
	next.folded = b.folded
	s.spend(perGrown * max(0, len(next.folded)-len(next.raw)))
	if l.encodes() && len(v.raw) <= page { // a page may well hold a blob
		s.add(s.own+checkEncoding, Low, next.path)
	}
	s.read(&next)
	s.addModel(next.folded, next.path)
	s.decode(&next)
}

// unfold looks through other readings of folded text, which lead nowhere else.
func (s *Scanner) unfold(v *view) {
	b, tr := &s.buffers[v.path.n], &v.traits
	if tr.Lookalikes > 0 && s.spend(perLookalike*len(v.raw)) {
		b.flat = fold.AppendLookalikes(b.flat[:0], v.raw)
		s.flat(v, b.flat, lookalikes)
	}
	if tr.Leet+tr.Symbols >= minLeet && s.spend(perLeet*len(v.folded)) {
		s.leet(v, b)
	}
	if tr.Dotted >= minDotted && s.spend(perMarks*len(v.raw)) {
		out, n := decode.Marks(b.spare[:0], v.raw)
		b.spare = out
		s.reread(v, b, n >= minDotted)
	}
	if (tr.Single >= minSingle || tr.Dotted >= minDotted) && s.spend(perSingles*len(v.raw)) {
		s.singles(v, b)
	}
	if tr.Mixed > 0 && s.spend(perUnmix*len(v.folded)) {
		out, n := rules.Builtin.Mixed.Unmix(b.flat[:0], v.folded)
		b.flat = out
		if n > 0 {
			s.flat(v, out, mixed)
		}
	}
	s.turn(v, b)
}

const (
	minLeet   = 2 // digits between letters, or marks like letters beside one
	minSingle = 4 // pairs of single letters within 64 bytes
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
	if l != mixed && len(folded) <= page {
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
