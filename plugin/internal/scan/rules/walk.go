package rules

import "math/bits"

// Run walks folded text and finds rules in it. It returns the number found.
func (m *Matcher) Run(text []byte, tr *Traits) int {
	w := walker{Matcher: m, finder: finder{text: text}, traits: tr}
	if m.extra == nil && len(m.base.Filter) == filterWords {
		w.filter = (*filter)(m.base.Filter)
	}
	return w.run()
}

// RunJoined is Run for text whose words are not set apart: a word may begin at
// every letter and end anywhere.
func (m *Matcher) RunJoined(text []byte) int {
	w := walker{Matcher: m, finder: finder{text: text, anyEnd: true}, traits: &Traits{}}
	return w.run()
}

// walker goes over a text 64 bytes at a time and looks closer at the places
// where a pattern may begin.
type walker struct {
	*Matcher
	finder
	traits *Traits
	filter *filter // nil if every word is to be looked at
	k      block   // the present 64 bytes
	prev   uint64  // words of the 64 bytes before
	// Bits of the next 64 bytes: places right behind a character that no word
	// goes on after, and behind an escape such as \n.
	fresh, escaped uint64
	tail           [64 + ahead]byte
}

func (w *walker) run() int {
	text := w.finder.text
	w.reset(text)
	w.lineStart()
	for base := 0; base < len(text); base += 64 {
		b := text[base:]
		if len(b) < len(w.tail) {
			n := copy(w.tail[:], b)
			for i := n; i < len(w.tail); i++ {
				w.tail[i] = ' '
			}
			b = w.tail[:]
		}
		w.k.read(b)
		words := w.k.letter | w.k.digit | w.k.high
		w.traits.note(&w.k, words, w.prev)
		begins := words & (^(words<<1 | w.prev>>63) | w.fresh)
		w.fresh = 0
		if w.k.high == 0 && w.filter != nil {
			w.ascii(b, base, words, begins)
		} else {
			w.mixture(b, base, words, begins)
		}
		if w.found >= enough {
			break
		}
		w.prev = words
	}
	return w.found
}

// enough is the number of rules found from which on no more are looked for: the
// score cannot grow.
const enough = 8

// lineStart matches patterns that begin with a line feed at the start of the
// text, where there is none.
func (w *walker) lineStart() {
	text := w.finder.text
	if len(text) == 0 {
		return
	}
	const most = maxWord + 1
	w.finder.text = append([]byte{'\n'}, text[:min(len(text), most)]...)
	w.begin(0)
	w.finder.text = text
}

// ascii takes in 64 bytes of ASCII. It first gathers the places that pass the
// filter, without a branch for each word, and then looks at them.
func (w *walker) ascii(b []byte, base int, words, begins uint64) {
	k, filter := &w.k, w.filter
	marks := ^(words | k.space)
	// near has a bit for each place that a mark follows too soon for the key
	// of a phrase.
	near := marks | marks>>1 | marks>>2 | k.marks<<63 | k.marks<<62
	near |= near>>3 | k.marks<<61 | k.marks<<60 | k.marks<<59
	near |= near>>2 | k.marks<<58 | k.marks<<57
	long := begins & k.letter & (words>>1 | k.after<<63) & (words>>2 | k.after<<62) &
		(words>>3 | k.after<<61) & (words>>4 | k.after<<60)
	look, jumbled, escaped := uint64(0), uint64(0), w.escaped
	w.escaped = 0
	p, after := (*[64 + ahead]byte)(b), k.after<<1
	for todo := begins & k.letter &^ long; todo != 0; todo &= todo - 1 {
		at := bits.TrailingZeros64(todo) & 63
		x := load64(p[at : at+8])
		size := bits.TrailingZeros64(^(words>>at | after<<(63-at)))
		look |= (filter.has(x&(1<<(8*size&63)-1)) | filter.has(x&sixBytes|phraseSalt) | filter.has(x^longSalt) | near>>at&1) << at
	}
	for todo := long; todo != 0; todo &= todo - 1 {
		at := bits.TrailingZeros64(todo) & 63
		x := load64(p[at : at+8])
		size := bits.TrailingZeros64(^(words>>at | after<<(63-at)))
		look |= filter.has(wordKey(x, size)) << at
		last := p[min(at+size, len(p))-1]
		jumbled |= filter.has(jumbledKey(x, load64(p[at+8:at+16]), size, last)) << at
	}
	for todo := marks | begins&k.digit; todo != 0; todo &= todo - 1 {
		at := bits.TrailingZeros64(todo) & 63
		x := load64(p[at : at+8])
		look |= filter.has(x&threeBytes|shortSalt) << at
		if w.traits.mark(byte(x), p[at+1]) && kindAt(b, at+2)&(kSep|kSpread) == 0 {
			escaped |= 1 << (at + 2)
			w.escaped |= 1 << at >> 62
		}
	}
	todo := look | jumbled | escaped
	if left := len(w.finder.text) - base; left < 64 {
		todo &= 1<<left - 1
	}
	start := w.start
	for ; todo != 0; todo &= todo - 1 {
		at := bits.TrailingZeros64(todo) & 63
		below := todo&-todo - 1
		w.start = start + int32(wordUnits*bits.OnesCount64(begins&below)+markUnits*bits.OnesCount64(marks&below))
		if escaped>>at&1 != 0 {
			w.start -= wordUnits // of the letter of the escape
		}
		if (look|escaped)>>at&1 != 0 && w.begin(base+at) {
			continue
		}
		if jumbled>>at&1 != 0 {
			w.mixed(base+at, bits.TrailingZeros64(^(words>>at | after<<(63-at))))
		}
	}
	w.start = start + int32(wordUnits*bits.OnesCount64(begins)+markUnits*bits.OnesCount64(marks))
}

