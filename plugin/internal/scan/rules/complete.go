package rules

import (
	"slices"
	"strings"
)

// complete adds to a table what only a large one needs: the filter, and the
// words to find with their letters mixed.
func complete(t *Table, src Source) error {
	var f filter
	var mixed []string
	for _, l := range src.Lists {
		for _, text := range l.Words {
			w, _ := parseWord(text)
			if !t.begins(w) {
				continue // of a class that nothing uses, or of context
			}
			if !f.addKeys(w) {
				return &Error{w.text + "*", "too short for the beginning of longer words: want five letters"}
			}
			if l.Mix {
				mixed = append(mixed, mixable(w)...)
			}
		}
	}
	for _, name := range t.Classes { // words in quotes
		if w, ok := strings.CutPrefix(name, `"`); ok {
			if w, _ := parseWord(w[:len(w)-1]); t.begins(w) && !f.addKeys(w) {
				return &Error{name, "too short for the beginning of longer words: want five letters"}
			}
		}
	}
	for _, w := range mixed {
		f.addJumbled(w)
	}
	t.Filter, t.Mixed = f[:], buildMixed(mixed)
	return nil
}

// begins tells whether w is among the words that fill slots.
func (t *Table) begins(w word) bool {
	f := finder{text: []byte(w.text), anyEnd: true}
	f.find(&t.Words, 0)
	return f.n > 0
}

// plainWords are in phrases of the lists and in most other texts: not worth
// the look.
var plainWords = strings.Fields("about would should could there their these those other under after while where which having being doing following")

// mixable returns the words in w that MixedWords can keep.
func mixable(w word) (words []string) {
	for _, part := range strings.Split(w.text, " ") {
		ok := w.whole && len(part) >= minMixed && len(part) <= maxMixed &&
			!slices.Contains(plainWords, part)
		for i := 0; i < len(part); i++ {
			ok = ok && kinds[part[i]] == kLetter
		}
		if ok {
			words = append(words, part)
		}
	}
	return words
}

// buildMixed makes the tables for words. Of two with the same letters and ends
// the first stays.
func buildMixed(words []string) MixedWords {
	unique := map[uint32]bool{}
	for _, w := range words {
		unique[mixedKey(w)] = true
	}
	size := 4
	for size < 2*len(unique) {
		size *= 2
	}
	m := MixedWords{At: make([]uint16, size), Words: "\x00"} // no word is at 0
	for _, w := range words {
		key := mixedKey(w)
		i := key & uint32(size-1)
		for m.At[i] != 0 && mixedKey(m.at(i)) != key {
			i = (i + 1) & uint32(size-1)
		}
		if m.At[i] == 0 {
			m.At[i] = uint16(len(m.Words))
			m.Words += string(rune(len(w))) + w
		}
	}
	return m
}
