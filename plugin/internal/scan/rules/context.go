package rules

import "slices"

// Words that rule a match out are looked for only around a match, so that they
// cost nothing elsewhere. What lies before is read once, however many matches
// ask.

// maxContext bounds the bytes looked at before or behind a match.
const maxContext = 1024

// past is what is known of the context words before some place of a text.
type past struct {
	next   int   // they are taken in up to here
	pos    int32 // the units up to here, from some place
	inWord bool  // a word goes on here
	last   []sighting
}

// sighting is where a context word of a class was seen last: how many units
// from the place that past counts from, and where in the text, plus one.
type sighting struct {
	pos, end int32
}

func (p *past) reset() {
	p.next, p.pos, p.inWord = 0, 0, false
	clear(p.last)
}

// before tells whether a context word of class begins within span units before
// the present word or, with here, at it.
func (m *Matcher) before(class uint16, span int32, here bool) bool {
	m.recall()
	s := m.past.last[class]
	if int(s.end) > m.at-maxContext+1 && s.end != 0 && m.past.pos-s.pos <= span {
		return true
	}
	return here && slices.Contains(m.contextAt(m.at), class)
}

// recall takes in the context words up to the present word.
func (m *Matcher) recall() {
	p, text := &m.past, m.text
	if skip := m.at - maxContext + 1; p.next < skip {
		for p.next = skip; p.next < m.at && text[p.next]&0xC0 == 0x80; p.next++ {
		}
		p.inWord = kindBefore(text, p.next)&(kLetter|kDigit|kAlpha) != 0
	}
	m.Work -= walkWork * (m.at - p.next)
	for ; p.next < m.at; p.next++ {
		i := p.next
		units, inWord := place(text, i, p.inWord)
		p.inWord = inWord
		if units == 0 {
			continue
		}
		for _, class := range m.contextAt(i) {
			p.last[class] = sighting{p.pos, int32(i + 1)}
		}
		p.pos += units
	}
}

// place returns how many units the character at text[i] counts, and whether a
// word goes on behind it; inWord tells whether one goes on there.
func place(text []byte, i int, inWord bool) (units int32, goesOn bool) {
	c := text[i]
	switch kind := kinds[c]; {
	case c&0xC0 == 0x80: // the first byte of the character decides
		return 0, inWord
	case c == ' ':
		return 0, false
	case kind == kSep:
		return markUnits, false
	case kindAt(text, i) == kSpread:
		return unitsOf(c), false
	case inWord:
		return 0, true
	}
	return wordUnits, true
}

// after tells whether a context word of class begins behind the present word
// by at most span units.
func (m *Matcher) after(class uint16, span int32) bool {
	text := m.text
	inWord := true
	for i := m.at; i < len(text) && i-m.at < maxContext; i++ {
		m.Work -= walkWork
		units, goesOn := place(text, i, inWord)
		inWord = goesOn
		if units == 0 {
			continue
		}
		if span -= units; span < 0 {
			return false
		}
		if i > m.at && slices.Contains(m.contextAt(i), class) {
			return true
		}
	}
	return false
}

// contextAt returns the classes of the context words that begin at text[i],
// valid until it is called again.
func (m *Matcher) contextAt(i int) []uint16 {
	classes := m.classes[:0]
	f := finder{text: m.text}
	for k := range m.state {
		t := m.state[k].table
		if t == nil {
			continue
		}
		m.Work -= findWork + min(f.find(&t.Context, i), maxWord)
		for _, h := range f.hits[:f.n] {
			classes = append(classes, t.Lists[t.ListAt[h.value]:t.ListAt[h.value+1]]...)
		}
	}
	m.classes = classes
	return classes
}
