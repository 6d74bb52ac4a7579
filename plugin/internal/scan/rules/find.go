package rules

import "github.com/sparkward/sparkward/plugin/internal/scan/trie"

// maxHits is the most patterns told of that begin at one place: phrases within
// phrases. The words of a language do not come near it.
const maxHits = 12

// maxGap is the most separators between two words of one phrase.
const maxGap = 3

// finder finds the patterns of a trie that begin at one place of a text. In a
// phrase, which begins with a letter, a space matches a gap; in other patterns
// every byte stands for itself.
type finder struct {
	text   []byte
	anyEnd bool // a word may end anywhere
	n      int  // number of hits
	hits   [maxHits]hit
}

// hit is a pattern found: its value and the number of gaps in it.
type hit struct {
	value, gaps uint16
}

// find looks for patterns that begin at f.text[begin]. It returns how many
// bytes it looked at.
func (f *finder) find(t *trie.Trie, begin int) int {
	f.n = 0
	n, i := t.Run(t.Root(), f.text, begin)
	if i == begin {
		return 0
	}
	phrase := kinds[f.text[begin]] != kSep
	for {
		if rest, ok := t.Rest(n); ok {
			return f.rest(rest, begin, i, phrase) - begin
		}
		if n.Ends() {
			if v, ok := t.Stem(n); ok {
				f.add(v, begin, i)
			}
			if v, ok := t.Word(n); ok && f.wordEnds(i) {
				f.add(v, begin, i)
			}
		}
		before := i
		if n, i = t.Run(n, f.text, i); i > before {
			continue
		}
		if !phrase || i >= len(f.text) || kinds[f.text[i]] != kSep {
			return i - begin
		}
		if kinds[f.text[i-1]] == kSep { // the gap goes on behind its space
			i = f.gap(i - 1)
		} else if n = t.Step(n, ' '); n != 0 {
			i = f.gap(i)
		} else {
			return i - begin
		}
	}
}

// rest compares what follows of a single pattern that begins at begin with the
// text at i. It returns how far it came.
func (f *finder) rest(rest string, begin, i int, phrase bool) int {
	text, k := f.text, 0
	for ; !trie.IsEnd(rest[k]); k++ {
		if i >= len(text) {
			return i
		}
		c := text[i]
		if phrase && kinds[c] == kSep {
			if kinds[text[i-1]] == kSep {
				i = f.gap(i - 1)
				k--
				continue
			}
			c, i = ' ', f.gap(i)-1
		}
		if c != rest[k] {
			return i
		}
		i++
	}
	if v, whole := trie.End(rest[k:]); !whole || f.wordEnds(i) {
		f.add(v, begin, i)
	}
	return i
}

// add notes a pattern found from begin to end.
func (f *finder) add(value uint16, begin, end int) {
	if f.n == maxHits {
		return
	}
	gaps := uint16(0)
	if kinds[f.text[begin]] != kSep {
		for i := begin + 1; i < end; i++ {
			if kinds[f.text[i]] == kSep && kinds[f.text[i-1]] != kSep {
				gaps++
			}
		}
	}
	f.hits[f.n] = hit{value, gaps}
	f.n++
}

// gap returns where the run of separators from text[i] on ends, or, if it has
// more than maxGap, the end of the text.
func (f *finder) gap(i int) int {
	for n := 0; i < len(f.text) && kinds[f.text[i]] == kSep; i++ {
		if n++; n > maxGap {
			return len(f.text)
		}
	}
	return i
}

// wordEnds tells whether no word goes on at text[i].
func (f *finder) wordEnds(i int) bool {
	return f.anyEnd || i >= len(f.text) || kindAt(f.text, i)&(kSep|kSpread) != 0
}
