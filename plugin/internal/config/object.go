package config

import "strings"

// member is one line of the table: a member of an object. The table passes
// values as any, so that the decoder is in the module once and not once for
// each type: generic code made it 0.3 MB larger. A test reads every member.
type member struct {
	description
	where func(v any) any
	read  func(d *decoder, dst any)
}

// note is what the table says of a field beside its kind. def and example are
// JSON. def is decoded like any value when the field is absent or null, so the
// default that is documented is the one that is used.
type note struct {
	def, example string
	required     bool
}

// at makes the field name of an object; where, given a pointer to the object,
// returns one to the value, of the type that kind k reads. (It asserts its type
// with two results: one that panics by itself makes the module 14 KB larger in
// all, and one of another type panics at the field as well.) meaning is what the
// reference says of it, through doc.
//
//go:noinline
func at(name string, where func(v any) any, k kind, n note, meaning string) *member {
	return &member{description{name, n.def, n.example, meaning, n.required, k.shape}, where, k.read}
}

// object is a JSON object with the given fields and no other. check, if not
// nil, is called with each object read without an error.
//
//go:noinline
func object(called string, check func(d *decoder, v any), members ...*member) kind {
	s := &shape{json: "object", called: called}
	for i := range members {
		s.fields = append(s.fields, members[i].description)
	}
	o := &fixed{s, members, check}
	return kind{o.read, s}
}

// fixed is an object with fixed names.
type fixed struct {
	shape   *shape
	members []*member
	check   func(d *decoder, v any)
}

func (o *fixed) read(d *decoder, dst any) {
	if d.peek() != '{' {
		d.wrongSort("an object")
		return
	}
	before := len(d.errs)
	o.readMembers(d, dst)
	if o.check != nil && len(d.errs) == before && d.fault == "" {
		o.check(d, dst)
	}
}

func (o *fixed) readMembers(d *decoder, dst any) {
	var seen, set uint64 // bit i is members[i]; a test holds the table to 64 fields an object
	d.members('}', func() {
		name := d.name()
		i := indexOf(o.shape.fields, name)
		d.path = append(d.path, step{name: name})
		switch {
		case i < 0:
			d.skip()
			d.refuse("", unknown(o.shape.fields, name))
		case seen&(1<<i) != 0:
			d.skip()
			d.refuse("", "given twice: remove one of the two")
		case d.peek() == 'n':
			d.word()
		default:
			o.members[i].read(d, o.members[i].where(dst))
			set |= 1 << i
		}
		if i >= 0 {
			seen |= 1 << i
		}
		d.path = d.path[:len(d.path)-1]
	})
	for i := range o.members {
		if set&(1<<i) == 0 {
			o.members[i].absent(d, dst)
		}
	}
}

// absent puts a member's default in place, or reports that it is needed.
func (m *member) absent(d *decoder, dst any) {
	switch {
	case m.required && d.fault == "":
		d.add(d.member(m.name), "", "missing: add it, for example "+m.name+": "+m.example)
	case m.def != "":
		sub := decoder{cursor: cursor{in: m.def}, report: d.report, path: append(d.path, step{name: m.name})}
		m.read(&sub, m.where(dst))
	}
}

func indexOf(fields []description, name string) int {
	for i := range fields {
		if fields[i].name == name {
			return i
		}
	}
	return -1
}

// unknown says what to do about a name that is not a field.
func unknown(fields []description, name string) string {
	best, least := "", 3
	names := make([]string, 0, len(fields))
	for i := range fields {
		names = append(names, fields[i].name)
		if n := distance(name, fields[i].name); n < least && n < len(name) {
			best, least = fields[i].name, n
		}
	}
	if best != "" {
		return "unknown field, did you mean " + quote(best) + "?"
	}
	return "unknown field: remove it or use one of " + strings.Join(names, ", ")
}

// distance is the least number of bytes to insert, remove, replace or swap with
// a neighbour to turn a into b; a large number if the lengths are far apart.
func distance(a, b string) int {
	if len(a) > len(b)+2 || len(b) > len(a)+2 {
		return len(a) + len(b)
	}
	last, row, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], last[j-2]+1)
			}
		}
		last, row, next = row, next, last
	}
	return row[len(b)]
}
