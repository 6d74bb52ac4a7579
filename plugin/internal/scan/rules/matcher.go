package rules

// Matcher runs a table, and perhaps a second one of a user's own words and
// rules, over texts. It is not for concurrent use.
type Matcher struct {
	base, extra *Table
	start       int32   // distance of the present word from the start of the text, in units
	pos         int32   // the same for the last word of the phrase that begins there
	last        []int32 // of a class: where it was seen last; 0 for never
	before      []int32 // of a class: where it was seen last but at last
	state       [2]state
	mixedAt     int32 // where a word with mixed letters was seen last
	found       int   // rules found so far
}

// state is what a Matcher keeps for the patterns of one table.
type state struct {
	table   *Table
	filled  []int32 // of a slot: where it was filled; if ordered, where the match up to it began
	pending []int32 // of a pattern: where a match ended that may yet be taken back
	result  []Result
}

// Result tells how a rule was found.
type Result uint8

const (
	// Absent means that the rule was not found.
	Absent Result = iota
	// Mixed means that it was found in words with their inner letters mixed.
	Mixed
	// Found means that it was found in words as they are.
	Found
)

// origin is the first position: so far from 0, which means never, that no span
// reaches back to it.
const origin = 1 << 20

// NewMatcher returns a Matcher for base, which Build made or the generator
// wrote, and for extra, which Build made on top of base; extra may be nil.
func NewMatcher(base, extra *Table) *Matcher {
	m := &Matcher{base: base, extra: extra}
	classes := len(base.Classes)
	m.state[0] = newState(base)
	if extra != nil {
		m.state[1] = newState(extra)
		classes = len(extra.Classes)
	}
	m.last, m.before = make([]int32, classes), make([]int32, classes)
	return m
}

func newState(t *Table) state {
	return state{
		table:   t,
		filled:  make([]int32, t.slots()),
		pending: make([]int32, len(t.Patterns)),
		result:  make([]Result, len(t.Rules)),
	}
}

func (m *Matcher) reset() {
	m.start, m.mixedAt, m.found = origin, 0, 0
	clear(m.last)
	clear(m.before)
	for i := range m.state {
		clear(m.state[i].filled)
		clear(m.state[i].pending)
		clear(m.state[i].result)
	}
}

// finish settles matches that nothing took back.
func (m *Matcher) finish() {
	for i := range m.state {
		for p, at := range m.state[i].pending {
			if at != 0 {
				m.settle(&m.state[i], uint16(p), Found)
			}
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
	for _, class := range t.Lists[t.ListAt[v]:t.ListAt[v+1]] {
		m.event(class)
	}
}

// event takes in a word of a class at the present position.
func (m *Matcher) event(class uint16) {
	if int(class) < len(m.base.Classes) && m.guarded(m.base, class) {
		return
	}
	if m.last[class] < m.pos {
		m.before[class], m.last[class] = m.last[class], m.pos
	}
	for i := range m.state {
		s := &m.state[i]
		if s.table == nil || int(class) >= len(s.table.Classes) {
			continue
		}
		for _, a := range s.table.Afters[s.table.AfterAt[class]:s.table.AfterAt[class+1]] {
			if at := s.pending[a.Pattern]; at != 0 && m.pos-at <= int32(a.Span) {
				s.pending[a.Pattern] = 0
			}
		}
		for _, u := range s.table.Uses[s.table.UseAt[class]:s.table.UseAt[class+1]] {
			m.fill(s, u)
		}
	}
}

// guarded tells whether a word that class may not follow came shortly before.
func (m *Matcher) guarded(t *Table, class uint16) bool {
	for _, g := range t.Guards[t.GuardAt[class]:t.GuardAt[class+1]] {
		at := m.last[g.Class]
		if at >= m.start {
			at = m.before[g.Class]
		}
		if at != 0 && m.start-at <= int32(g.Span) {
			return true
		}
	}
	return false
}

// fill puts the present position into a slot and sees whether that completes
// the pattern.
func (m *Matcher) fill(s *state, u Use) {
	p := &s.table.Patterns[u.Pattern]
	slots := s.filled[p.First : int(p.First)+int(p.Slots)]
	oldest := m.pos - int32(p.Span)
	begin := m.pos
	if p.Ordered {
		if u.Slot > 0 {
			begin = slots[u.Slot-1]
		}
		slots[u.Slot] = max(slots[u.Slot], begin)
		if begin < oldest || int(u.Slot) < len(slots)-1 {
			return
		}
	} else {
		slots[u.Slot] = max(slots[u.Slot], m.pos)
		for _, at := range slots {
			if at < oldest {
				return
			}
			begin = min(begin, at)
		}
	}
	m.match(s, p, u.Pattern, begin)
}

// match notes a complete pattern that began at begin, unless a class that
// rules it out came before or is in it.
func (m *Matcher) match(s *state, p *Pattern, number uint16, begin int32) {
	for _, c := range s.table.Conds[p.CondAt : int(p.CondAt)+int(p.Conds)] {
		if at := m.last[c.Class]; at != 0 && at >= begin-int32(c.Span) {
			return
		}
	}
	if p.Rule&derives != 0 {
		m.event(p.Rule &^ derives)
		return
	}
	found := Found
	if m.mixedAt >= begin {
		found = Mixed
	}
	if p.After == 0 {
		m.settle(s, number, found)
		return
	}
	// A later match is taken back by whatever takes back an earlier one, so
	// the earlier one is kept, unless it is out of danger.
	switch at := s.pending[number]; {
	case at == 0:
		s.pending[number] = m.pos
	case m.pos-at > int32(p.After):
		m.settle(s, number, found)
	}
}

func (m *Matcher) settle(s *state, pattern uint16, found Result) {
	r := &s.result[s.table.Patterns[pattern].Rule]
	if *r == Absent {
		m.found++
	}
	*r = max(*r, found)
}
