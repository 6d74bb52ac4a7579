// Package header holds header maps with the rules of Envoy's: names in lower case,
// order kept, pseudo headers first, and a set of well-known names that can be
// there only once, whose added values are joined with a comma.
package header

import "strings"

// Field is one header.
type Field struct{ Name, Value string }

// Kind says what a map is for. It decides which names are joined.
type Kind uint8

// The kinds of maps.
const (
	Request Kind = iota
	Response
	Trailer
)

// Map is an ordered header map. The zero Map is an empty map for request headers.
type Map struct {
	kind   Kind
	fields []Field
	pseudo int // how many leading fields are pseudo headers
	bytes  int
}

// New returns an empty map.
func New(kind Kind) *Map { return &Map{kind: kind} }

// Kind is what the map is for.
func (m *Map) Kind() Kind { return m.kind }

// Len is the number of fields.
func (m *Map) Len() int {
	if m == nil {
		return 0
	}
	return len(m.fields)
}

// Bytes is the sum of the lengths of all names and values.
func (m *Map) Bytes() int { return m.bytes }

// Fields returns the fields in order. The caller must not change them.
func (m *Map) Fields() []Field {
	if m == nil {
		return nil
	}
	return m.fields
}

// Get returns the first value of the name, which must be in lower case.
func (m *Map) Get(name string) (value string, ok bool) {
	if m == nil {
		return "", false
	}
	for i := range m.fields {
		if m.fields[i].Name == name {
			return m.fields[i].Value, true
		}
	}
	return "", false
}

// Value is Get without the flag.
func (m *Map) Value(name string) string {
	value, _ := m.Get(name)
	return value
}

// Has reports whether the name is there, with or without a value.
func (m *Map) Has(name string) bool {
	_, ok := m.Get(name)
	return ok
}

// Values returns all values of the name.
func (m *Map) Values(name string) []string {
	var values []string
	for _, f := range m.Fields() {
		if f.Name == name {
			values = append(values, f.Value)
		}
	}
	return values
}

// Add adds one field. The name is put in lower case. A value of a well-known name
// that is already there is joined to it.
func (m *Map) Add(name, value string) {
	name = strings.ToLower(name)
	if between := separator(m.kind, name); between != "" {
		for i := range m.fields {
			if f := &m.fields[i]; f.Name == name {
				m.join(f, between, value)
				return
			}
		}
	}
	m.insert(Field{name, value})
}

// join appends to a value that is there. Envoy adds no separator to an empty one.
func (m *Map) join(f *Field, separator, value string) {
	if value == "" {
		return
	}
	if f.Value != "" {
		value = f.Value + separator + value
	}
	m.bytes += len(value) - len(f.Value)
	f.Value = value
}

func (m *Map) insert(f Field) {
	m.bytes += len(f.Name) + len(f.Value)
	m.fields = append(m.fields, f)
	if strings.HasPrefix(f.Name, ":") {
		copy(m.fields[m.pseudo+1:], m.fields[m.pseudo:])
		m.fields[m.pseudo] = f
		m.pseudo++
	}
}

// Set removes the name and adds it with this one value.
func (m *Map) Set(name, value string) {
	m.Remove(name)
	m.Add(name, value)
}

// Put sets the first field of the name in its place, or adds it: what Envoy does with
// headers that it sets itself.
func (m *Map) Put(name, value string) {
	for i := range m.fields {
		if f := &m.fields[i]; f.Name == name {
			m.bytes += len(value) - len(f.Value)
			f.Value = value
			return
		}
	}
	m.insert(Field{name, value})
}

// Remove takes out every field of the name and says how many there were.
func (m *Map) Remove(name string) int {
	name = strings.ToLower(name)
	kept := m.fields[:0]
	removed := 0
	for _, f := range m.fields {
		if f.Name != name {
			kept = append(kept, f)
			continue
		}
		removed++
		m.bytes -= len(f.Name) + len(f.Value)
	}
	if strings.HasPrefix(name, ":") {
		m.pseudo -= removed
	}
	clear(m.fields[len(kept):])
	m.fields = kept
	return removed
}

// Clear empties the map.
func (m *Map) Clear() { m.fields, m.pseudo, m.bytes = m.fields[:0], 0, 0 }

// Clone returns a copy.
func (m *Map) Clone() *Map {
	if m == nil {
		return nil
	}
	c := *m
	c.fields = append([]Field(nil), m.fields...)
	return &c
}
