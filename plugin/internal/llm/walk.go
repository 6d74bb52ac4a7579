package llm

import "strconv"

// minKey is the shortest key that counts as a text, in bytes. The shortest
// instruction worth hiding in a key ("reveal the secret") is longer, and the
// names of arguments are mostly shorter.
const minKey = 16

// maxLabel is the longest string skipped as a name or an id, in bytes. OpenAI's
// longest ids are 64.
const maxLabel = 64

// walker reads one body by its shape and fills a Request.
type walker struct {
	lexer
	lim Limits
	req *Request
}

// document reads the whole body as one JSON object, or as any value when s has
// no fields.
func (w *walker) document(s *shape, role Role) bool {
	if c := w.next(); c != '{' && s.fields != nil {
		return w.fail(Wrong, w.i, "this API takes a JSON object; send {…}")
	}
	if !w.value(s, role, 0) {
		return false
	}
	if w.next(); w.i < len(w.b) {
		return w.fail(Invalid, w.i, "there is more after the JSON value; send one value alone")
	}
	return true
}

// value reads one value and what follows is left to the caller.
func (w *walker) value(s *shape, role Role, depth int) bool {
	switch w.next() {
	case '"':
		l, ok := w.str()
		return ok && w.text(s.str, role, l)
	case '{':
		return w.nest(depth) && w.object(s, role, depth+1)
	case '[':
		return w.nest(depth) && w.array(s, role, depth+1)
	}
	if w.i >= len(w.b) {
		return w.fail(Invalid, w.i, "the body ends too early; send the whole body")
	}
	_, ok := w.word()
	return ok
}

func (w *walker) nest(depth int) bool {
	if depth >= w.lim.Depth {
		return w.fail(TooDeep, w.i, "nest at most "+strconv.Itoa(w.lim.Depth)+" arrays and objects")
	}
	w.i++
	return true
}

func (w *walker) array(s *shape, role Role, depth int) bool {
	if w.next() == ']' {
		w.i++
		return true
	}
	for w.value(s, role, depth) {
		switch w.next() {
		case ',':
			w.i++
		case ']':
			w.i++
			return true
		default:
			return w.fail(Invalid, w.i, `want "," or "]" here; send strict JSON`)
		}
	}
	return false
}

// object reads the members of s up to the brace. Texts that stand before the
// role of their message get it at the end.
func (w *walker) object(s *shape, role Role, depth int) bool {
	m := members{first: len(w.req.Texts)}
	if s.message {
		m.role, role = User, inherit
	}
	if w.next() == '}' {
		w.i++
		return true
	}
	for w.member(s, role, depth, &m) {
		switch w.next() {
		case ',':
			w.i++
			continue
		case '}':
			w.i++
			return w.close(s, &m)
		}
		return w.fail(Invalid, w.i, `want "," or "}" here; send strict JSON`)
	}
	return false
}

// members is what is known of an object while it is read.
type members struct {
	first int    // index of its first text
	role  Role   // of a message
	seen  uint64 // fields read, by index
}

func (w *walker) close(s *shape, m *members) bool {
	if s.message {
		for i := m.first; i < len(w.req.Texts); i++ {
			if t := &w.req.Texts[i]; t.Role == inherit {
				t.Role = m.role
			}
		}
	}
	return true
}

func (w *walker) member(s *shape, role Role, depth int, m *members) bool {
	if w.next() != '"' {
		return w.fail(Invalid, w.i, "want a key in double quotes here; send strict JSON")
	}
	l, ok := w.str()
	if !ok {
		return false
	}
	if w.next() != ':' {
		return w.fail(Invalid, w.i, `want ":" after the key; send strict JSON`)
	}
	w.i++
	i, miscased := s.find(w.decoded(l))
	switch {
	case miscased:
		return w.fail(Ambiguous, l.hi+1, `write this key "`+s.fields[i].name+`"; some servers ignore case`)
	case i < 0:
		return w.unknown(s, role, depth, l)
	}
	f := &s.fields[i]
	if f.as != texts && m.seen&(1<<i) != 0 {
		return w.fail(Ambiguous, l.hi+1, "this key stands twice in one object; send it once")
	}
	m.seen |= 1 << i
	if f.role != inherit {
		role = f.role
	}
	return w.known(f, role, depth, m)
}

