package rules

import (
	"slices"
	"strconv"
)

// Build compiles a whole rule set. It is not part of the filter.
func Build(src Source) (*Table, error) {
	b := builder{common: src.Common}
	for _, l := range src.Lists {
		if err := b.list(l); err != nil {
			return nil, err
		}
	}
	for _, d := range src.Derived {
		if err := b.derive(d); err != nil {
			return nil, err
		}
	}
	for _, d := range src.Rules {
		if err := b.rule(d); err != nil {
			return nil, err
		}
	}
	for _, g := range src.Guards {
		if err := b.guard(g); err != nil {
			return nil, err
		}
	}
	t, err := b.table()
	if err != nil {
		return nil, err
	}
	return t, complete(t, src)
}

// Flags of a class: what its words are for.
const (
	inSlots   = 1 << iota // they fill slots, or Matcher.Seen tells of them
	inContext             // they rule a match out
)

type builder struct {
	t      Table
	common []string
	words  []entry
	// by class
	flags  []uint8
	uses   [][]Use
	guards [][]Cond
}

// class returns the number of a class, which it adds if it is new.
func (b *builder) class(name string) uint16 {
	if n := slices.Index(b.t.Classes, name); n >= 0 {
		return uint16(n)
	}
	b.t.Classes = append(b.t.Classes, name)
	b.flags, b.uses, b.guards = append(b.flags, 0), append(b.uses, nil), append(b.guards, nil)
	return uint16(len(b.t.Classes) - 1)
}

func (b *builder) list(l List) error {
	if l.Class == "" {
		return &Error{"word list", "has no name"}
	}
	for _, w := range l.Words {
		if err := b.add(l.Class, w); err != nil {
			return &Error{"word list " + l.Class, err.Error()}
		}
	}
	if l.Seen {
		b.flags[b.class(l.Class)] |= inSlots
	}
	return nil
}

// add puts a word into a class.
func (b *builder) add(class, text string) error {
	w, problem := parseWord(text)
	if problem != "" {
		return &Error{text, problem}
	}
	b.words = append(b.words, entry{w, b.class(class)})
	return nil
}

// derive adds the forms of a derived class. It is new, so that no form before
// can lead to it: matching cannot go in circles.
func (b *builder) derive(d Derived) error {
	if slices.Contains(b.t.Classes, d.Class) || d.Class == "" {
		return &Error{"derived class " + d.Class, "has no name or one that is taken"}
	}
	first := len(b.t.Patterns)
	for _, f := range d.Forms {
		if err := b.form(f, 0); err != nil {
			return &Error{"derived class " + d.Class, err.Error()}
		}
	}
	for i := first; i < len(b.t.Patterns); i++ {
		if b.t.Patterns[i].Conds != 0 {
			return &Error{"derived class " + d.Class, "cannot have conditions"}
		}
		b.t.Patterns[i].Rule = b.class(d.Class) | derives
	}
	return nil
}

func (b *builder) rule(d Definition) error {
	if d.ID == "" || d.Category == "" {
		return &Error{"rule " + d.ID, "needs an id and a category"}
	}
	if d.Severity > 3 {
		return &Error{"rule " + d.ID, "unknown severity"}
	}
	for _, r := range b.t.Rules {
		if r.ID == d.ID {
			return &Error{"rule " + d.ID, "is defined twice"}
		}
	}
	b.t.Rules = append(b.t.Rules, Rule{ID: d.ID, Category: d.Category, Severity: d.Severity})
	if len(d.Forms) == 0 {
		return &Error{"rule " + d.ID, "has nothing to match"}
	}
	for _, f := range d.Forms {
		if err := b.form(f, len(b.t.Rules)-1); err != nil {
			return &Error{"rule " + d.ID, err.Error()}
		}
	}
	return nil
}

