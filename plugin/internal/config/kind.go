package config

import (
	"strconv"
	"strings"
)

// kind is one sort of value: how it is read from JSON and how it is described.
// read must consume exactly one value, reporting what it does not like.
type kind struct {
	read  func(d *decoder, dst any) // dst points to the value
	shape *shape
}

// shape describes a kind to the JSON Schema and to the reference.
type shape struct {
	json    string        // JSON type: object, array, string, integer
	called  string        // what the reference calls it, such as "duration"
	words   []string      // the only strings allowed
	pattern string        // regular expression of the strings allowed
	min     int64         // least integer, or fewest members of a list
	max     int64         // greatest integer, most bytes of a string, most members
	items   *shape        // of a list, or the values of a map
	fields  []description // of an object with fixed names
	orText  *shape        // the string that may stand in place of an integer
}

// description is one line of the table, free of its Go types.
type description struct {
	name, def, example, doc string
	required                bool
	shape                   *shape
}

// decoder reads one policy. It knows where it is, so errors have a path.
type decoder struct {
	cursor
	*report
	path []step
}

// step is one part of a path: a member's name, or an index if the name is empty.
type step struct {
	name  string
	index int
}

// where returns the path of the value being read.
func (d *decoder) where() string {
	path := ""
	for _, s := range d.path {
		if s.name == "" {
			path += index(s.index)
		} else {
			path = Member(path, s.name)
		}
	}
	if path == "" {
		return "policy"
	}
	return path
}

// member returns the path of a member of the value being read.
func (d *decoder) member(name string) string {
	if len(d.path) == 0 {
		return name
	}
	return Member(d.where(), name)
}

// Member returns the path of the member name of the object at path, as an
// Error spells it: a.b, or a["b c"] for a name that is not a plain word. The
// path of the policy itself is "".
func Member(path, name string) string {
	switch {
	case !isWord(name):
		return path + "[" + quote(name) + "]"
	case path == "":
		return name
	}
	return path + "." + name
}

//go:noinline
func index(i int) string { return "[" + strconv.Itoa(i) + "]" }

func isWord(s string) bool {
	for i := 0; i < len(s); i++ {
		b := s[i] | 0x20
		if (b < 'a' || b > 'z') && (s[i] < '0' || s[i] > '9') && s[i] != '_' && s[i] != '-' {
			return false
		}
	}
	return s != "" && len(s) <= maxQuoted
}

func (d *decoder) within(s step, read func()) {
	d.path = append(d.path, s)
	read()
	d.path = d.path[:len(d.path)-1]
}

// refuse reports that the value being read is got where want should be. A
// grammar fault hides it: what was read then is no value.
func (d *decoder) refuse(got, want string) {
	if d.fault == "" {
		d.add(d.where(), got, want)
	}
}

// wrong reports what comes next in place of want and passes over it.
func (d *decoder) wrong(want string) {
	got := d.skip()
	d.refuse(got, want)
}

// wrongSort is wrong for lists and objects. A text in their place may be a key
// that was put there by mistake and is not repeated.
func (d *decoder) wrongSort(want string) {
	text := d.peek() == '"'
	got := d.skip()
	if text {
		got = "a text"
	}
	d.refuse(got, want)
}

// list is a JSON array of at most max values.
func list[T any](of kind, max int) kind {
	return listOf(of, max, addTo[T])
}

// addTo adds a value to the list at dst and returns a pointer to it; room is how
// many more to expect.
func addTo[T any](dst any, room int) any {
	l := dst.(*[]T)
	n := len(*l)
	if n+room > cap(*l) {
		grown := make([]T, n, n+max(room, n, 2))
		copy(grown, *l)
		*l = grown
	}
	*l = (*l)[:n+1]
	return &(*l)[n]
}

// listOf is list, with what depends on the type left to add, which is addTo.
func listOf(of kind, max int, add func(dst any, room int) any) kind {
	return kind{func(d *decoder, dst any) {
		d.array(max, func(room int) { of.read(d, add(dst, room)) })
	}, listShape(of.shape, max)}
}

//go:noinline
func listShape(of *shape, max int) *shape {
	return &shape{json: "array", called: "list of " + of.called, max: int64(max), items: of}
}

// array reads an array of at most max values, each with one. A list that has
// become long is told once, by room, how many more to expect if it goes on as
// it began: it spares 50,000 keys from being moved ten times.
func (d *decoder) array(max int, one func(room int)) {
	if d.peek() != '[' {
		d.wrongSort("a list")
		return
	}
	const long = 64
	n, start := 0, d.pos
	d.members(']', func() {
		if n == max {
			d.refuse("more than "+strconv.Itoa(max)+" entries", "at most "+strconv.Itoa(max))
		}
		room := 1
		if n == long {
			rest := float64(len(d.in)-d.pos) / float64(d.pos-start+1)
			room = min(max, int(long*rest*1.02)+1)
		}
		if n++; n > max || d.full() {
			d.skip()
			return
		}
		d.path = append(d.path, step{index: n - 1})
		one(room)
		d.path = d.path[:len(d.path)-1]
	})
}

// pair is one entry of a map whose names are free.
type pair struct{ name, value string }

// pairs is a JSON object of at most max free names with string values, kept in
// order. Names are checked by name and may differ in more than case only.
//
//go:noinline
func pairs(name check, value kind, max int) kind {
	read := func(d *decoder, v any) {
		dst := v.(*[]pair)
		if d.peek() != '{' {
			d.wrongSort("an object of names and texts")
			return
		}
		d.members('}', func() {
			p := pair{name: strings.Clone(d.name())}
			d.within(step{name: p.name}, func() {
				if want := name(p.name); want != "" {
					d.refuse(quote(p.name), want)
				}
				if has(*dst, p.name) {
					d.refuse("", "given twice: remove one of the two")
				}
				if len(*dst) == max {
					d.refuse("more than "+strconv.Itoa(max)+" entries", "at most "+strconv.Itoa(max))
				}
				value.read(d, &p.value)
			})
			if len(*dst) <= max {
				*dst = append(*dst, p)
			}
		})
	}
	return kind{read, &shape{json: "object", called: "names and texts", max: int64(max), items: value.shape}}
}

func has(ps []pair, name string) bool {
	for _, p := range ps {
		if strings.EqualFold(p.name, name) {
			return true
		}
	}
	return false
}
