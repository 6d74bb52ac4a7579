package rules

import (
	"math/rand"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sparkward/sparkward/plugin/internal/scan/fold"
)

// reference finds rules the obvious way: every word of every list is compared
// at every place, every event is kept, and every pattern is looked at for each.
type reference struct {
	src    Source
	text   string
	words  []refWord
	forms  []refForm
	events []refEvent
	at     int
	start  int
	pos    int
	result map[string]Result
}

type refWord struct {
	word
	class string
}

type refForm struct {
	Form
	rule, derives string
}

type refEvent struct {
	class string
	pos   int
}

func newReference(src Source) *reference {
	r := &reference{src: src}
	for _, l := range src.Lists {
		for _, text := range l.Words {
			w, _ := parseWord(text)
			if e := (refWord{w, l.Class}); !slices.Contains(r.words, e) {
				r.words = append(r.words, e)
			}
		}
	}
	for _, d := range src.Derived {
		for _, f := range d.Forms {
			r.forms = append(r.forms, refForm{f, "", d.Class})
		}
	}
	for _, d := range src.Rules {
		for _, f := range d.Forms {
			r.forms = append(r.forms, refForm{f, d.ID, ""})
		}
	}
	return r
}

// run returns the result of each rule found in folded text.
func (r *reference) run(text string) map[string]Result {
	r.text, r.events, r.result, r.start = text, nil, map[string]Result{}, origin
	r.begin("\n"+text, 0, 0)
	inWord := false
	for i := 0; i < len(text); {
		_, n := utf8.DecodeRuneInString(text[i:])
		kind := kindAt([]byte(text), i)
		r.at = i
		switch {
		case text[i] == ' ':
			inWord = false
		case kind == kSep:
			r.begin(text, i, i)
			r.start += markUnits
			inWord = false
			if text[i] == '\\' && i+2 < len(text) && strings.IndexByte("nrt", text[i+1]) >= 0 &&
				kindAt([]byte(text), i+2)&(kSep|kSpread) == 0 {
				r.at = i + 2
				r.begin(text, i+2, i+2)
			}
		case kind == kSpread:
			r.begin(text, i, i)
			r.start += int(unitsOf(text[i]))
			inWord = false
		case !inWord:
			r.begin(text, i, i)
			r.start += wordUnits
			inWord = true
		}
		i += n
	}
	return r.result
}

// begin takes in all words that begin at text[i].
func (r *reference) begin(text string, i, at int) {
	r.at = at
	type found struct {
		refWord
		gaps int
	}
	var all []found
	for _, w := range r.words {
		if r.fills(w.class) {
			if end, gaps := matchWord(text, i, w.word); end >= 0 {
				all = append(all, found{w, gaps})
			}
		}
	}
	order := r.classes()
	slices.SortFunc(all, func(a, b found) int {
		if len(a.text) != len(b.text) {
			return len(a.text) - len(b.text)
		}
		if a.whole != b.whole {
			if b.whole {
				return -1
			}
			return 1
		}
		return slices.Index(order, a.class) - slices.Index(order, b.class)
	})
	for _, f := range all {
		r.pos = r.start + f.gaps*wordUnits
		r.event(f.class)
	}
}

// classes returns the classes in the order of their numbers.
func (r *reference) classes() (order []string) {
	for _, l := range r.src.Lists {
		if !slices.Contains(order, l.Class) {
			order = append(order, l.Class)
		}
	}
	for _, d := range r.src.Derived {
		order = append(order, d.Class)
	}
	return order
}

// fills tells whether a class is in a slot of any form.
func (r *reference) fills(class string) bool {
	for _, f := range r.forms {
		for _, s := range f.Slots {
			if slices.Contains(s, class) {
				return true
			}
		}
	}
	return false
}

// matchWord tells where w ends that begins at text[i], or -1.
func matchWord(text string, i int, w word) (end, gaps int) {
	phrase := kinds[w.text[0]] != kSep
	for k := 0; k < len(w.text); k++ {
		if i >= len(text) {
			return -1, 0
		}
		if phrase && w.text[k] == ' ' {
			n := 0
			for i < len(text) && kinds[text[i]] == kSep {
				i, n = i+1, n+1
			}
			if n == 0 || n > maxGap {
				return -1, 0
			}
			gaps++
			continue
		}
		if text[i] != w.text[k] {
			return -1, 0
		}
		i++
	}
	if w.whole && i < len(text) && kindAt([]byte(text), i)&(kSep|kSpread) == 0 {
		return -1, 0
	}
	return i, gaps
}

