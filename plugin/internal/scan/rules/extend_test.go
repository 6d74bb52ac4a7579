package rules

import (
	"math/rand"
	"slices"
	"strconv"
	"testing"

	"github.com/sparkward/sparkward/plugin/internal/scan/fold"
)

// ownWords begin nothing of one another. Each is in one list only: of a word
// that is in two the order of the lists decides whether it fills two slots.
var ownWords = []string{"aa", "ab", "ba", "bab", "c", "ca", "d", "жа", "字", "词", "<b", "abcdefg", "abcde", "한", "dd", "e f", "g", "เข", "ha", "hb", "i1", "j12kl"}

func ownText(r *rand.Rand) string {
	var b []byte
	for n := r.Intn(40); n > 0; n-- {
		b = append(b, ownWords[r.Intn(len(ownWords))]...)
		b = append(b, []string{" ", " ", " ", ", ", " q ", "\n"}[r.Intn(6)]...)
	}
	return string(b)
}

// randomOwn makes words and rules on top of src, and returns with them what src
// would be if they were a part of it.
func randomOwn(r *rand.Rand, src *Source) (lists []List, own []Own, whole Source) {
	left := r.Perm(len(ownWords))
	some := func(most int) (list []string) {
		for n := 1 + r.Intn(most); n > 0 && len(left) > 0; n-- {
			list, left = append(list, ownWords[left[0]]), left[1:]
		}
		return list
	}
	for i := range src.Lists {
		src.Lists[i].Words = some(2)
	}
	whole = *src
	whole.Lists, whole.Rules = slices.Clone(src.Lists), slices.Clone(src.Rules)
	for n := r.Intn(3); n > 0; n-- {
		l := List{Class: src.Lists[r.Intn(len(src.Lists))].Class, Words: some(2)}
		lists, whole.Lists = append(lists, l), append(whole.Lists, l)
	}
	for n := range 1 + r.Intn(3) {
		o := Own{Rule: Rule{ID: "own" + strconv.Itoa(n), Category: "custom"}, Within: 1 + r.Intn(6), Ordered: r.Intn(2) == 0}
		form := Form{Within: o.Within, Ordered: o.Ordered}
		for k, other := range r.Perm(len(src.Lists))[:1+r.Intn(3)] {
			class, slot := "own "+strconv.Itoa(n)+" "+strconv.Itoa(k), some(3)
			whole.Lists = append(whole.Lists, List{Class: class, Words: slot})
			classes := []string{class}
			if len(slot) == 0 || r.Intn(3) == 0 {
				name := src.Lists[other].Class
				slot, classes = append(slot, "@"+name), append(classes, name)
			}
			o.Slots, form.Slots = append(o.Slots, slot), append(form.Slots, classes)
		}
		own = append(own, o)
		whole.Rules = append(whole.Rules, Definition{ID: o.ID, Category: o.Category, Forms: []Form{form}})
	}
	return lists, own, whole
}

// withoutContext takes out what rules a match out: users cannot add to that.
func withoutContext(src Source) Source {
	for i := range src.Rules {
		for k := range src.Rules[i].Forms {
			src.Rules[i].Forms[k].Unless = nil
		}
	}
	src.Guards = nil
	return src
}

// checkOwn holds rules of users to the reference: they are found, beside the
// others, where they would be as a part of the rule set.
func checkOwn(t *testing.T, seed int64, text string) (found int) {
	t.Helper()
	r := rand.New(rand.NewSource(seed))
	src := withoutContext(randomSource(r))
	lists, own, whole := randomOwn(r, &src)
	table, err := Build(src)
	if err != nil {
		return 0 // a rule over a derived class that fills two slots
	}
	extra, err := Extend(table, lists, own)
	if err != nil {
		return 0 // a list that no rule looks for
	}
	m, got := NewMatcher(table, extra), map[string]Result{}
	m.Run([]byte(text), &Traits{})
	m.Each(func(i int, r Result) {
		if i < len(table.Rules) {
			got[table.Rules[i].ID] = r
		} else {
			got[extra.Rules[i-len(table.Rules)].ID] = r
		}
	})
	want := newReference(whole).run(text)
	if len(got) >= enough { // it stops there
		return len(got)
	}
	for _, d := range whole.Rules {
		if got[d.ID] != want[d.ID] {
			t.Fatalf("seed %d, text %q, rule %s: %v, want %v\nlists %+v\nown %+v\nwhole %+v", seed, text, d.ID, got[d.ID], want[d.ID], lists, own, whole)
		}
	}
	return len(want)
}

func TestExtendAgainstReference(t *testing.T) {
	found := 0
	for seed := range int64(6000) {
		found += checkOwn(t, seed, ownText(rand.New(rand.NewSource(-seed))))
	}
	if found < 1000 {
		t.Errorf("only %d rules found: the texts test nothing", found)
	}
}

func FuzzExtend(f *testing.F) {
	for seed := range int64(5) {
		f.Add(seed, ownText(rand.New(rand.NewSource(seed))))
	}
	f.Fuzz(func(t *testing.T, seed int64, text string) {
		if len(text) <= 400 {
			var signs fold.Signs
			checkOwn(t, seed, string(fold.Append(nil, []byte(text), &signs)))
		}
	})
}
