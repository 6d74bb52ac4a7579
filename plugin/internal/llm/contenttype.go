package llm

import "strings"

// bodyKind is how a body is read.
type bodyKind uint8

const (
	someText   bodyKind = iota // or nothing was said
	jsonText                   // one JSON value
	jsonLines                  // one JSON value a line
	formFields                 // application/x-www-form-urlencoded
	formData                   // multipart/form-data
	someBytes                  // anything else
)

// contentType is what a content-type header says.
type contentType struct {
	kind     bodyKind
	utf8     bool
	boundary string
}

// parseContentType reads a content-type header. It reports false for one that
// cannot be read or that contradicts itself.
func parseContentType(header string) (t contentType, ok bool) {
	name, params, _ := strings.Cut(header, ";")
	name = strings.ToLower(strings.TrimSpace(name))
	t = contentType{kind: kindOf(name), utf8: true}
	if t.kind == formData && name != "multipart/form-data" {
		return t, false
	}
	for params != "" {
		key, value, rest, ok := cutParam(params)
		if !ok {
			return t, false
		}
		params = rest
		switch strings.ToLower(key) {
		case "charset":
			t.utf8 = t.utf8 && isUTF8(value)
		case "boundary":
			if t.boundary != "" {
				return t, false
			}
			t.boundary = value
		}
	}
	return t, true
}

func isUTF8(charset string) bool {
	switch strings.ToLower(charset) {
	case "utf-8", "utf8", "us-ascii", "ascii":
		return true
	}
	return false
}

// kindOf maps a media type in lower case.
func kindOf(name string) bodyKind {
	switch name {
	case "application/x-ndjson", "application/ndjson", "application/jsonl", "application/jsonlines",
		"application/x-jsonlines":
		return jsonLines
	case "application/x-www-form-urlencoded":
		return formFields
	case "application/json", "text/json":
		return jsonText
	case "", "application/xml", "application/yaml", "application/x-yaml", "application/javascript",
		"application/graphql", "application/sql", "application/toml":
		return someText
	}
	switch {
	case strings.HasSuffix(name, "+json"):
		return jsonText
	case strings.HasPrefix(name, "multipart/"):
		return formData
	case strings.HasPrefix(name, "text/"), strings.HasSuffix(name, "+xml"):
		return someText
	}
	return someBytes
}

// cutParam reads one parameter, key=value or key="value", and returns what
// stands after its semicolon.
func cutParam(s string) (key, value, rest string, ok bool) {
	s = strings.TrimLeft(s, " \t;")
	if s == "" {
		return "", "", "", true
	}
	key, s, ok = strings.Cut(s, "=")
	if key = strings.TrimSpace(key); !ok || key == "" || strings.ContainsAny(key, ";\"") {
		return "", "", "", false
	}
	if s = strings.TrimLeft(s, " \t"); strings.HasPrefix(s, `"`) {
		// A backslash is kept by some readers and dropped by others.
		value, s, ok = strings.Cut(s[1:], `"`)
		if s = strings.TrimLeft(s, " \t"); !ok || strings.Contains(value, `\`) || (s != "" && s[0] != ';') {
			return "", "", "", false
		}
		return key, value, s, true
	}
	value, rest, _ = strings.Cut(s, ";")
	return key, strings.TrimSpace(value), rest, true
}
