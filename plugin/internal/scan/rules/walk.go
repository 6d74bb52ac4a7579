package rules

import "math/bits"

// Run walks folded text and finds rules in it. It returns the number found.
func (m *Matcher) Run(text []byte, tr *Traits) int {
	w := walker{Matcher: m, finder: finder{text: text}, traits: tr, filter: m.base.Filter}
	if m.extra != nil {
		w.filter = nil
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
	filter []uint64 // empty if every word is to be looked at
	k      block    // the present 64 bytes
	prev   uint64   // words of the 64 bytes before
	tail   [64 + ahead]byte
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
		if w.k.high == 0 && len(w.filter) != 0 {
			w.ascii(b, base, words)
		} else {
			w.mixture(b, base, words)
		}
		w.prev = words
	}
	return w.found
}

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
func (w *walker) ascii(b []byte, base int, words uint64) {
	k, filter := &w.k, w.filter
	begins := words &^ (words<<1 | w.prev>>63)
	marks := ^(words | k.space)
	// near has a bit for each place that a mark follows too soon for the key
	// of a phrase.
	near := marks | marks>>1 | marks>>2 | k.marks<<63 | k.marks<<62
	near |= near>>3 | k.marks<<61 | k.marks<<60 | k.marks<<59
	look, jumbled := uint64(0), uint64(0)
	b = b[:64+ahead]
	for todo := begins & k.letter; todo != 0; todo &= todo - 1 {
		at := bits.TrailingZeros64(todo) & 63
		x := load64(b[at:])
		size := bits.TrailingZeros64(^(words>>at | k.after<<(64-at)))
		short := uint64(int64(size-keyBytes)) >> 63
		pass := has(filter, wordKey(x, size)) | has(filter, x&sixBytes|phraseSalt)
		look |= (pass | near>>at&short) << at
		last := b[min(at+size, len(b))-1]
		jumbled |= has(filter, jumbledKey(x, load64(b[at+8:]), size, last)) << at
	}
	for todo := marks | begins&k.digit; todo != 0; todo &= todo - 1 {
		at := bits.TrailingZeros64(todo)
		look |= has(filter, uint64(b[at])|shortSalt) << at
		w.traits.mark(b[at])
	}
	start := w.start
	for todo := look | jumbled; todo != 0; todo &= todo - 1 {
		at := bits.TrailingZeros64(todo) & 63
		below := todo&-todo - 1
		w.start = start + int32(wordUnits*bits.OnesCount64(begins&below)+markUnits*bits.OnesCount64(marks&below))
		if look>>at&1 != 0 && w.begin(base+at) {
			continue
		}
		if jumbled>>at&1 != 0 {
			w.mixed(base+at, bits.TrailingZeros64(^(words>>at | k.after<<(64-at))))
		}
	}
	w.start = start + int32(wordUnits*bits.OnesCount64(begins)+markUnits*bits.OnesCount64(marks))
}

// mixture takes in 64 bytes with characters outside ASCII, or those of a text
// whose every word is to be looked at.
func (w *walker) mixture(b []byte, base int, words uint64) {
	k := &w.k
	begins := words &^ (words<<1 | w.prev>>63)
	todo := begins | k.lead | ^(words | k.space)
	if w.anyEnd {
		todo = ^k.space
	}
	if left := len(w.finder.text) - base; left < 64 {
		todo &= 1<<left - 1
	}
	for ; todo != 0; todo &= todo - 1 {
		at := bits.TrailingZeros64(todo)
		i, here := base+at, todo&-todo
		switch kind := kindAt(b, at); {
		case kind == kSep:
			w.traits.mark(b[at])
			w.look(b, at, i)
			w.start += markUnits
		case kind == kSpread:
			w.look(b, at, i)
			w.start += units(b[at])
			todo |= here << width(b[at]) & words // a word may begin right behind
		case b[at]&0xC0 == 0x80: // the rest of a character
		case w.anyEnd:
			w.begin(i)
			w.start += shortUnits
		case here&begins != 0 || kind&(kLetter|kDigit) != 0:
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
	if c := b[at]; len(w.filter) != 0 && c >= 0x80 {
		if !hasOther(w.filter, load64(b[at:])) {
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
	met := false
	for k := range w.state {
		t := w.state[k].table
		if t == nil {
			continue
		}
		w.find(&t.Words, i)
		for _, h := range w.hits[:w.n] {
			met = true
			w.value(t, h.value, int32(h.gaps))
		}
	}
	return met
}

// mixed takes in a word that begins no pattern.
func (w *walker) mixed(i, size int) {
	if w.base.Mixed.find(w.finder.text[i:i+size]) != "" {
		w.traits.Mixed++
	}
}
