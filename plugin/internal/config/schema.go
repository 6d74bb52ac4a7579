package config

import "strconv"

// Schema returns the JSON Schema (draft 2020-12) of a policy, for editors. It
// accepts whatever Parse accepts, null apart; what spans fields, only Parse sees.
func Schema() []byte {
	w := &schemaWriter{}
	w.raw("{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n  \"title\": \"sparkward policy\"")
	w.depth = 1
	w.body(policy.shape)
	w.raw("\n}\n")
	return w.out
}

// schemaWriter writes indented JSON. Every member is written with the comma
// before it, so an object must begin with a member that is always there.
type schemaWriter struct {
	out   []byte
	depth int
}

func (w *schemaWriter) raw(s string) { w.out = append(w.out, s...) }

func (w *schemaWriter) line() {
	w.raw("\n")
	for range w.depth {
		w.raw("  ")
	}
}

// member writes a name and its value, which is JSON already.
func (w *schemaWriter) member(name, json string) {
	w.raw(",")
	w.line()
	w.raw(quoteJSON(name) + ": " + json)
}

// object writes a member whose value is an object; first has no comma.
func (w *schemaWriter) object(name string, first func(), rest func()) {
	w.member(name, "{")
	w.depth++
	w.line()
	first()
	rest()
	w.depth--
	w.line()
	w.raw("}")
}

// body writes what describes s, after something that is there already.
func (w *schemaWriter) body(s *shape) {
	if s.orText != nil {
		w.member("anyOf", `[{"type": "integer", `+bounds(s)+`}, {"type": "string", "pattern": `+quoteJSON(s.orText.pattern)+`}]`)
		return
	}
	w.member("type", quoteJSON(s.json))
	switch s.json {
	case "string":
		w.text(s)
	case "integer":
		w.raw(", " + bounds(s))
	case "array":
		w.member("maxItems", strconv.FormatInt(s.max, 10))
		w.object("items", func() { w.raw(`"title": ` + quoteJSON(s.items.called)) }, func() { w.body(s.items) })
	case "object":
		w.fields(s)
	}
}

func bounds(s *shape) string {
	return `"minimum": ` + strconv.FormatInt(s.min, 10) + `, "maximum": ` + strconv.FormatInt(s.max, 10)
}

func (w *schemaWriter) text(s *shape) {
	if s.words != nil {
		list := ""
		for i, word := range s.words {
			if i > 0 {
				list += ", "
			}
			list += quoteJSON(word)
		}
		w.member("enum", "["+list+"]")
	}
	if s.pattern != "" {
		w.member("pattern", quoteJSON(s.pattern))
	}
	if s.max > 0 {
		w.member("maxLength", strconv.FormatInt(s.max, 10))
	}
}

func (w *schemaWriter) fields(s *shape) {
	if s.fields == nil {
		w.member("maxProperties", strconv.FormatInt(s.max, 10))
		w.object("additionalProperties", func() { w.raw(`"title": ` + quoteJSON(s.items.called)) }, func() { w.body(s.items) })
		return
	}
	w.member("additionalProperties", "false")
	required := ""
	for _, f := range s.fields {
		if f.required {
			if required != "" {
				required += ", "
			}
			required += quoteJSON(f.name)
		}
	}
	if required != "" {
		w.member("required", "["+required+"]")
	}
	w.object("properties", func() { w.property(s.fields[0], "") }, func() {
		for _, f := range s.fields[1:] {
			w.property(f, ",")
		}
	})
}

func (w *schemaWriter) property(f description, comma string) {
	if comma != "" {
		w.raw(comma)
		w.line()
	}
	w.raw(quoteJSON(f.name) + ": {")
	w.depth++
	w.line()
	w.raw(`"description": ` + quoteJSON(f.doc))
	if f.def != "" && f.def != "{}" {
		w.member("default", f.def)
	}
	w.member("examples", "["+f.example+"]")
	w.body(f.shape)
	w.depth--
	w.line()
	w.raw("}")
}

// quoteJSON returns s, which is the table's own and plain, as a JSON string.
func quoteJSON(s string) string {
	out := []byte{'"'}
	for i := 0; i < len(s); i++ {
		if s[i] == '"' || s[i] == '\\' {
			out = append(out, '\\')
		}
		out = append(out, s[i])
	}
	return string(append(out, '"'))
}
