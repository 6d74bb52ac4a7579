package rules

// Words that rule a match out are looked for only where there is a match, so
// that they cost nothing elsewhere.

// maxContext bounds the bytes looked at before or behind a match.
const maxContext = 1024

// before tells whether a context word of class begins within span units before
// the present word or, with here, at it.
func (m *Matcher) before(class uint16, span int32, here bool) bool {
	if here && m.context(class, m.at) {
		return true
	}
	text := m.text
	for i := m.at - 1; i >= 0 && m.at-i < maxContext; i-- {
		kind := kinds[text[i]]
		switch {
		case text[i]&0xC0 == 0x80:
			continue // the first byte of the character decides
		case text[i] == ' ':
			continue
		case kind == kSep:
			span -= markUnits
		case kindAt(text, i) == kSpread:
			span -= units(text[i])
		case i > 0 && kindBefore(text, i)&(kLetter|kDigit|kAlpha) != 0:
			continue // not the first of its word
		default:
			span -= wordUnits
		}
		if span < 0 {
			return false
		}
		if m.context(class, i) {
			return true
		}
	}
	return false
}

// after tells whether a context word of class begins behind the present word
// by at most span units.
func (m *Matcher) after(class uint16, span int32) bool {
	text := m.text
	inWord := true
	for i := m.at; i < len(text) && i-m.at < maxContext; i += width(text[i]) {
		kind := kindAt(text, i)
		switch {
		case text[i] == ' ':
			inWord = false
			continue
		case kind == kSep:
			span -= markUnits
			inWord = false
		case kind == kSpread:
			span -= units(text[i])
			inWord = false
		case inWord:
			continue
		default:
			span -= wordUnits
			inWord = true
		}
		if span < 0 {
			return false
		}
		if i > m.at && m.context(class, i) {
			return true
		}
	}
	return false
}

// context tells whether a context word of class begins at text[i].
func (m *Matcher) context(class uint16, i int) bool {
	f := finder{text: m.text}
	for k := range m.state {
		t := m.state[k].table
		if t == nil {
			continue
		}
		f.find(&t.Context, i)
		for _, h := range f.hits[:f.n] {
			for _, have := range t.Lists[t.ListAt[h.value]:t.ListAt[h.value+1]] {
				if have == class {
					return true
				}
			}
		}
	}
	return false
}
