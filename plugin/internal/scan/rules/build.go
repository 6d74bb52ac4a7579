package rules

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sparkward/sparkward/plugin/internal/scan/fold"
	"github.com/sparkward/sparkward/plugin/internal/scan/trie"
)

const (
	maxWithin  = 200 // words
	maxSlots   = 6
	maxWord    = 80 // bytes of a folded word or phrase: bounds the work of a walk
	maxClasses = 2000
)

// Build compiles src. Words and rules of src may use the classes of base,
// which may be nil; the result is to be used together with base.
func Build(base *Table, src Source) (*Table, error) {
	b := builder{common: src.Common, classes: map[string]uint16{}, values: map[string]uint16{}, words: map[word][]uint16{}, mix: map[word]bool{}, context: map[uint16]bool{}}
	if base != nil {
		for _, name := range base.Classes {
			b.class(name)
		}
		b.own = len(base.Classes)
	}
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
	return b.table()
}

// word is a folded word, the key under which its classes are gathered.
type word struct {
	text  string
	whole bool
}

type builder struct {
	t       Table
	own     int // number of classes that the base has
	classes map[string]uint16
	words   map[word][]uint16
	mix     map[word]bool
	common  []string
	values  map[string]uint16 // number of each distinct list of classes
	uses    [][]Use           // by class
	guards  [][]Cond
	context map[uint16]bool // classes that rule a match out
}

// class returns the number of a class, which it adds if it is new.
func (b *builder) class(name string) uint16 {
	n, ok := b.classes[name]
	if !ok {
		n = uint16(len(b.t.Classes))
		b.classes[name] = n
		b.t.Classes = append(b.t.Classes, name)
		b.uses, b.guards = append(b.uses, nil), append(b.guards, nil)
	}
	return n
}

func (b *builder) list(l List) error {
	if l.Class == "" {
		return &Error{"word list", "has no name"}
	}
	for _, w := range l.Words {
		if err := b.add(l.Class, w, l.Mix); err != nil {
			return &Error{"word list " + l.Class, err.Error()}
		}
	}
	return nil
}

// add puts a word into a class.
func (b *builder) add(class, text string, mix bool) error {
	w, err := parseWord(text)
	if err != nil {
		return err
	}
	if len(b.t.Classes) >= maxClasses {
		return &Error{text, "too many word lists: at most " + strconv.Itoa(maxClasses)}
	}
	c := b.class(class)
	b.mix[w] = b.mix[w] || mix
	if !slices.Contains(b.words[w], c) {
		b.words[w] = append(b.words[w], c)
	}
	return nil
}

// parseWord folds a word as texts are folded and brings the spaces of a phrase
// into the form that the walk expects.
func parseWord(text string) (word, error) {
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
		return word{}, &Error{text, "empty word"}
	}
	if len(b) > maxWord {
		return word{}, &Error{text, "too long: at most " + strconv.Itoa(maxWord) + " bytes"}
	}
	if kinds[b[0]] != kSep {
		b = joinWords(b)
	}
	last := len(b) - 1
	for last > 0 && b[last]&0xC0 == 0x80 {
		last--
	}
	return word{string(b), !stem && kindAt(b, last)&(kSep|kSpread) == 0}, nil
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