func (b *builder) form(f Form, rule int) error {
	if len(f.Slots) == 0 || len(f.Slots) > maxSlots {
		return &Error{"slots", "want 1 to " + strconv.Itoa(maxSlots)}
	}
	if f.Within < 1 || f.Within > maxWithin {
		return &Error{"within " + strconv.Itoa(f.Within), "want 1 to " + strconv.Itoa(maxWithin) + " words"}
	}
	p := Pattern{
		Rule: uint16(rule), First: uint16(len(b.t.SlotAt)), Slots: uint8(len(f.Slots)),
		Ordered: f.Ordered, Span: uint16(f.Within * wordUnits), CondAt: uint16(len(b.t.Conds)), Key: b.key(f),
	}
	number := uint16(len(b.t.Patterns))
	for i, names := range f.Slots {
		if err := b.slot(Use{Pattern: number, Slot: uint8(i)}, names, f.Ordered); err != nil {
			return err
		}
	}
	for _, u := range f.Unless {
		c, err := b.known(u.Class)
		if err != nil {
			return err
		}
		b.flags[c] |= inContext
		b.t.Conds = append(b.t.Conds, Cond{c, uint16(u.Within * wordUnits), u.After})
		p.Conds++
	}
	b.t.Patterns = append(b.t.Patterns, p)
	return nil
}

// slot makes the named classes fill slot u. Only in an ordered form may a class
// fill two slots.
func (b *builder) slot(u Use, names []string, ordered bool) error {
	if len(names) == 0 {
		return &Error{"slots", "a slot is empty"}
	}
	b.t.SlotAt = append(b.t.SlotAt, uint16(len(b.t.Slots)))
	for _, name := range names {
		c, err := b.known(name)
		if err != nil {
			return err
		}
		for _, other := range b.uses[c] {
			if other.Pattern == u.Pattern && (!ordered || other.Slot == u.Slot) {
				return &Error{name, "fills two slots; that needs an ordered form"}
			}
		}
		b.flags[c] |= inSlots
		b.t.Slots = append(b.t.Slots, c)
		// Derived classes first, as they come first. Later slots first: a word
		// must not fill a slot and then the next one.
		at := len(b.uses[c])
		for at > 0 && b.uses[c][at-1].Pattern == u.Pattern {
			at--
		}
		b.uses[c] = slices.Insert(b.uses[c], at, u)
	}
	return nil
}

// key returns the slot whose words are the rarest as far as can be told:
// the first without a class that is called common. An ordered form of more
// than two slots can only wait for its first one.
func (b *builder) key(f Form) uint8 {
	for i, names := range f.Slots {
		if f.Ordered && len(f.Slots) > 2 && i > 0 {
			break
		}
		common := false
		for _, name := range names {
			common = common || slices.Contains(b.common, name)
		}
		if !common {
			return uint8(i)
		}
	}
	return noKey
}

// known returns the class called name, or the one that is just the word in
// quotes.
func (b *builder) known(name string) (uint16, error) {
	if len(name) > 2 && name[0] == '"' && name[len(name)-1] == '"' {
		if err := b.add(name, name[1:len(name)-1]); err != nil {
			return 0, err
		}
	}
	if c := slices.Index(b.t.Classes, name); c >= 0 {
		return uint16(c), nil
	}
	return 0, &Error{name, "no word list is called so; a word by itself goes in quotes"}
}

func (b *builder) guard(g Guard) error {
	c, err := b.known(g.Class)
	if err != nil {
		return err
	}
	by, err := b.known(g.By)
	if err != nil {
		return err
	}
	if g.Within < 1 || g.Within > maxWithin {
		return &Error{"guard of " + g.Class, "within: want 1 to " + strconv.Itoa(maxWithin) + " words"}
	}
	b.flags[by] |= inContext
	b.guards[c] = append(b.guards[c], Cond{by, uint16(g.Within * wordUnits), false})
	return nil
}

