package rulefile

import (
	"slices"
	"strconv"

	"github.com/sparkward/sparkward/plugin/internal/scan/rules"
)

// telling is the class of words by which an attack is known even when its
// letters are ciphered. It is replaced by the lists that rules.Signal names.
const telling = "telling"

// few is how many of the telling words are looked for in the less common
// ciphers, which move the alphabet by other than 13 places.
const few = 24

// addSignals replaces the list of telling words by what ciphers make of them.
func (s *Set) addSignals() {
	var words []string
	s.Source.Lists = slices.DeleteFunc(s.Source.Lists, func(l rules.List) bool {
		if l.Class == telling {
			words = append(words, l.Words...)
		}
		return l.Class == telling
	})
	delete(s.Languages, telling)
	all := rules.List{Class: rules.Signal, Seen: true}
	add := func(name string, words []string, turn func(string) string) {
		l := rules.List{Class: rules.Signal + name, Seen: true}
		for _, w := range words {
			l.Words = append(l.Words, turn(w))
		}
		all.Words = append(all.Words, l.Words...)
		s.Source.Lists = append(s.Source.Lists, l)
	}
	for k := 1; k < 26; k++ {
		some := words
		if k != 13 {
			some = words[:min(few, len(words))]
		}
		add(strconv.Itoa(k), some, func(w string) string {
			return letters(w, func(c byte) byte { return (c + byte(k)) % 26 })
		})
	}
	add("mirrored", words, func(w string) string { return letters(w, func(c byte) byte { return 25 - c }) })
	add("reversed", words, func(w string) string {
		b := []byte(w)
		slices.Reverse(b)
		return string(b)
	})
	s.Source.Lists = append(s.Source.Lists, all)
}

// letters maps the letters of a word, as numbers from 0.
func letters(w string, f func(byte) byte) string {
	b := []byte(w)
	for i := range b {
		b[i] = 'a' + f(b[i]-'a')
	}
	return string(b)
}