func (r *reference) event(class string) {
	for _, g := range r.src.Guards {
		if g.Class == class && r.around(g.By, g.Within*wordUnits, false, false) {
			return
		}
	}
	for _, f := range r.forms {
		for k := len(f.Slots) - 1; k >= 0; k-- {
			if !slices.Contains(f.Slots[k], class) {
				continue
			}
			if begin, ok := r.complete(f, k); ok {
				r.match(f, begin)
			}
		}
	}
	r.events = append(r.events, refEvent{class, r.pos})
}

// complete tells whether the present word completes f by filling slot k, and
// where that match begins.
func (r *reference) complete(f refForm, k int) (begin int, ok bool) {
	span := f.Within * wordUnits
	if f.Ordered {
		if k != len(f.Slots)-1 {
			return 0, false
		}
		begin := r.chain(f, k-1, len(r.events))
		if k == 0 {
			begin = r.pos
		}
		return begin, begin >= r.pos-span
	}
	begin = r.pos
	for i, slot := range f.Slots {
		if i == k {
			continue
		}
		latest := -1
		for _, e := range r.events {
			if slices.Contains(slot, e.class) {
				latest = max(latest, e.pos)
			}
		}
		if latest < r.pos-span {
			return 0, false
		}
		begin = min(begin, latest)
	}
	return begin, true
}

// chain returns the latest place where events before number end can begin that
// fill the slots up to k in order, or -1.
func (r *reference) chain(f refForm, k, end int) int {
	best := -1
	for n := 0; n < end; n++ {
		if !slices.Contains(f.Slots[max(k, 0)], r.events[n].class) {
			continue
		}
		if k == 0 {
			best = max(best, r.events[n].pos)
		} else if k > 0 {
			best = max(best, r.chain(f, k-1, n))
		}
	}
	return best
}

func (r *reference) match(f refForm, begin int) {
	if f.derives != "" {
		r.event(f.derives)
		return
	}
	result := Found
	for _, u := range f.Unless {
		if u.After && r.around(u.Class, u.Within*wordUnits, true, false) ||
			!u.After && r.around(u.Class, r.start-begin+u.Within*wordUnits, false, true) {
			result = Excused
		}
	}
	r.result[f.rule] = max(r.result[f.rule], result)
}

// around tells whether a word of class begins within span units before or
// behind the present word, or, with here, at it.
func (r *reference) around(class string, span int, after, here bool) bool {
	text := r.text
	begins := func(i int) bool {
		for _, w := range r.words {
			if w.class == class {
				if end, _ := matchWord(text, i, w.word); end >= 0 {
					return true
				}
			}
		}
		return false
	}
	if here && begins(r.at) {
		return true
	}
	// The places of all words and marks, with the units each counts.
	type place struct{ i, units int }
	var places []place
	inWord := false
	for i := 0; i < len(text); {
		_, n := utf8.DecodeRuneInString(text[i:])
		kind := kindAt([]byte(text), i)
		switch {
		case text[i] == ' ':
			inWord = false
		case kind == kSep:
			places = append(places, place{i, markUnits})
			inWord = false
		case kind == kSpread:
			places = append(places, place{i, int(unitsOf(text[i]))})
			inWord = false
		case !inWord:
			places = append(places, place{i, wordUnits})
			inWord = true
		}
		i += n
	}
	if after {
		for _, p := range places {
			if p.i < r.at {
				continue
			}
			if p.i > r.at || p.units != wordUnits {
				span -= p.units
			}
			if span < 0 {
				return false
			}
			if p.i > r.at && begins(p.i) {
				return true
			}
		}
		return false
	}
	for n := len(places) - 1; n >= 0; n-- {
		if places[n].i >= r.at {
			continue
		}
		if span -= places[n].units; span < 0 {
			return false
		}
		if begins(places[n].i) {
			return true
		}
	}
	return false
}

