package rules

import "math"

// Matcher runs a table, and perhaps a second one of a user's own words and
// rules, over texts. It is not for concurrent use.
type Matcher struct {
	// Work is how many steps may yet be taken where something passes the
	// filter; Run subtracts from it and stops where it is used up, below 0. A
	// new Matcher has no bound.
	Work int
	// Watch is the number of a class whose words Run notes in Traits.
	Watch       int
	base, extra *Table
	text        []byte
	at          int     // where in the text the present word begins
	start       int32   // its distance from the start of the text, in units
	pos         int32   // the same for the last word of the phrase that begins there
	last        []int32 // of a class: where it was seen last; 0 for never
	state       [2]state
	past        past
	classes     []uint16 // what contextAt returned last
	found       int      // rules found so far
}

// state is what a Matcher keeps for the patterns of one table.
type state struct {
	table  *Table
	awake  uint64  // keys whose words were seen
	chain  []int32 // of a slot of an ordered pattern: where the latest match up to it began
	result []Result
	// wait holds, for each pattern, the slot without a new word for which it
	// cannot match, or one of anySlot and noSlot.
	wait []uint8
}

const (
	anySlot = 0xFF - iota
	noSlot  // the pattern cannot tell anything new
)

// Result tells how a rule was found.
type Result uint8

const (
	// Absent means that the rule was not found.
	Absent Result = iota
	// Excused means that it was found only where context rules it out: in a
	// question, a quotation, a report.
	Excused
	// Found means that it was found.
	Found
)

// Steps of work: one takes about 5 ns in V8.
const (
	findWork  = 10 // to look for patterns at a place, beside its bytes
	useWork   = 5  // for each slot that a word met may fill
	matchWork = 20 // to see whether a pattern is complete
	walkWork  = 4  // to walk a byte of what lies around a match
)

// origin is the first position: so far from 0, which means never, that no span
// reaches back to it.
const origin = 1 << 20

// NewMatcher returns a Matcher for base, which Build made or the generator
// wrote, and for extra, which Build made on top of base; extra may be nil.
func NewMatcher(base, extra *Table) *Matcher {
	m := &Matcher{Work: math.MaxInt, base: base, extra: extra}
	classes := len(base.Classes)
	m.state[0] = newState(base)
	if extra != nil {
		m.state[1] = newState(extra)
		classes = len(extra.Classes)
	}
	m.last, m.past.last = make([]int32, classes), make([]sighting, classes)
	return m
}

func newState(t *Table) state {
	return state{table: t, chain: make([]int32, len(t.SlotAt)), result: make([]Result, len(t.Rules)), wait: make([]uint8, len(t.Patterns))}
}

func (m *Matcher) reset(text []byte) {
	m.text, m.start, m.found = text, origin, 0
	clear(m.last)
	m.past.reset()
	for i := range m.state {
		s := &m.state[i]
		s.awake = 1 << maxKeys
		clear(s.chain)
		clear(s.result)
		for k := range s.wait {
			s.wait[k] = anySlot
		}
	}
}

// Each calls f for each rule found in the last text: its number counts the
// rules of base and then those of extra.
func (m *Matcher) Each(f func(rule int, r Result)) {
	first := 0
	for i := range m.state {
		for k, r := range m.state[i].result {
			if r != Absent {
				f(first+k, r)
			}
		}
		first += len(m.state[i].result)
	}
}

// Seen tells whether a word of the class was in the last text.
func (m *Matcher) Seen(class int) bool { return m.last[class] != 0 }

// value takes in a word or phrase that stands for value v of table t; gaps is
// the number of spaces in it.
func (m *Matcher) value(t *Table, v uint16, gaps int32) {
	m.pos = m.start + gaps*wordUnits
	m.Work -= useWork
	for _, class := range t.Lists[t.ListAt[v]:t.ListAt[v+1]] {
		m.event(class)
	}
}

