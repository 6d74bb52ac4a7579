package train

import (
	"unicode"

	"github.com/sparkward/sparkward/plugin/internal/scan/model"
)

// rare is the number of every feature that is not in the lexicon; its weight
// stays 0.
const rare = 0

// minCount is how often a feature must occur to be in the lexicon.
const minCount = 3

// keyBits is how many bits of a feature the model can tell apart: the wider
// head's slot number and check.
const keyBits = 22

// dropped is how many low bits of a feature the model never looks at.
const dropped = 32 - keyBits

// A lexicon numbers the features worth a weight.
type lexicon struct {
	id    []uint32 // number by key
	key   []uint32 // key by number
	count []uint32 // occurrences by number, at most countLimit
}

const countLimit = 1 << 16

// newLexicon counts the features of all texts. Counting needs no labels, so it
// may see the texts that are left out: their features get no weight of it.
func newLexicon(texts [][]byte) *lexicon {
	l := &lexicon{id: make([]uint32, 1<<keyBits), key: []uint32{0}, count: []uint32{0}}
	count := make([]uint32, 1<<keyBits)
	for _, text := range texts {
		model.Walk(text, func(_, _ int, features *[model.Orders]uint32, _ bool) {
			for _, f := range features {
				k := f >> dropped
				if count[k]++; count[k] == minCount {
					l.id[k] = uint32(len(l.key))
					l.key = append(l.key, k)
				}
			}
		})
	}
	for _, k := range l.key[1:] {
		l.count = append(l.count, min(count[k], countLimit))
	}
	return l
}

func (l *lexicon) len() int { return len(l.key) }

func (l *lexicon) sample(text []byte) sample {
	var s sample
	model.Walk(text, func(start, end int, features *[model.Orders]uint32, first bool) {
		for h := range model.Head(model.Heads) {
			_, _, orders := model.Pooling(h)
			for o, f := range features[:orders] {
				id := l.id[f>>dropped]
				if h == model.Persona && !first || o == 0 && isMark(text[start:end]) {
					id = rare
				}
				s.ids[h] = append(s.ids[h], id)
			}
		}
	})
	return s
}

// isMark tells whether a token is a mark of punctuation. Alone it says nothing:
// what marks there are tells code from prose, not honest texts from attacks.
func isMark(token []byte) bool {
	return len(token) == 1 && token[0] < 0x80 && !unicode.IsLetter(rune(token[0])) && !unicode.IsDigit(rune(token[0]))
}
