package rules

import "github.com/sparkward/sparkward/plugin/internal/scan/trie"

// Traits are what a walk saw of the shape of a text, for deciding what else
// to try on it.
type Traits struct {
	Words      int    // words, and characters of scripts without spaces
	Letters    int    // bytes in words
	Longest    int    // bytes of the longest word of ASCII letters and digits
	Leet       int    // words that mix ASCII letters and digits
	Lookalikes int    // words that mix Latin letters with others that look like them
	ShortRun   int    // longest run of words of one or two bytes
	Seps       uint64 // a bit for each separator met below 0x40, at its byte
	Slash      bool   // a backslash was met
}

// maxGap is the most separators between two words of one phrase.
const maxGap = 3

// Run walks folded text and finds rules in it. It returns the number found.
func (m *Matcher) Run(text []byte, tr *Traits) int {
	m.reset()
	w := walker{Matcher: m, text: text, cells: m.base.Cells, root: trie.Root(m.base.Cells)}
	w.lineStart()
	w.run(tr)
	m.finish()
	return m.found
}

type walker struct {
	*Matcher
	text  []byte
	cells []uint32
	root  trie.Node
}

// lineStart matches patterns that begin with a line feed at the start of the
// text.
func (w *walker) lineStart() {
	for _, t := range []*Table{w.base, w.extra} {
		if t != nil {
			if n := trie.Root(t.Cells).Step(t.Cells, '\n'); n != 0 {
				w.walk(t, n, 0, false)
			}
		}
	}
}

func (w *walker) run(tr *Traits) {
	text := w.text
	short := 0
	for i := 0; i < len(text); {
		switch kind := kindAt(text, i); {
		case kind == kSep:
			c := text[i] & 0x7F
			w.start += int32(breakUnits[c])
			if c < 0x40 {
				tr.Seps |= 1 << c
			} else if c == '\\' {
				tr.Slash = true
			}
			if c != ' ' {
				w.begin(i)
			}
			i++
		case kind == kSpread:
			w.begin(i)
			w.start += units(text[i])
			n := width(text[i])
			tr.Words++
			tr.Letters += n
			short = 0
			i += n
		default:
			end, bits := w.word(i)
			w.start += wordUnits
			tr.Words++
			tr.Letters += end - i
			if end-i <= 2 {
				short++
				tr.ShortRun = max(tr.ShortRun, short)
			} else {
				short = 0
			}
			tr.note(end-i, bits)
			i = end
		}
	}
}

// note takes in the length and the kinds of a word.
func (tr *Traits) note(n int, bits uint8) {
	switch {
	case bits == kLetter, bits == kDigit:
		tr.Longest = max(tr.Longest, n)
	case bits == kLetter|kDigit:
		tr.Longest = max(tr.Longest, n)
		tr.Leet++
	case bits&(kLetter|kLook) == kLetter|kLook:
		tr.Lookalikes++
	}
}

// word matches what begins at text[i], the start of a word, and returns where
// the word ends and the kinds of its bytes.
func (w *walker) word(i int) (end int, bits uint8) {
	text := w.text
	end = i
	for end < len(text) {
		kind := kinds[text[end]]
		if kind&kWordEnd != 0 {
			if kind != kEither {
				break
			}
			if kind = kindAt(text, end); kind == kSpread {
				break
			}
		}
		bits |= kind
		end++
	}
	if !w.begin(i) && bits == kLetter {
		if v, ok := w.base.Mixed.find(text[i:end]); ok {
			w.mixedAt = w.start
			w.value(w.base, v, 0)
		}
	}
	return end, bits
}

// begin matches the patterns that begin at text[i] and tells whether any did.
func (w *walker) begin(i int) bool {
	met, phrase := false, kinds[w.text[i]] != kSep
	if n := w.root.Step(w.cells, w.text[i]); n != 0 {
		met = w.walk(w.base, n, i+1, phrase)
	}
	if w.extra != nil {
		if n := trie.Root(w.extra.Cells).Step(w.extra.Cells, w.text[i]); n != 0 {
			met = w.walk(w.extra, n, i+1, phrase) || met
		}
	}
	return met
}

// walk follows the trie of t from n along text[i:] and takes in each pattern
// that ends on the way. In a phrase, which begins with a letter, its spaces
// match gaps; in other patterns every byte stands for itself.
func (w *walker) walk(t *Table, n trie.Node, i int, phrase bool) bool {
	text, cells := w.text, t.Cells
	met, gaps := false, int32(0)
	for n != 0 {
		if n.Ends() {
			if v, ok := n.Stem(cells); ok {
				met = true
				w.value(t, v, gaps)
			}
			if v, ok := n.Word(cells); ok && w.wordEnds(i) {
				met = true
				w.value(t, v, gaps)
			}
		}
		if i >= len(text) {
			return met
		}
		c := text[i]
		i++
		if phrase && kinds[c] == kSep {
			c = ' '
			i = w.gap(i)
			gaps++
		}
		n = n.Step(cells, c)
	}
	return met
}

// gap returns where the run of separators ends that text[i-1] is the first of,
// or, if it has more than maxGap, the end of the text.
func (w *walker) gap(i int) int {
	for n := 1; i < len(w.text) && kinds[w.text[i]] == kSep; i++ {
		if n++; n > maxGap {
			return len(w.text)
		}
	}
	return i
}

// wordEnds tells whether no word goes on at text[i].
func (w *walker) wordEnds(i int) bool {
	return i >= len(w.text) || kindAt(w.text, i)&(kSep|kSpread) != 0
}

// width returns the bytes of a character by its first.
func width(lead byte) int {
	switch {
	case lead < 0xC0:
		return 1
	case lead < 0xE0:
		return 2
	case lead < 0xF0:
		return 3
	}
	return 4
}
