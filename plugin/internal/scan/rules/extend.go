package rules

import (
	"slices"
	"strconv"
)

// The words and rules of users are compiled when the filter starts. This does
// without the extras of the built-in ones, and without maps and the library's
// sort, which would make the filter much larger.

const (
	maxWithin = 200 // words
	maxSlots  = 6
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
// together with base.
func Extend(base *Table, lists []List, own []Own) (*Table, error) {
	e := extension{base: base, classes: len(base.Classes)}
	for _, l := range lists {
		class := slices.Index(base.Classes, l.Class)
		if class < 0 {
			return nil, &Error{"words", "no word list is called " + l.Class}
		}
		for _, w := range l.Words {
			if err := e.add(w, class); err != nil {
				return nil, &Error{"words", err.Error()}
			}
		}
	}
	for _, r := range own {
		if err := e.rule(r); err != nil {
			return nil, &Error{"rule " + r.ID, err.Error()}
		}
	}
	return e.table()
}

type extension struct {
	base    *Table
	t       Table
	classes int // of base and own ones
	words   []entry
	uses    []fill
}

// fill is a class that fills a slot.
type fill struct {
	class int
	use   Use
}

func (e *extension) add(text string, class int) error {
	w, problem := parseWord(text)
	if problem != "" {
		return &Error{text, problem}
	}
	e.words = append(e.words, entry{w, uint16(class)})
	return nil
}

func (e *extension) rule(r Own) error {
	switch {
	case r.ID == "":
		return &Error{"id", "is empty"}
	case len(r.Slots) == 0 || len(r.Slots) > maxSlots:
		return &Error{"slots", "want 1 to " + strconv.Itoa(maxSlots)}
	case r.Within < 1 || r.Within > maxWithin:
		return &Error{"within", "want 1 to " + strconv.Itoa(maxWithin) + " words"}
	}
	t := &e.t
	p := Pattern{
		Rule: uint16(len(t.Rules)), First: uint16(len(t.SlotAt)), Slots: uint8(len(r.Slots)),
		Ordered: r.Ordered, Span: uint16(r.Within * wordUnits), Key: noKey,
	}
	t.Rules = append(t.Rules, r.Rule)
	for i, words := range r.Slots {
		if err := e.slot(Use{Pattern: uint16(len(t.Patterns)), Slot: uint8(i), Key: maxKeys}, words); err != nil {
			return err
		}
	}
	t.Patterns = append(t.Patterns, p)
	return nil
}

// slot makes a class of its own of the words of a slot, beside the lists that
// they name.
func (e *extension) slot(u Use, words []string) error {
	if len(words) == 0 {
		return &Error{"slots", "a slot is empty"}
	}
	t := &e.t
	t.SlotAt = append(t.SlotAt, uint16(len(t.Slots)))
	e.fill(e.classes, u)
	for _, w := range words {
		if w == "" || w[0] != '@' {
			if err := e.add(w, e.classes); err != nil {
				return err
			}
			continue
		}
		class := slices.Index(e.base.Classes, w[1:])
		if class < 0 {
			return &Error{w, "no word list is called so"}
		}
		e.fill(class, u)
	}
	e.classes++
	return nil
}

// fill notes that words of class fill slot u.
func (e *extension) fill(class int, u Use) {
	e.t.Slots = append(e.t.Slots, uint16(class))
	e.uses = append(e.uses, fill{class, u})
}

// table lays everything out.
func (e *extension) table() (*Table, error) {
	t := &e.t
	var err error
	if t.Words, err = t.pack(e.words); err != nil {
		return nil, err
	}
	t.Context.Cells = []uint32{0}
	t.ListAt = append(t.ListAt, uint16(len(t.Lists)))
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
