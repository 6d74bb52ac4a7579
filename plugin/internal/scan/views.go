package scan

import (
	"github.com/sparkward/sparkward/plugin/internal/scan/decode"
	"github.com/sparkward/sparkward/plugin/internal/scan/fold"
	"github.com/sparkward/sparkward/plugin/internal/scan/rules"
)

// maxDepth is how many encodings within encodings are undone.
const maxDepth = 3

// budget is the most bytes that all views of a text of n bytes may have: enough
// for every decoding of a common text, and never much more than a large one
// has itself.
func budget(n int) int { return 64<<10 + max(2*n, min(8*n, 512<<10)) }

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
	if g := &v.signs; g.Tags >= minTags || g.Selectors >= minSelectors || g.Invisible >= minBits {
		s.reveal(v)
	}
	tr := &v.traits
	if tr.Marks[1]&(1<<('\\'-0x40)) != 0 || tr.Marks[0]&(1<<'%'|1<<'&'|1<<'=') != 0 {
		if kinds := decode.Escaped(v.raw); kinds != 0 {
			b := s.room(v)
			out, kind := decode.Unescape(b.raw[:0], v.raw, kinds)
			b.raw = out
			s.follow(v, 1, 1, unescaped+layer(kind))
		}
	}
	if tr.Long {
		b := s.room(v)
		out, kind, n := decode.Runs(b.raw[:0], v.raw)
		b.raw = out
		s.follow(v, n, 1, based+layer(kind))
	}
	if tr.Codes {
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
	if n < least || !s.afford(len(b.raw)) {
		return
	}
	next := view{raw: b.raw, path: v.path.with(l)}
	b.folded = fold.Append(b.folded[:0], next.raw, &next.signs)
	next.folded = b.folded
	if l.encodes() && len(v.raw) <= page { // a page may well hold a blob
		s.add(s.own+checkEncoding, Low, next.path)
	}
	if s.matcher.Run(next.folded, &next.traits) > 0 {
		s.addRules(next.path)
	}
	next.turns = s.turns()
	s.addModel(next.folded, next.path)
	s.decode(&next)
}

// afford takes n bytes from the budget. When it is used up, the report says so.
func (s *Scanner) afford(n int) bool {
	if s.text.budget -= n; s.text.budget < 0 {
		s.text.report.Truncated = true
		return false
	}
	return true
}

// unfold looks through other readings of folded text, which lead nowhere else.
func (s *Scanner) unfold(v *view) {
	b, tr := &s.buffers[v.path.n], &v.traits
	if tr.Lookalikes > 0 {
		b.flat = fold.AppendLookalikes(b.flat[:0], v.raw)
		s.flat(v, b.flat, lookalikes)
	}
	if tr.Leet+tr.Symbols >= minLeet {
		s.leet(v, b)
	}
	if tr.Dotted >= minDotted {
		out, n := decode.Marks(b.spare[:0], v.raw)
		b.spare = out
		s.reread(v, b, n >= minDotted)
	}
	if tr.Single >= minSingle || tr.Dotted >= minDotted {
		s.singles(v, b)
	}
	if tr.Mixed > 0 {
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
	if s.afford(len(b.flat)) && s.matcher.RunJoined(b.flat) > 0 {
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
	b.spare, _ = decode.Leet(b.spare[:0], v.folded, 'l')
	known := &rules.Builtin.Mixed
	decode.EachWord(out, func(from, to int) {
		if other := b.spare[from:to]; known.Has(other) && !known.Has(out[from:to]) {
			copy(out[from:to], other)
		}
	})
	s.flat(v, out, leet)
}

// flat looks through another reading of the text of v.
func (s *Scanner) flat(v *view, folded []byte, l layer) {
	var tr rules.Traits
	if !s.afford(len(folded)) {
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
