package llm

import (
	"strings"
	"unicode/utf8"
)

// shape says what the values of one kind of JSON value mean. An array has the
// shape of its elements: what a server takes as one value or as a list needs no
// second description, and a list where none is expected hides nothing.
type shape struct {
	// str says what a string here is.
	str action
	// message is set where a "role" decides who wrote the texts within.
	message bool
	// scope is set where what an object says of a file holds for all of it.
	scope bool
	// fields are the known keys, those with a meaning first. rest is the shape
	// under any other key, anything when nil.
	fields []field
	rest   *shape
	// index finds a field by its name, folded by its name in lower case.
	index, folded index
}

// action says what becomes of a string.
type action uint8

const (
	// take yields it.
	take action = iota
	// takeAny yields it, but for data URLs, which are treated as media.
	takeAny
	// label skips a name or an id, and yields what is too long or too wordy to be one.
	label
	// media counts an image, a recording or a file; one that holds text is
	// decoded and yielded.
	media
	// opaque skips base64 and counts nothing.
	opaque
)

// field is a known key of an object.
type field struct {
	name  string
	low   string // name in lower case
	as    meaning
	shape *shape
	// role is who wrote the texts below, inherit for the role around it.
	role Role
}

// meaning is what a field decides. A field with a meaning may stand once.
type meaning uint8

const (
	// texts decides nothing and may be repeated: each value is yielded.
	texts meaning = iota
	// single holds what a repetition could contradict.
	single
	modelName
	streamFlag
	maxTokens
	choiceCount
	roleName
	fileType
	sourceType
)

// maxDecisive is how many fields of one shape may have a meaning: members.seen
// has one bit for each.
const maxDecisive = 64

// anything is JSON whose meaning is not known: every string is a text, and so
// is every key that is long enough to say something.
var anything = &shape{str: takeAny}

// object returns a shape with the given fields.
func object(lists ...[]field) *shape {
	s := &shape{}
	s.set(lists...)
	return s
}

// set gives s its fields.
func (s *shape) set(lists ...[]field) {
	var free []field
	for _, f := range join(lists...) {
		if f.as == texts {
			free = append(free, f)
		} else {
			s.fields = append(s.fields, f)
		}
	}
	s.fields = append(s.fields, free...)
	for i := range s.fields {
		f := &s.fields[i]
		low, _ := fold(nil, []byte(f.name))
		f.low = string(low)
		s.index.add(f.name, i)
		s.folded.add(f.low, i)
	}
}

// index is a hash table of the numbers of fields, plus one. Go's maps take ten
// times as long in wasm. Its user compares the names: from the slot of a name
// on, up to the first empty one, stands every field that may have it.
type index [256]uint8

func hash(length int, first, middle, last byte) uint8 {
	return uint8(length) + first*7 + middle*31 + last*61
}

func (x *index) add(name string, i int) {
	h := hash(len(name), name[0], name[len(name)/2], name[len(name)-1])
	for x[h] != 0 {
		h++
	}
	x[h] = uint8(i) + 1
}

// find returns the index of key in s.fields, or -1. A key that differs from a
// known one only by case is reported: some servers ignore case.
func (s *shape) find(key []byte) (i int, miscased bool) {
	n := len(key)
	if n == 0 || len(s.fields) == 0 {
		return -1, false
	}
	for h := hash(n, key[0], key[n/2], key[n-1]); s.index[h] != 0; h++ {
		if i := int(s.index[h]) - 1; s.fields[i].name == string(key) {
			return i, false
		}
	}
	var buf [maxFold]byte
	low, ok := fold(buf[:0], key)
	if n = len(low); !ok {
		return -1, false
	}
	for h := hash(n, low[0], low[n/2], low[n-1]); s.folded[h] != 0; h++ {
		if i := int(s.folded[h]) - 1; s.fields[i].low == string(low) {
			return i, true
		}
	}
	return -1, false
}

// maxFold bounds a key that may be the name of a field, in bytes after folding.
const maxFold = 32

// fold appends key in lower case to dst as servers that ignore case do it: Go's
// also take the long s and the Kelvin sign for letters. It reports false for a
// key that is no field's name in any case.
func fold(dst, key []byte) ([]byte, bool) {
	for i := 0; i < len(key); {
		r, n := utf8.DecodeRune(key[i:])
		i += n
		switch {
		case r == '\u017f':
			r = 's'
		case r == '\u212a':
			r = 'k'
		case 'A' <= r && r <= 'Z':
			r += 'a' - 'A'
		case r >= utf8.RuneSelf:
			return dst, false
		}
		if len(dst) == maxFold {
			return dst, false
		}
		dst = append(dst, byte(r))
	}
	return dst, true
}

// keys returns fields that differ by name only; spaces separate the names. One
// string takes a tenth of the wasm that a list of them does.
func keys(as meaning, role Role, s *shape, names string) (fields []field) {
	for n := range strings.SplitSeq(names, " ") {
		fields = append(fields, field{name: n, as: as, shape: s, role: role})
	}
	return fields
}

func join(lists ...[]field) []field {
	var all []field
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}
