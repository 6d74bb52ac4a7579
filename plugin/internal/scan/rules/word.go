package rules

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sparkward/sparkward/plugin/internal/scan/fold"
	"github.com/sparkward/sparkward/plugin/internal/scan/trie"
)

// maxWord is the most bytes of a folded word or phrase. It bounds the work of a
// walk.
const maxWord = 80

// entry is a word of a class.
type entry struct {
	word
	class uint16
}

// word is a folded word.
type word struct {
	text  string
	whole bool
}

// parseWord folds a word as texts are folded and brings the spaces of a phrase
// into the form that the walk expects.
func parseWord(text string) (w word, problem string) {
	var signs fold.Signs
	body, stem := strings.CutSuffix(text, "*")
	body, line := strings.CutPrefix(body, "^")
	var b []byte
	if line {
		b = append(b, '\n')
	}
	b = fold.Append(b, []byte(body), &signs)
	if len(b) > 0 && b[len(b)-1] == ' ' {
		b = b[:len(b)-1]
	}
	if len(b) == 0 {
		return w, "a word with a letter, digit or mark"
	}
	if len(b) > maxWord {
		return w, "at most " + strconv.Itoa(maxWord) + " bytes"
	}
	if kinds[b[0]] != kSep {
		b = joinWords(b)
	}
	last := len(b) - 1
	for last > 0 && b[last]&0xC0 == 0x80 {
		last--
	}
	return word{string(b), !stem && kindAt(b, last)&(kSep|kSpread) == 0}, ""
}

// joinWords puts one space for each run of separators and none at the end.
func joinWords(b []byte) []byte {
	out := b[:0]
	for i, c := range b {
		if kinds[c] != kSep {
			out = append(out, c)
		} else if i+1 < len(b) && kinds[b[i+1]] != kSep {
			out = append(out, ' ')
		}
	}
	return out
}

// pack makes a trie of words; their values are numbers of lists of classes,
// which are added to t.
func (t *Table) pack(words []entry) (trie.Trie, error) {
	keys := make([]string, len(words))
	for i, w := range words {
		keys[i] = w.key()
	}
	trie.Sort(keys)
	var patterns []trie.Pattern
	var classes []uint16
	for i, key := range keys {
		text, class := key[:len(key)-2], uint16(key[len(key)-2])<<8|uint16(key[len(key)-1])
		if i == 0 || key != keys[i-1] {
			classes = append(classes, class)
		}
		if i+1 < len(keys) && text == keys[i+1][:len(keys[i+1])-2] {
			continue
		}
		patterns = append(patterns, trie.Pattern{Bytes: text[:len(text)-1], Whole: text[len(text)-1] == 1, Value: t.valueOf(classes)})
		classes = classes[:0]
	}
	return trie.Build(patterns)
}

// key orders words by their text and then by their class.
func (e entry) key() string {
	whole := byte(0)
	if e.whole {
		whole = 1
	}
	return e.text + string([]byte{whole, byte(e.class >> 8), byte(e.class)})
}

// valueOf returns the number of a list of classes.
func (t *Table) valueOf(classes []uint16) uint16 {
	for v, at := range t.ListAt {
		end := len(t.Lists)
		if v+1 < len(t.ListAt) {
			end = int(t.ListAt[v+1])
		}
		if slices.Equal(t.Lists[at:end], classes) {
			return uint16(v)
		}
	}
	t.ListAt = append(t.ListAt, uint16(len(t.Lists)))
	t.Lists = append(t.Lists, classes...)
	return uint16(len(t.ListAt) - 1)
}
