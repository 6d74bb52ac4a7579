package config

import "strings"

// field is one line of the table: a member of the object T.
type field[T any] struct {
	description
	read func(d *decoder, dst *T)
}

// note is what the table says of a field beside its kind. def and example are
// JSON. def is decoded like any value when the field is absent or null, so the
// default that is documented is the one that is used.
type note struct {
	def, example, doc string
	required          bool
}

// at makes the field name of T, held at where, of kind k.
func at[T, F any](name string, where func(*T) *F, k kind[F], n note) field[T] {
	return field[T]{
		description{name, n.def, n.example, n.doc, n.required, k.shape},
		func(d *decoder, dst *T) { k.read(d, where(dst)) },
	}
}

// object is a JSON object with the given fields and no other. check, if not
// nil, is called for each object read without an error.
func object[T any](called string, check func(d *decoder, v *T), fields ...field[T]) kind[T] {
	s := &shape{json: "object", called: called}
	for _, f := range fields {
		s.fields = append(s.fields, f.description)
	}
	read := func(d *decoder, dst *T) {
		if d.peek() != '{' {
			d.wrongSort("an object")
			return
		}
		before := len(d.errs)
		readFields(d, dst, fields, s)
		if check != nil && len(d.errs) == before && d.fault == "" {
			check(d, dst)
		}
	}
	return kind[T]{read, s}
}

func readFields[T any](d *decoder, dst *T, fields []field[T], s *shape) {
	var seen, set uint64 // bit i is fields[i]; a test holds the table to 64 fields an object
	d.members('}', func() {
		name := d.name()
		i := indexOf(s.fields, name)
		d.path = append(d.path, step{name: name})
		switch {
		case i < 0:
			d.skip()
			d.refuse("", unknown(s.fields, name))
		case seen&(1<<i) != 0:
			d.skip()
			d.refuse("", "given twice: remove one of the two")
		case d.peek() == 'n':
			d.word()
		default:
			fields[i].read(d, dst)
			set |= 1 << i
		}
		if i >= 0 {
			seen |= 1 << i
		}
		d.path = d.path[:len(d.path)-1]
	})
	for i := range fields {
		if set&(1<<i) == 0 {
			absent(d, dst, &fields[i])
		}
	}
}

// absent puts a field's default in place, or reports that the field is needed.
func absent[T any](d *decoder, dst *T, f *field[T]) {
	switch {
	case f.required && d.fault == "":
		d.add(d.member(f.name), "", "missing: add it, for example "+f.name+": "+f.example)
	case f.def != "":
		sub := decoder{cursor: cursor{in: f.def}, report: d.report, path: append(d.path, step{name: f.name})}
		f.read(&sub, dst)
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
