package header

import (
	"slices"
	"strings"
	"testing"
)

func text(m *Map) string {
	var parts []string
	for _, f := range m.Fields() {
		parts = append(parts, f.Name+"="+f.Value)
	}
	return strings.Join(parts, " ")
}

func TestMap(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(m *Map)
		want string
	}{
		{"order and case", func(m *Map) { m.Add("X-B", "1"); m.Add("x-a", "2"); m.Add("x-b", "3") }, "x-b=1 x-a=2 x-b=3"},
		{"pseudo headers first", func(m *Map) { m.Add("x", "1"); m.Add(":path", "/"); m.Add(":method", "GET") }, ":path=/ :method=GET x=1"},
		{"joined", func(m *Map) { m.Add("accept", "a"); m.Add("x", "1"); m.Add("Accept", "b") }, "accept=a,b x=1"},
		{"joined to nothing", func(m *Map) { m.Add("accept", ""); m.Add("accept", "b"); m.Add("accept", "") }, "accept=b"},
		{"set goes last", func(m *Map) { m.Add("a", "1"); m.Add("b", "1"); m.Set("a", "2") }, "b=1 a=2"},
		{"put stays", func(m *Map) { m.Add("a", "1"); m.Add("b", "1"); m.Put("a", "2"); m.Put("c", "3") }, "a=2 b=1 c=3"},
		{"remove all", func(m *Map) { m.Add("a", "1"); m.Add("b", "1"); m.Add("a", "2"); m.Remove("A") }, "b=1"},
		{"pseudo after remove", func(m *Map) { m.Add(":a", "1"); m.Add("x", "1"); m.Remove(":a"); m.Add(":b", "2") }, ":b=2 x=1"},
		{"clear", func(m *Map) { m.Add(":a", "1"); m.Clear(); m.Add("x", "1"); m.Add(":b", "2") }, ":b=2 x=1"},
	} {
		m := New(Request)
		c.edit(m)
		if got := text(m); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestNil(t *testing.T) {
	var m *Map
	if _, ok := m.Get("a"); ok || m.Len() != 0 || m.Fields() != nil || m.Clone() != nil || m.Values("a") != nil {
		t.Error("a nil map must read as an empty one")
	}
}

// The counts that are kept agree with the fields, whatever is done.
func FuzzCounts(f *testing.F) {
	f.Add("a:p=1 ra s:p=2")
	f.Add("a:x a:y a accept=1 a accept=2 raccept")
	f.Fuzz(func(t *testing.T, program string) {
		m := New(Request)
		for _, op := range strings.Fields(program) {
			name, value, _ := strings.Cut(op[1:], "=")
			switch {
			case name == "":
			case op[0] == 'r':
				m.Remove(name)
			case op[0] == 's':
				m.Set(name, value)
			case op[0] == 'p':
				m.Put(strings.ToLower(name), value)
			default:
				m.Add(name, value)
			}
		}
		bytes, pseudo := 0, true
		for i, field := range m.Fields() {
			bytes += len(field.Name) + len(field.Value)
			if is := field.Name[0] == ':'; is && !pseudo || is != (i < m.pseudo) {
				t.Fatalf("%q: pseudo headers out of place: %s", program, text(m))
			} else {
				pseudo = is
			}
		}
		if bytes != m.Bytes() {
			t.Fatalf("%q: %d bytes, Bytes says %d", program, bytes, m.Bytes())
		}
		if clone := m.Clone(); !slices.Equal(clone.Fields(), m.Fields()) {
			t.Fatal("a clone differs")
		}
	})
}