// table lays everything out.
func (b *builder) table() (*Table, error) {
	t := &b.t
	b.number()
	var err error
	if t.Words, err = t.pack(b.with(inSlots)); err != nil {
		return nil, err
	}
	if t.Context, err = t.pack(b.with(inContext)); err != nil {
		return nil, err
	}
	t.ListAt = append(t.ListAt, uint16(len(t.Lists)))
	t.SlotAt = append(t.SlotAt, uint16(len(t.Slots)))
	for c := range t.Classes {
		t.UseAt = append(t.UseAt, uint16(len(t.Uses)))
		t.GuardAt = append(t.GuardAt, uint16(len(t.Guards)))
		t.Uses = append(t.Uses, b.uses[c]...)
		t.Guards = append(t.Guards, b.guards[c]...)
	}
	t.UseAt = append(t.UseAt, uint16(len(t.Uses)))
	t.GuardAt = append(t.GuardAt, uint16(len(t.Guards)))
	t.keys()
	return t, nil
}

// number gives the lists of classes that most words have the lowest numbers:
// in a trie they take less room.
func (b *builder) number() {
	count := map[string]int{}
	var scratch Table
	for _, flag := range []uint8{inSlots, inContext} {
		classes := map[word][]uint16{}
		for _, e := range b.with(flag) {
			if !slices.Contains(classes[e.word], e.class) {
				classes[e.word] = append(classes[e.word], e.class)
			}
		}
		for _, l := range classes {
			slices.Sort(l)
			count[listKey(l)]++
		}
		for _, l := range classes {
			scratch.valueOf(l)
		}
	}
	lists := make([][]uint16, len(scratch.ListAt))
	scratch.ListAt = append(scratch.ListAt, uint16(len(scratch.Lists)))
	for v := range lists {
		lists[v] = scratch.Lists[scratch.ListAt[v]:scratch.ListAt[v+1]]
	}
	slices.SortFunc(lists, func(x, y []uint16) int {
		if nx, ny := count[listKey(x)], count[listKey(y)]; nx != ny {
			return ny - nx
		}
		return slices.Compare(x, y)
	})
	for _, l := range lists {
		b.t.valueOf(l)
	}
}

// with returns the words of the classes that have a flag. Words of classes that
// nothing uses are left out.
func (b *builder) with(flag uint8) (words []entry) {
	for _, e := range b.words {
		if b.flags[e.class]&flag != 0 {
			words = append(words, e)
		}
	}
	return words
}

// maxKeys is the number of keys: one bit is for patterns without one.
const maxKeys = 63

// keys gives each slot that a pattern waits for a bit. Slots filled by the same
// classes share it, and when bits run out, others do.
func (t *Table) keys() {
	t.Wakes, t.Serves = make([]uint64, len(t.Classes)), make([]uint64, len(t.Classes))
	bits := make([]uint8, len(t.Patterns))
	var slots []int
	for i, p := range t.Patterns {
		bits[i] = maxKeys // always awake
		if p.Key != noKey {
			slot := int(p.First) + int(p.Key)
			n := 0
			for n < len(slots) && !slices.Equal(t.slotClasses(slots[n]), t.slotClasses(slot)) {
				n++
			}
			if n == len(slots) {
				slots = append(slots, slot)
			}
			bits[i] = uint8(n % maxKeys)
			for _, c := range t.slotClasses(slot) {
				t.Wakes[c] |= 1 << bits[i]
			}
		}
		for s := 0; s < int(p.Slots); s++ {
			for _, c := range t.slotClasses(int(p.First) + s) {
				t.Serves[c] |= 1 << bits[i]
			}
		}
	}
	for i := range t.Uses {
		t.Uses[i].Key = bits[t.Uses[i].Pattern]
	}
}

// listKey makes a map key of a list.
func listKey(list []uint16) string {
	b := make([]byte, 0, 2*len(list))
	for _, v := range list {
		b = append(b, byte(v>>8), byte(v))
	}
	return string(b)
}
