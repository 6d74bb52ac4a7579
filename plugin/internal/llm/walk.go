package llm

import "strconv"

// minKey is the shortest key that counts as a text, in bytes. The shortest
// instruction worth hiding in a key ("reveal the secret") is longer, and the
// names of arguments are mostly shorter.
const minKey = 16

// walker reads one body by its shape and fills a Request.
type walker struct {
	lexer
	lim   Limits
	req   *Request
	scope scope
}

// scope is what an object says of the file in it. The place of that differs:
// beside the data, above it, before or after it.
type scope struct {
	open bool
	text bool // it is text in base64
	raw  bool // it is text as it stands
	// loose is set where nothing says that there is a file.
	loose bool
}

// document reads the whole body: one JSON object, or any value when s has no
// fields.
func (w *walker) document(s *shape) bool {
	if c := w.next(); c != '{' && s.fields != nil {
		return w.fail(Wrong, w.i, "this API takes a JSON object; send {…}")
	}
	if !w.value(s, Document, 0) {
		return false
	}
	if w.next(); w.i < len(w.b) {
		return w.fail(Invalid, w.i, "there is more after the JSON value; send one value alone")
	}
	return true
}

// value reads one value. depth counts the arrays and objects around it.
func (w *walker) value(s *shape, role Role, depth int) bool {
	switch w.next() {
	case '"':
		l, ok := w.str()
		if ok && s.str == take {
			return w.add(role, l, l.lo-1)
		}
		return ok && w.text(s.str, role, l)
	case '{':
		return w.nest(depth) && w.object(s, role, depth+1)
	case '[':
		return w.nest(depth) && w.array(s, role, depth+1)
	}
	_, ok := w.word()
	return ok
}

// nest goes past an opening bracket.
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
			continue
		case ']':
			w.i++
			return true
		}
		return w.fail(Invalid, w.i, `want "," or "]" here; send strict JSON`)
	}
	return false
}

// members is what is known of an object while it is read.
type members struct {
	seen  uint64 // fields with a meaning, by index
	role  Role   // of a message
	texts int    // index of the first text
	blobs int    // index of the first pending blob
}

// object reads members up to the closing brace.
func (w *walker) object(s *shape, role Role, depth int) bool {
	m := members{texts: len(w.req.Texts), blobs: len(w.req.blobs)}
	if s.message {
		m.role, role = User, inherit
	}
	outer := w.scope
	if s.scope {
		w.scope = scope{open: true}
	}
	if !w.members(s, role, depth, &m) {
		return false
	}
	if s.scope {
		if !w.settle(m.blobs) {
			return false
		}
		w.scope = outer
	}
	if s.message {
		w.assign(&m)
	}
	return true
}

func (w *walker) members(s *shape, role Role, depth int, m *members) bool {
	if w.next() == '}' {
		w.i++
		return true
	}
	for w.member(s, role, depth, m) {
		switch w.next() {
		case ',':
			w.i++
			continue
		case '}':
			w.i++
			return true
		}
		return w.fail(Invalid, w.i, `want "," or "}" here; send strict JSON`)
	}
	return false
}

// assign gives a message's role to the texts that had to wait for it.
func (w *walker) assign(m *members) {
	for i := m.texts; i < len(w.req.Texts); i++ {
		if t := &w.req.Texts[i]; t.Role == inherit {
			t.Role = m.role
		}
	}
}

func (w *walker) member(s *shape, role Role, depth int, m *members) bool {
	if w.next() != '"' {
		return w.fail(Invalid, w.i, "want a key in double quotes here; send strict JSON")
	}
	key, ok := w.str()
	if !ok {
		return false
	}
	if w.next() != ':' {
		return w.fail(Invalid, w.i, `want ":" after the key; send strict JSON`)
	}
	w.i++
	if s == anything {
		return w.unknown(s, role, depth, key)
	}
	i, miscased := s.find(w.decoded(key))
	if i < 0 {
		return w.unknown(s, role, depth, key)
	}
	f := &s.fields[i]
	if f.role != inherit {
		role = f.role
	}
	if f.as == texts && !miscased {
		return w.value(f.shape, role, depth)
	}
	if miscased {
		return w.fail(Ambiguous, key.hi+1, `write this key "`+f.name+`": some servers ignore case, others do not`)
	}
	if m.seen&(1<<i) != 0 {
		return w.fail(Ambiguous, key.hi+1, "this key stands twice in one object; send it once")
	}
	m.seen |= 1 << i
	return w.known(f, role, depth, m)
}

// unknown reads the value of a key that s does not list, and the key itself
// when it is long. Nothing tells who wrote it, unless all of s is unknown.
func (w *walker) unknown(s *shape, role Role, depth int, key literal) bool {
	rest, long := s.rest, maxLabel+1
	switch {
	case s == anything:
		rest, long = anything, minKey
	case rest == nil:
		rest, role = anything, Document
	}
	if key.hi-key.lo >= long && !w.add(role, key, key.hi+1) {
		return false
	}
	return w.value(rest, role, depth)
}

// add yields the string at l; its path is that of the byte at.
func (w *walker) add(role Role, l literal, at int) bool {
	if l.lo == l.hi {
		return true
	}
	v := w.b[l.lo:l.hi:l.hi]
	if l.escaped {
		n := len(w.req.arena)
		w.req.arena = unescape(w.req.arena, v)
		v = w.req.arena[n:len(w.req.arena):len(w.req.arena)]
	}
	t := w.slot(l.lo - 1)
	if t == nil {
		return false
	}
	t.Role, t.Value, t.Start, t.End, t.form = role, v, l.lo-1, l.hi+1, jsonString
	t.Path = Path{w.req, int32(at), jsonString}
	return true
}

// slot returns the next text to fill, or nil when there are too many.
func (w *walker) slot(at int) *Text {
	r := w.req
	n := len(r.Texts)
	if n >= w.lim.Texts {
		w.fail(TooMany, at, "send at most "+strconv.Itoa(w.lim.Texts)+" texts in one request")
		return nil
	}
	if n < cap(r.Texts) {
		r.Texts = r.Texts[:n+1]
	} else {
		r.Texts = append(r.Texts, Text{})
	}
	return &r.Texts[n]
}

// yield keeps t, unless it is empty.
func (w *walker) yield(t Text) bool {
	if len(t.Value) == 0 {
		return true
	}
	s := w.slot(t.Start)
	if s != nil {
		*s = t
	}
	return s != nil
}

// decoded returns what l says. The result is valid until the next text.
func (w *walker) decoded(l literal) []byte {
	if !l.escaped {
		return w.b[l.lo:l.hi]
	}
	n := len(w.req.arena)
	v := unescape(w.req.arena, w.b[l.lo:l.hi])
	w.req.arena = v[:n] // keeps what was allocated
	return v[n:]
}