// randomSource makes lists of a few short words and rules over them.
func randomSource(r *rand.Rand) Source {
	words := []string{"aa", "ab", "abc*", "b", "ba", "bab", "c", "ca", "aa b", "b aa", "a b c", "ж", "жа", "жаб*", "字", "字词", "词", "的", "<a", "<|a|>", "^b", "ab 字", "กข", "한국", "[x]", "abcdefg", "abcde*", "a1", "ab12c", "b1 a"}
	classes := []string{"one", "two", "three", "four", "five"}
	var src Source
	for _, c := range classes {
		l := List{Class: c}
		for n := 1 + r.Intn(5); n > 0; n-- {
			l.Words = append(l.Words, words[r.Intn(len(words))])
		}
		src.Lists = append(src.Lists, l)
	}
	pick := func() string { return classes[r.Intn(len(classes))] }
	form := func() (f Form) {
		f.Within, f.Ordered = 1+r.Intn(6), r.Intn(2) == 0
		perm := r.Perm(len(classes))
		for k := 0; k < 1+r.Intn(3); k++ {
			f.Slots = append(f.Slots, []string{classes[perm[k]]})
		}
		return f
	}
	if r.Intn(2) == 0 {
		src.Derived = append(src.Derived, Derived{"made", []Form{form()}})
		classes = append(classes, "made")
	}
	for n := 0; n < 5; n++ {
		f := form()
		for k := r.Intn(3); k > 0; k-- {
			f.Unless = append(f.Unless, Unless{pick(), r.Intn(5), r.Intn(2) == 0})
		}
		src.Rules = append(src.Rules, Definition{ID: string(rune('A' + n)), Category: "x", Severity: 1, Forms: []Form{f, form()}})
	}
	if r.Intn(2) == 0 {
		src.Guards = append(src.Guards, Guard{pick(), pick(), 1 + r.Intn(3)})
	}
	for _, c := range classes {
		if r.Intn(2) == 0 {
			src.Common = append(src.Common, c)
		}
	}
	// Words of a derived class would not be its forms alone.
	src.Guards = slices.DeleteFunc(src.Guards, func(g Guard) bool { return g.By == "made" })
	for i := range src.Rules {
		for k := range src.Rules[i].Forms {
			f := &src.Rules[i].Forms[k]
			f.Unless = slices.DeleteFunc(f.Unless, func(u Unless) bool { return u.Class == "made" })
		}
	}
	return src
}

func randomText(r *rand.Rand) string {
	parts := []string{"a", "b", "c", "aa", "ab", "abc", "ba", "bab", "ca", "d", "1", "ж", "жа", "жаба", "字", "词", "的", "ก", "ข", "한", "국", "<a", "<|a|>", "[x]", ".", ",", "\n", "\\n", "-", "! ", "abcdefg", "abcdefgh", "abcde", "abcdef", "a1", "ab12c", "b1"}
	var b strings.Builder
	for n := r.Intn(60); n > 0; n-- {
		b.WriteString(parts[r.Intn(len(parts))])
		if r.Intn(3) > 0 {
			b.WriteByte(' ')
		}
	}
	var signs fold.Signs
	return string(fold.Append(nil, []byte(b.String()), &signs))
}

// compare holds the matcher to the reference for one source and text.
func compare(t *testing.T, src Source, table *Table, text string) {
	t.Helper()
	if !agree(src, table, text) {
		text = shrink(text, func(s string) bool { return !agree(src, table, s) })
		t.Fatalf("text %q\nlists %+v\nderived %+v\nguards %+v\nrules %+v\nwant %v",
			text, src.Lists, src.Derived, src.Guards, src.Rules, newReference(src).run(text))
	}
}

// agree tells whether matcher and reference find the same in text.
func agree(src Source, table *Table, text string) bool {
	want := newReference(src).run(text)
	m := NewMatcher(table, nil)
	var tr Traits
	m.Run([]byte(text), &tr)
	same := true
	m.Each(func(i int, r Result) { same = same && want[table.Rules[i].ID] == r })
	for id, r := range want {
		k := slices.IndexFunc(table.Rules, func(d Rule) bool { return d.ID == id })
		same = same && m.state[0].result[k] == r
	}
	return same
}

// shrink removes characters as long as the text still fails.
func shrink(text string, fails func(string) bool) string {
	for again := true; again; {
		again = false
		for i := 0; i < len(text); {
			_, n := utf8.DecodeRuneInString(text[i:])
			if less := text[:i] + text[i+n:]; fails(less) {
				text, again = less, true
			} else {
				i += n
			}
		}
	}
	return text
}

func TestMatcherAgainstReference(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	found := 0
	for range 400 {
		src := randomSource(r)
		table, err := Build(src)
		if err != nil {
			continue // a rule over a derived class that fills two slots
		}
		for range 25 {
			text := randomText(r)
			compare(t, src, table, text)
			found += len(newReference(src).run(text))
		}
	}
	if found < 1000 {
		t.Errorf("only %d rules found: the texts test nothing", found)
	}
}

func FuzzMatcher(f *testing.F) {
	for seed := int64(0); seed < 5; seed++ {
		f.Add(seed, randomText(rand.New(rand.NewSource(seed))))
	}
	f.Fuzz(func(t *testing.T, seed int64, text string) {
		if len(text) > 400 {
			return
		}
		src := randomSource(rand.New(rand.NewSource(seed)))
		table, err := Build(src)
		if err != nil {
			return
		}
		var signs fold.Signs
		compare(t, src, table, string(fold.Append(nil, []byte(text), &signs)))
	})
}
