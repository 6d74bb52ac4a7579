package llm

import "strings"

// shape says what the values of one kind of JSON value mean. An array has the
// shape of its elements: what a server takes as one value or as a list needs no
// second description, and a list where none is expected hides nothing.
type shape struct {
	// str says what a string here is.
	str action
	// message is set where a "role" decides who wrote the texts within.
	message bool
	// fields are the known keys; rest is the shape under any other, anything
	// when nil.
	fields []field
	rest   *shape
}

// action says what becomes of a string.
type action uint8

const (
	// take yields it.
	take action = iota
	// takeAny yields it, but for binary data URLs, which count as media.
	takeAny
	// label skips a name or an id, and yields what is too long or too wordy to be one.
	label
	// media skips and counts an image, a recording or a file; text in base64 is
	// decoded and yielded.
	media
	// opaque skips base64 and counts nothing.
	opaque
)

// field is a known key of an object.
type field struct {
	name  string
	as    meaning
	shape *shape
	// role is who wrote the texts below, inherit for the role around it.
	role Role
}

// meaning is what a field decides. A field with a meaning may stand once.
type meaning uint8

const (
	// texts decides nothing, so that it may be repeated: each value is yielded.
	texts meaning = iota
	// single is repeated by nobody who means well.
	single
	modelName
	streamFlag
	maxTokens
	choiceCount
	roleName
	mediaType
)

// find returns the index of key in s.fields, or -1. A key that differs from a
// known one only by case is reported: some servers ignore case.
func (s *shape) find(key []byte) (i int, miscased bool) {
	for i := range s.fields {
		if string(key) == s.fields[i].name {
			return i, false
		}
	}
	for i := range s.fields {
		// A rune of up to three bytes folds to one ASCII letter.
		if n := len(s.fields[i].name); len(key) >= n && len(key) <= 3*n && strings.EqualFold(s.fields[i].name, string(key)) {
			return i, true
		}
	}
	return -1, false
}

// anything is JSON whose meaning is not known: every string is a text, and so
// is every key that is long enough to say something.
var anything = &shape{str: takeAny}

// maxDecisive is how many fields of one shape may have a meaning: members.seen
// has one bit for each.
const maxDecisive = 64

// object returns a shape with the given fields, those with a meaning first.
func object(lists ...[]field) *shape {
	s := &shape{}
	s.set(lists...)
	return s
}

func (s *shape) set(lists ...[]field) {
	var free []field
	for _, l := range lists {
		for _, f := range l {
			if f.as == texts {
				free = append(free, f)
			} else {
				s.fields = append(s.fields, f)
			}
		}
	}
	s.fields = append(s.fields, free...)
}

// keys returns fields that differ by name only.
func keys(as meaning, role Role, s *shape, names ...string) []field {
	fields := make([]field, len(names))
	for i, n := range names {
		fields[i] = field{name: n, as: as, shape: s, role: role}
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