// mixture takes in 64 bytes with characters outside ASCII, or those of a text
// whose every word is to be looked at.
func (w *walker) mixture(b []byte, base int, words, begins uint64) {
	k := &w.k
	todo := begins | k.lead | ^(words | k.space)
	if w.anyEnd {
		todo = ^k.space
	}
	escaped := w.escaped
	todo |= escaped
	w.escaped = 0
	if left := len(w.finder.text) - base; left < 64 {
		todo &= 1<<left - 1
	}
	for ; todo != 0; todo &= todo - 1 {
		at := bits.TrailingZeros64(todo)
		i, here := base+at, todo&-todo
		switch kind := kindAt(b, at); {
		case here&escaped != 0:
			w.start -= wordUnits // of the letter of the escape
			w.begin(i)
			w.start += wordUnits
		case kind == kSep:
			w.look(b, at, i)
			w.start += markUnits
			if w.traits.mark(b[at], b[at+1]) && kindAt(b, at+2)&(kSep|kSpread) == 0 {
				escaped |= here << 2
				todo |= here << 2
				w.escaped |= here >> 62
			}
		case kind == kSpread:
			w.look(b, at, i)
			w.start += unitsOf(b[at])
			if next := at + width(b[at]); next < 64 { // a word may begin right behind
				begins |= words & (1 << next)
				todo |= words & (1 << next)
			} else {
				w.fresh = 1 << (next - 64)
			}
		case b[at]&0xC0 == 0x80: // the rest of a character
		case w.anyEnd:
			w.begin(i)
			w.start += shortUnits
		case here&begins != 0:
			w.look(b, at, i)
			w.start += wordUnits
			fallthrough
		default:
			if kind&kLook != 0 && w.besideLatin(i) {
				w.traits.Lookalikes++
			}
		}
	}
}

// look takes in what begins at b[at], which is at i in the text, if it passes
// the filter.
func (w *walker) look(b []byte, at, i int) {
	if c := b[at]; w.filter != nil && c >= 0x80 {
		if !w.filter.hasOther(load64(b[at:])) {
			return
		}
	} else if w.filter != nil && kinds[c] == kSep {
		if w.filter.has(load64(b[at:])&threeBytes|shortSalt) == 0 {
			return
		}
	} else if kinds[c] == kLetter {
		if w.begin(i) {
			return
		}
		size := 1
		for i+size < len(w.finder.text) && kinds[w.finder.text[i+size]] == kLetter && size <= maxMixed {
			size++
		}
		w.mixed(i, size)
		return
	}
	w.begin(i)
}

// besideLatin tells whether the character at i touches an ASCII letter.
func (w *walker) besideLatin(i int) bool {
	text := w.finder.text
	end := i + width(text[i])
	return i > 0 && kinds[text[i-1]] == kLetter || end < len(text) && kinds[text[end]] == kLetter
}

// begin takes in the patterns that begin at text[i] and tells whether any did.
func (w *walker) begin(i int) bool {
	w.at = i
	met := w.beginIn(w.base, i)
	if w.extra != nil {
		met = w.beginIn(w.extra, i) || met
	}
	return met
}

func (w *walker) beginIn(t *Table, i int) bool {
	w.find(&t.Words, i)
	for _, h := range w.hits[:w.n] {
		w.value(t, h.value, int32(h.gaps))
	}
	return w.n > 0
}

// mixed takes in a word that begins no pattern.
func (w *walker) mixed(i, size int) {
	if w.base.Mixed.find(w.finder.text[i:i+size]) != "" {
		w.traits.Mixed++
	}
}
