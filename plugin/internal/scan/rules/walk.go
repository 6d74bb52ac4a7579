package rules

import (
	"encoding/binary"
	"math/bits"
)

// Run walks folded text and finds rules in it. It returns the number found.
func (m *Matcher) Run(text []byte, tr *Traits) int {
	w := walker{Matcher: m, finder: finder{text: text}, traits: tr}
	t := m.base
	if m.extra != nil {
		t = m.extra // has the words of both
	}
	if len(t.Filter) == filterWords {
		w.filter = (*filter)(t.Filter)
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
	traits  *Traits
	watched int32   // where a word of the class to watch was seen last
	filter  *filter // nil if every word is to be looked at
	k       block   // the present 64 bytes
	prev    uint64  // words of the 64 bytes before
	// Bits of the next 64 bytes: places right behind a character that no word
	// goes on after, and behind an escape such as \n.
	fresh, escaped uint64
	letter         uint64 // whether the byte before the block is an ASCII letter
	tail           [64 + ahead]byte
}

func (w *walker) run() int {
	text := w.finder.text
	w.reset(text)
	if w.Work < 0 {
		return 0
	}
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
		if w.anyEnd {
			w.joined(b, base)
		} else {
			w.block(b, base, words, begins)
		}
		if at := w.last[w.Watch]; at != w.watched {
			w.watched = at
			w.traits.here |= Watched
		}
		w.traits.leave()
		if w.found >= enough || w.Work < 0 {
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

// block takes in 64 bytes. It first gathers the places that pass the filter,
// without a branch for each word, and then looks at them.
func (w *walker) block(b []byte, base int, words, begins uint64) {
	k, p := &w.k, (*[64 + ahead]byte)(b)
	marks := ^(words | k.space)
	var look, jumbled, spread, han uint64
	if k.high != 0 {
		look, begins, spread, han = w.wide(p, words, begins)
		words &^= k.high
	}
	if w.filter != nil {
		plain, mixed := w.plain(p, words, begins, marks)
		look, jumbled = look|plain, mixed
	} else {
		look, jumbled = begins|spread, begins&k.letter
	}
	found, escaped := w.marks(p, marks|begins&k.digit)
	look |= found
	todo := look | jumbled | escaped
	if left := len(w.finder.text) - base; left < 64 {
		todo &= 1<<left - 1
	}
	start := w.start
	for ; todo != 0; todo &= todo - 1 {
		at := bits.TrailingZeros64(todo) & 63
		below := todo&-todo - 1
		w.start = start + int32(wordUnits*bits.OnesCount64(begins&below)+markUnits*bits.OnesCount64(marks&below)+
			shortUnits*bits.OnesCount64(spread&below)+(hanUnits-shortUnits)*bits.OnesCount64(han&below))
		if escaped>>at&1 != 0 {
			w.start -= wordUnits // of the letter of the escape
		}
		if (look|escaped)>>at&1 != 0 && w.begin(base+at) {
			continue
		}
		if jumbled>>at&1 != 0 {
			w.mixed(base+at, bits.TrailingZeros64(^(words>>at | k.after<<1<<(63-at))))
		}
	}
	w.start = start + int32(wordUnits*bits.OnesCount64(begins)+markUnits*bits.OnesCount64(marks)+
		shortUnits*bits.OnesCount64(spread)+(hanUnits-shortUnits)*bits.OnesCount64(han))
	w.letter = k.letter >> 63
}

// plain returns the places of words of ASCII letters that pass the filter, and
// those of words whose letters may be mixed.
func (w *walker) plain(p *[64 + ahead]byte, words, begins, marks uint64) (look, jumbled uint64) {
	k, filter, after := &w.k, w.filter, w.k.after<<1
	// near has a bit for each place that a mark follows too soon for the longer keys
	// of a phrase: only its first word tells there.
	near := marks | marks>>1 | marks>>2 | k.marks<<63 | k.marks<<62
	near |= near>>3 | k.marks<<61 | k.marks<<60 | k.marks<<59
	near |= near>>2 | k.marks<<58 | k.marks<<57
	long := begins & k.letter & (words>>1 | k.after<<63) & (words>>2 | k.after<<62) &
		(words>>3 | k.after<<61) & (words>>4 | k.after<<60)
	short := begins & k.letter &^ long
	for todo := short & near; todo != 0; todo &= todo - 1 {
		at := bits.TrailingZeros64(todo) & 63
		x := binary.LittleEndian.Uint64(p[at : at+8])
		x &= 1<<(8*bits.TrailingZeros64(^(words>>at|after<<(63-at)))&63) - 1
		look |= (filter.has(x) | filter.has(x|nearSalt)) << at
	}
	for todo := short &^ near; todo != 0; todo &= todo - 1 {
		at := bits.TrailingZeros64(todo) & 63
		x := binary.LittleEndian.Uint64(p[at : at+8])
		size := bits.TrailingZeros64(^(words>>at | after<<(63-at)))
		look |= (filter.has(x&(1<<(8*size&63)-1)) | filter.has(x&sixBytes|phraseSalt) | filter.has(x^longSalt)) << at
	}
	for todo := long; todo != 0; todo &= todo - 1 {
		at := bits.TrailingZeros64(todo) & 63
		x := binary.LittleEndian.Uint64(p[at : at+8])
		size := bits.TrailingZeros64(^(words>>at | after<<(63-at)))
		look |= filter.has(wordKey(x, size)) << at
		last := p[min(at+size, len(p))-1]
		jumbled |= filter.has(jumbledKey(x, binary.LittleEndian.Uint64(p[at+8:at+16]), size, last)) << at
	}
	return look, jumbled
}

// marks notes marks and first digits. It returns those that pass the filter and
// the places right behind an escape that stands for white space, if a word goes
// on there.
func (w *walker) marks(p *[64 + ahead]byte, todo uint64) (look, escaped uint64) {
	escaped, w.escaped = w.escaped, 0
	if w.filter == nil {
		look = todo
	}
	for ; todo != 0; todo &= todo - 1 {
		at := bits.TrailingZeros64(todo) & 63
		x := binary.LittleEndian.Uint64(p[at : at+8])
		c := byte(x)
		w.traits.Marks[c>>6&1] |= 1 << (c & 63)
		if w.filter != nil {
			look |= w.filter.has(x&threeBytes|shortSalt) << at
		}
		if c != '\\' && c != '@' && c != '$' {
			continue
		}
		if w.traits.mark(c, (w.k.letter<<1|w.letter)>>at&1 != 0, p[at+1]) && kindAt(p[:], at+2)&(kSep|kSpread) == 0 {
			escaped |= 1 << (at + 2)
			w.escaped |= 1 << at >> 62
		}
	}
	return look, escaped
}

// wide returns the places of characters outside ASCII that pass the filter, of
// those where a match may begin anywhere, and of the Han among these. Other
// words begin where they did, and right behind such characters.
func (w *walker) wide(p *[64 + ahead]byte, words, begins uint64) (look, then, spread, han uint64) {
	k, filter := &w.k, w.filter
	before := k.letter<<1 | w.letter // places behind an ASCII letter
	for todo := k.lead; todo != 0; todo &= todo - 1 {
		at := bits.TrailingZeros64(todo) & 63
		c := p[at]
		kind := kinds[c]
		if kind == kEither {
			kind = second(c, p[at+1])
		}
		if kind == kSpread {
			spread |= 1 << at
			if c-0xE4 < 0xEA-0xE4 {
				han |= 1 << at
			}
			next := uint(at + width(c))
			begins |= words & (1 << next)
			w.fresh |= 1 << (next - 64)
		} else {
			if kind&kLook != 0 && (before>>at&1 != 0 || kinds[p[at+width(c)]] == kLetter) {
				w.traits.here |= Lookalike
				w.traits.Lookalikes++
			}
			if begins>>at&1 == 0 {
				continue
			}
		}
		if filter != nil {
			look |= filter.hasOther(binary.LittleEndian.Uint64(p[at:at+8])) << at
		}
	}
	return look, begins &^ spread, spread, han
}

// joined takes in 64 bytes of a text in which a word may begin at every letter.
func (w *walker) joined(b []byte, base int) {
	todo := ^w.k.space
	if left := len(w.finder.text) - base; left < 64 {
		todo &= 1<<left - 1
	}
	for ; todo != 0; todo &= todo - 1 {
		at := bits.TrailingZeros64(todo)
		if b[at]&0xC0 == 0x80 {
			continue
		}
		w.begin(base + at)
		switch kindAt(b, at) {
		case kSep:
			w.start += markUnits
		case kSpread:
			w.start += unitsOf(b[at])
		default:
			w.start += shortUnits
		}
	}
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
	w.Work -= findWork + min(w.find(&t.Words, i), maxWord)
	for _, h := range w.hits[:w.n] {
		w.value(t, h.value, int32(h.gaps))
	}
	return w.n > 0
}

// mixed takes in a word that begins no pattern.
func (w *walker) mixed(i, size int) {
	if w.base.Mixed.find(w.finder.text[i:i+size]) != "" {
		w.traits.here |= Mixed
	}
}