// event takes in a word of a class at the present position. The word counts
// for its own class only after the patterns have seen it.
func (m *Matcher) event(class uint16) {
	if g := m.base.GuardAt; int(class)+1 < len(g) {
		if g[class] != g[class+1] && m.guarded(class) {
			return
		}
		m.serve(&m.state[0], class)
	}
	if m.extra != nil {
		m.serve(&m.state[1], class)
	}
	m.last[class] = max(m.last[class], m.pos)
}

// serve looks at the patterns of a table that the class takes part in and
// whose key was met.
func (m *Matcher) serve(s *state, class uint16) {
	t := s.table
	s.awake |= t.Wakes[class]
	if t.Serves[class]&s.awake == 0 {
		return
	}
	uses := t.Uses[t.UseAt[class]:t.UseAt[class+1]]
	m.Work -= useWork * (1 + len(uses))
	for _, u := range uses {
		if wait := s.wait[u.Pattern]; wait != anySlot && wait != u.Slot || s.awake>>u.Key&1 == 0 {
			continue
		}
		p := &t.Patterns[u.Pattern]
		begin := int32(0)
		if p.Ordered {
			begin = m.ordered(s, p, u.Slot)
		} else {
			begin = m.anyOrder(s, u)
		}
		if begin != 0 {
			m.match(s, u.Pattern, begin)
		}
	}
}

// guarded tells whether a word that class may not follow came shortly before.
func (m *Matcher) guarded(class uint16) bool {
	for _, g := range m.base.Guards[m.base.GuardAt[class]:m.base.GuardAt[class+1]] {
		if m.before(g.Class, int32(g.Span), false) {
			return true
		}
	}
	return false
}

// latest returns where a word for the slot was seen last.
func (m *Matcher) latest(t *Table, slot int) int32 {
	at := int32(0)
	for _, c := range t.slotClasses(slot) {
		at = max(at, m.last[c])
	}
	return at
}

// anyOrder returns where a match begins that the present word completes by
// filling a slot of a pattern, or 0.
func (m *Matcher) anyOrder(s *state, u Use) int32 {
	p := &s.table.Patterns[u.Pattern]
	begin, oldest := m.pos, m.pos-int32(p.Span)
	m.Work -= matchWork
	s.wait[u.Pattern] = anySlot
	for i := range p.Slots {
		if i == u.Slot {
			continue
		}
		at := m.latest(s.table, int(p.First)+int(i))
		if at < oldest {
			// A phrase may lie ahead of the words in it, and a word behind an
			// escape a word back; no more than that.
			if at < m.start-wordUnits-int32(p.Span) {
				s.wait[u.Pattern] = i
			}
			return 0
		}
		begin = min(begin, at)
	}
	return begin
}

// ordered is anyOrder for a pattern whose slots must be filled in order.
func (m *Matcher) ordered(s *state, p *Pattern, slot uint8) int32 {
	begin := m.pos
	switch {
	case slot == 1:
		begin = m.latest(s.table, int(p.First))
	case slot > 1:
		begin = s.chain[int(p.First)+int(slot)-1]
	}
	if int(slot) == int(p.Slots)-1 {
		if begin < m.pos-int32(p.Span) {
			return 0
		}
		return begin
	}
	at := int(p.First) + int(slot)
	s.chain[at] = max(s.chain[at], begin)
	return 0
}

// match notes a complete pattern that began at begin.
func (m *Matcher) match(s *state, number uint16, begin int32) {
	p := &s.table.Patterns[number]
	if p.Rule&derives != 0 {
		m.event(p.Rule &^ derives)
		return
	}
	r := &s.result[p.Rule]
	if *r == Found {
		s.wait[number] = noSlot
		return
	}
	found := Found
	if m.excused(s.table.Conds[p.CondAt:int(p.CondAt)+int(p.Conds)], begin) {
		found = Excused
	}
	if *r == Absent {
		m.found++
	}
	*r = max(*r, found)
}

// excused tells whether one of conds holds around a match that began at begin
// and ends at the present word.
func (m *Matcher) excused(conds []Cond, begin int32) bool {
	for _, c := range conds {
		if c.After && m.after(c.Class, int32(c.Span)) || !c.After && m.before(c.Class, m.start-begin+int32(c.Span), true) {
			return true
		}
	}
	return false
}
