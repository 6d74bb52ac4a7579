package llm

import "strconv"

// Path is the place of a text in its body. It costs nothing until String is
// called, and is valid as long as its Text.
type Path struct {
	req  *Request
	at   int32
	form form
}

// maxPath is the longest path written, in bytes; a longer one is cut.
const maxPath = 256

// String returns the place in the style of messages[1].content[0].text, the
// name of a form field, or "body". A key that is no short identifier shows as *,
// so that a path never holds a prompt.
func (p Path) String() string {
	if p.req == nil {
		return ""
	}
	b, at := p.req.body, int(p.at)
	path := ""
	switch p.form {
	case jsonString, jsonBase64:
		path = pathAt(b, at)
	case urlEncoded:
		path = string(shown(keyAt(b, at)))
	case uploaded:
		path = string(shown(partAt(b, at)))
	}
	if path == "" {
		return "body"
	}
	return path
}

// step is one array or object around a place.
type step struct {
	object bool
	wants  bool // the next string is a key
	index  int
	lo, hi int // the key
}

// pathAt reads b again, up to at. Everything before at must be sound JSON.
func pathAt(b []byte, at int) string {
	var steps []step
	for i := 0; i < at && i < len(b); i++ {
		top := len(steps) - 1
		switch b[i] {
		case '{', '[':
			steps = append(steps, step{object: b[i] == '{', wants: b[i] == '{'})
		case '}', ']':
			if top >= 0 {
				steps = steps[:top]
			}
		case ',':
			if top >= 0 {
				steps[top].index++
				steps[top].wants, steps[top].lo, steps[top].hi = steps[top].object, 0, 0
			}
		case '"':
			lo := i + 1
			if i = closing(b, lo); top >= 0 && steps[top].wants {
				steps[top].wants, steps[top].lo, steps[top].hi = false, lo, i
			}
		}
	}
	return render(b, steps)
}

// closing returns the index of the quote that ends the string whose content
// starts at i, or the end of b.
func closing(b []byte, i int) int {
	for {
		i += plainRun(b[i:])
		switch {
		case i >= len(b):
			return len(b)
		case b[i] == '"':
			return i
		case b[i] == '\\':
			i++
		}
		if i++; i >= len(b) {
			return len(b)
		}
	}
}

func render(b []byte, steps []step) string {
	var out []byte
	for _, s := range steps {
		switch {
		case !s.object:
			out = append(out, '[')
			out = strconv.AppendInt(out, int64(s.index), 10)
			out = append(out, ']')
		case s.hi > s.lo:
			if len(out) > 0 {
				out = append(out, '.')
			}
			out = append(out, shown(b[s.lo:s.hi])...)
		}
	}
	if len(out) > maxPath {
		out = append(out[:maxPath-3], "..."...)
	}
	return string(out)
}

// maxName is the longest key shown in a path, in bytes.
const maxName = 32

// shown returns key, or * when it is no short identifier.
func shown(key []byte) []byte {
	for _, c := range key {
		if c != '_' && c != '-' && c != '$' && c-'0' >= 10 && c|0x20-'a' >= 26 {
			return []byte("*")
		}
	}
	if len(key) > maxName {
		return []byte("*")
	}
	return key
}