// derive adds the forms of a derived class. It is new, so that no form before
// can lead to it: matching cannot go in circles.
func (b *builder) derive(d Derived) error {
	if _, ok := b.classes[d.Class]; ok || d.Class == "" {
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
	for i := range f.Slots {
		if err := b.slot(Use{number, uint8(i)}, f.Slots[i], f.Ordered); err != nil {
			return err
		}
	}
	for _, u := range f.Unless {
		c, err := b.known(u.Class)
		if err != nil {
			return err
		}
		b.context[c] = true
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
		b.t.Slots = append(b.t.Slots, c)
		// Later slots first: a word must not fill a slot and then the next one.
		b.uses[c] = slices.Insert(b.uses[c], 0, u)
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
		if !slices.ContainsFunc(names, func(name string) bool { return slices.Contains(b.common, name) }) {
			return uint8(i)
		}
	}
	return noKey
}

// known returns the class called name, or the one that is just the word in
// quotes.
func (b *builder) known(name string) (uint16, error) {
	if len(name) > 2 && name[0] == '"' && name[len(name)-1] == '"' {
		if err := b.add(name, name[1:len(name)-1], false); err != nil {
			return 0, err
		}
	}
	c, ok := b.classes[name]
	if !ok {
		return 0, &Error{name, "no word list is called so; a word by itself goes in quotes"}
	}
	return c, nil
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
	b.context[by] = true
	b.guards[c] = append(b.guards[c], Cond{by, uint16(g.Within * wordUnits), false})
	return nil
}

// table lays everything out.
func (b *builder) table() (*Table, error) {
	t := &b.t
	if err := b.tries(); err != nil {
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
	b.keys()
	return t, nil
}

// tries puts each word into the trie of what fills slots or of context, or
// both, by its classes. Words of classes that nothing uses are left out.
func (b *builder) tries() error {
	var slots, context []trie.Pattern
	var mixed []string
	var mixedValues []uint16
	filter := make([]uint64, filterBits/64)
	for _, w := range sortedWords(b.words) {
		fill, around := b.roles(b.words[w])
		if len(fill) > 0 {
			v := b.valueOf(fill)
			slots = append(slots, trie.Pattern{Bytes: w.text, Whole: w.whole, Value: v})
			if b.mix[w] && w.whole && mixable(w.text) {
				mixed, mixedValues = append(mixed, w.text), append(mixedValues, v)
				addJumbled(filter, w.text)
			}
			if !addKeys(filter, w) && b.own == 0 {
				return &Error{w.text + "*", "too short for the beginning of longer words: want five letters"}
			}
		}
		if len(around) > 0 {
			context = append(context, trie.Pattern{Bytes: w.text, Whole: w.whole, Value: b.valueOf(around)})
		}
	}
	var err error
	if b.t.Words, err = trie.Build(slots); err != nil {
		return err
	}
	if b.t.Context, err = trie.Build(context); err != nil {
		return err
	}
	if b.own == 0 { // a user's words may be too short for it
		b.t.Filter = filter
	}
	b.t.Mixed = buildMixed(mixed, mixedValues)
	return nil
}

// roles splits the classes of a word into those that fill slots and those that
// stand around a match.
func (b *builder) roles(classes []uint16) (fill, around []uint16) {
	for _, c := range classes {
		if len(b.uses[c]) > 0 || int(c) < b.own {
			fill = append(fill, c)
		}
		if b.context[c] || int(c) < b.own {
			around = append(around, c)
		}
	}
	return fill, around
}

// valueOf returns the number of a list of classes.
func (b *builder) valueOf(classes []uint16) uint16 {
	slices.Sort(classes)
	key := ""
	for _, c := range classes {
		key += strconv.Itoa(int(c)) + " "
	}
	v, ok := b.values[key]
	if !ok {
		v = uint16(len(b.t.ListAt))
		b.values[key] = v
		b.t.ListAt = append(b.t.ListAt, uint16(len(b.t.Lists)))
		b.t.Lists = append(b.t.Lists, classes...)
	}
	return v
}

func sortedWords(words map[word][]uint16) []word {
	all := make([]word, 0, len(words))
	for w := range words {
		all = append(all, w)
	}
	slices.SortFunc(all, func(a, b word) int {
		if n := strings.Compare(a.text, b.text); n != 0 || a.whole == b.whole {
			return n
		} else if a.whole {
			return 1
		}
		return -1
	})
	return all
}

// mixable tells whether a word is of the kind that MixedWords keeps.
func mixable(w string) bool {
	if len(w) < minMixed || len(w) > maxMixed {
		return false
	}
	for i := 0; i < len(w); i++ {
		if kinds[w[i]] != kLetter {
			return false
		}
	}
	return true
}

// maxKeys is the number of keys: one bit is for patterns without one.
const maxKeys = 63

// keys gives each slot that a pattern waits for a bit; slots filled by the
// same classes share it, and when bits run out, others do.
func (b *builder) keys() {
	t := &b.t
	t.Wakes, t.Serves = make([]uint64, len(t.Classes)), make([]uint64, len(t.Classes))
	numbers := map[string]int{}
	for i := range t.Patterns {
		p := &t.Patterns[i]
		bit := uint64(1) << maxKeys // always awake
		if p.Key != noKey {
			key := ""
			for _, c := range t.slotClasses(int(p.First) + int(p.Key)) {
				key += strconv.Itoa(int(c)) + " "
			}
			if _, ok := numbers[key]; !ok {
				numbers[key] = len(numbers) % maxKeys
			}
			bit = 1 << numbers[key]
			for _, c := range t.slotClasses(int(p.First) + int(p.Key)) {
				t.Wakes[c] |= bit
			}
		}
		for s := 0; s < int(p.Slots); s++ {
			for _, c := range t.slotClasses(int(p.First) + s) {
				t.Serves[c] |= bit
			}
		}
	}
}
