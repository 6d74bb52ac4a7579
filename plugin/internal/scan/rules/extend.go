package rules

import (
	"slices"
	"strconv"
	"strings"
)

// The words and rules of users are compiled when the filter starts. This does
// without the extras of the built-in ones, and without maps and the library's
// sort, which would make the filter much larger.

const (
	maxWithin = 200 // words
	maxSlots  = 6

	// How many slots a word, or a list, of a user may fill, and how many lists
	// may fill a slot: a text may hold nothing but such words, and each of them
	// is looked at for each of its slots.
	maxPlaces = 8
	maxLists  = 8
)

// Own is a rule of a user: it matches if a word of each slot is found within so
// many words. A word with an @ in front stands for a list of base.
type Own struct {
	Rule
	Slots   [][]string
	Within  int
	Ordered bool
}

// Extend compiles words that add to lists of base, and rules, to be used
// together with base. An *Error says where it is wrong, such as
// words[0].add[2] or rules[1].words[0][3].
func Extend(base *Table, lists []List, own []Own) (*Table, error) {
	e := extension{base: base, classes: len(base.Classes)}
	copy(e.filter[:], base.Filter)
	for i, l := range lists {
		at := "words" + index(i)
		class := base.list(l.Class)
		if class < 0 {
			return nil, &Error{at + ".list", "the name of a word list"}
		}
		for j, w := range l.Words {
			if problem := e.add(w, class); problem != "" {
				return nil, &Error{at + ".add" + index(j), problem}
			}
		}
	}
	for i, r := range own {
		if err := e.rule(r, "rules"+index(i)); err != nil {
			return nil, err
		}
	}
	return e.table()
}

//go:noinline
func index(i int) string { return "[" + strconv.Itoa(i) + "]" }

// list returns the number of the word list called name, or -1.
func (t *Table) list(name string) int {
	class := slices.Index(t.Classes, name)
	if class < 0 || !t.IsList(class) {
		return -1
	}
	return class
}

// IsList says whether a class is a list that users can name: its words fill
// slots. The others are single words, the scanner's own signals, and words that
// only rule a match out.
func (t *Table) IsList(class int) bool {
	name := t.Classes[class]
	return name[0] != '"' && !strings.HasPrefix(name, Signal) && t.UseAt[class] < t.UseAt[class+1]
}

type extension struct {
	base    *Table
	t       Table
	classes int      // of base and own ones
	places  []string // by own class: its slot, for errors
	filter  filter   // of base and own words
	words   []entry
	uses    []fill
}

// fill is a class that fills a slot.
type fill struct {
	class int
	use   Use
}

// add notes that text is a word of class, or says what is wrong with it.
func (e *extension) add(text string, class int) (problem string) {
	w, problem := parseWord(text)
	switch {
	case problem != "":
		return problem
	case !e.filter.addKeys(w):
		return "a longer word, or beginning of words: five letters, two marks or digits"
	}
	e.words = append(e.words, entry{w, uint16(class)})
	return ""
}

// rule adds a rule; at is its place, for errors.
func (e *extension) rule(r Own, at string) error {
	switch {
	case r.ID == "":
		return &Error{at + ".id", "a name"}
	case len(r.Slots) == 0 || len(r.Slots) > maxSlots:
		return &Error{at + ".words", "1 to " + strconv.Itoa(maxSlots) + " lists of words"}
	case r.Within < 1 || r.Within > maxWithin:
		return &Error{at + ".within", "1 to " + strconv.Itoa(maxWithin) + " words"}
	}
	t := &e.t
	p := Pattern{
		Rule: uint16(len(t.Rules)), First: uint16(len(t.SlotAt)), Slots: uint8(len(r.Slots)),
		Ordered: r.Ordered, Span: uint16(r.Within * wordUnits), Key: noKey,
	}
	t.Rules = append(t.Rules, r.Rule)
	for i, words := range r.Slots {
		u := Use{Pattern: uint16(len(t.Patterns)), Slot: uint8(i), Key: maxKeys}
		if err := e.slot(u, words, at+".words"+index(i)); err != nil {
			return err
		}
	}
	t.Patterns = append(t.Patterns, p)
	return nil
}

// slot makes a class of its own of the words of a slot, beside the lists that
// they name.
func (e *extension) slot(u Use, words []string, at string) error {
	if len(words) == 0 {
		return &Error{at, "one word or more"}
	}
	t := &e.t
	t.SlotAt = append(t.SlotAt, uint16(len(t.Slots)))
	e.places = append(e.places, at)
	e.fill(e.classes, u)
	for i, w := range words {
		if w == "" || w[0] != '@' {
			if problem := e.add(w, e.classes); problem != "" {
				return &Error{at + index(i), problem}
			}
			continue
		}
		class := e.base.list(w[1:])
		if class < 0 {
			return &Error{at + index(i), "the name of a word list behind @"}
		}
		if !e.fill(class, u) {
			return &Error{at + index(i), "a list that stands in at most " + strconv.Itoa(maxPlaces) + " places of all rules"}
		}
	}
	if len(t.Slots)-int(t.SlotAt[len(t.SlotAt)-1]) > 1+maxLists {
		return &Error{at, "at most " + strconv.Itoa(maxLists) + " names of lists"}
	}
	e.classes++
	return nil
}

// fill notes that words of class fill slot u, unless they fill too many.
//
//go:noinline
func (e *extension) fill(class int, u Use) bool {
	e.t.Slots = append(e.t.Slots, uint16(class))
	e.uses = append(e.uses, fill{class, u})
	n := 0
	for i := range e.uses {
		if e.uses[i].class == class {
			n++
		}
	}
	return n <= maxPlaces
}

// table lays everything out.
func (e *extension) table() (*Table, error) {
	t := &e.t
	var err error
	if t.Words, err = t.pack(e.words); err != nil {
		return nil, err
	}
	t.Context.Cells = []uint32{0}
	t.Filter = e.filter[:]
	t.ListAt = append(t.ListAt, uint16(len(t.Lists)))
	for v := range t.ListAt[1:] {
		if list := t.Lists[t.ListAt[v]:t.ListAt[v+1]]; len(list) > maxPlaces {
			at := "words"
			if last := int(list[len(list)-1]) - len(e.base.Classes); last >= 0 {
				at = e.places[last]
			}
			return nil, &Error{at, "no word that stands in more than " + strconv.Itoa(maxPlaces) + " places of all rules and lists"}
		}
	}
	t.SlotAt = append(t.SlotAt, uint16(len(t.Slots)))
	t.Classes = make([]string, e.classes)
	t.Wakes, t.Serves, t.GuardAt = make([]uint64, e.classes), make([]uint64, e.classes), make([]uint16, e.classes+1)
	for class := 0; class < e.classes; class++ {
		t.UseAt = append(t.UseAt, uint16(len(t.Uses)))
		for i := len(e.uses) - 1; i >= 0; i-- { // later slots first, as in builder.slot
			if e.uses[i].class == class {
				t.Uses = append(t.Uses, e.uses[i].use)
				t.Serves[class] = 1 << maxKeys
			}
		}
	}
	t.UseAt = append(t.UseAt, uint16(len(t.Uses)))
	return t, nil
}