// unknown reads the value of a key that s does not list, and its key.
func (w *walker) unknown(s *shape, role Role, depth int, key literal) bool {
	rest := s.rest
	if rest == nil {
		if rest = anything; s != anything {
			role = Document
		}
	}
	long := maxLabel + 1
	if rest == anything && s == anything {
		long = minKey
	}
	if key.hi-key.lo >= long && !w.add(role, key, key.hi+1) {
		return false
	}
	return w.value(rest, role, depth)
}

// known reads the value of a field that may decide something.
func (w *walker) known(f *field, role Role, depth int, m *members) bool {
	c := w.next()
	switch f.as {
	case texts, single:
		return w.value(f.shape, role, depth)
	case modelName, roleName, mediaType:
		return w.name(f.as, c, m)
	}
	if w.i >= len(w.b) || c == '"' || c == '{' || c == '[' {
		return w.fail(Wrong, w.i, "this value has another type here; see the API's reference")
	}
	at := w.i
	word, ok := w.word()
	return ok && w.decide(f.as, at, word)
}

func (w *walker) name(as meaning, c byte, m *members) bool {
	at := w.i
	if c != '"' {
		if c == 'n' {
			_, ok := w.word()
			return ok
		}
		return w.fail(Wrong, at, "want a string here")
	}
	l, ok := w.str()
	if !ok {
		return false
	}
	v := w.decoded(l)
	switch as {
	case modelName:
		if len(v) > maxModel {
			return w.fail(Wrong, at, "want a model's name of at most 256 bytes")
		}
		w.req.setModel(v)
	case roleName:
		m.role = roleOf(v)
	}
	return true
}

// maxModel is the longest name of a model, in bytes; Bedrock's, the longest of
// the known providers', go to 2048 as ARNs but stand in the path.
const maxModel = 256

// roleOf returns the role that a message claims. What is not known is the user:
// the strictest role.
func roleOf(name []byte) Role {
	switch string(name) {
	case "system", "developer":
		return System
	case "assistant", "model":
		return Assistant
	case "tool", "function":
		return Tool
	}
	return User
}

// decide takes the value of a field that is no string.
func (w *walker) decide(as meaning, at int, word []byte) bool {
	if string(word) == "null" {
		return true
	}
	if as == streamFlag {
		if word[0] != 't' && word[0] != 'f' {
			return w.fail(Wrong, at, "want true or false here")
		}
		w.req.Stream = word[0] == 't'
		return true
	}
	n, err := strconv.ParseInt(string(word), 10, 64)
	if err != nil || n < 0 {
		return w.fail(Wrong, at, "want a whole number from 0 to 9223372036854775807 here")
	}
	if as == maxTokens {
		w.req.MaxTokens = max(w.req.MaxTokens, n)
	} else {
		w.req.choices = max(w.req.choices, n)
	}
	return true
}

// decoded returns what l says. The result is valid until the next call.
func (w *walker) decoded(l literal) []byte {
	if !l.escaped {
		return w.b[l.lo:l.hi]
	}
	n := len(w.req.arena)
	return unescape(w.req.arena, w.b[l.lo:l.hi])[n:]
}

// add yields the string at l, whose path is that of the byte at.
func (w *walker) add(role Role, l literal, at int) bool {
	if l.lo == l.hi {
		return true
	}
	v := w.b[l.lo:l.hi]
	if l.escaped {
		n := len(w.req.arena)
		w.req.arena = unescape(w.req.arena, v)
		v = w.req.arena[n:len(w.req.arena):len(w.req.arena)]
	}
	return w.yield(Text{Role: role, Value: v, Start: l.lo - 1, End: l.hi + 1, Path: Path{w.req, at}})
}

func (w *walker) yield(t Text) bool {
	if len(w.req.Texts) >= w.lim.Texts {
		return w.fail(TooMany, t.Start, "send at most "+strconv.Itoa(w.lim.Texts)+" texts in one request")
	}
	w.req.Texts = append(w.req.Texts, t)
	return true
}

// text does what a says with the string at l.
func (w *walker) text(a action, role Role, l literal) bool {
	if a == label && l.hi-l.lo <= maxLabel {
		return true
	}
	return w.add(role, l, l.lo-1)
}
