package config

import (
	"encoding/json"
	"strings"
	"testing"
)

// everyField calls visit for each line of the table, with its path.
func everyField(s *shape, path string, visit func(path string, f description)) {
	for _, f := range s.fields {
		at := Member(path, f.name)
		visit(at, f)
		everyField(f.shape, at, visit)
		if f.shape.items != nil {
			everyField(f.shape.items, at+"[0]", visit)
		}
	}
}

// base holds one entry of each list, with what an entry requires.
const base = `{
	"auth": {
		"paths": [{"path": "/", "auth": "public"}],
		"keys": [{"user": "u", "sha256": "` + exampleDigest + `"}],
		"master_keys": [{"name": "n", "sha256": "` + exampleMaster + `"}]
	},
	"limits": [{"name": "n", "requests": "1/1s"}],
	"size": {"contexts": [{"model": "m", "tokens": 1}]},
	"inspection": {
		"words": [{"list": "orders", "add": ["x"]}],
		"rules": [{"id": "r", "words": [["x"]]}],
		"exceptions": [{"action": "flag", "threshold": 90}]
	},
	"breakers": [{"cluster": "openai"}],
	"upstreams": [{"cluster": "openai", "paths": ["/"], "credential": {"env": "E"}, "fallbacks": [{"cluster": "c"}]}]
}`

// around returns base with value, which is JSON, in place of what is at path.
func around(t *testing.T, path, value string) []byte {
	var doc map[string]any
	if err := json.Unmarshal([]byte(base), &doc); err != nil {
		t.Fatal(err)
	}
	at := doc
	names := strings.Split(strings.ReplaceAll(path, "[0]", ""), ".")
	for _, name := range names[:len(names)-1] {
		switch next := at[name].(type) {
		case nil:
			below := map[string]any{}
			at[name], at = below, below
		case []any:
			at = next[0].(map[string]any)
		case map[string]any:
			at = next
		}
	}
	at[names[len(names)-1]] = json.RawMessage(value)
	if path == "limits[0].tokens" { // the one field that another excludes
		delete(at, "requests")
	}
	out, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestTable proves every line of the table by its own example: it is a policy,
// and the default is one too. Each has words that say what it means.
func TestTable(t *testing.T) {
	n := 0
	everyField(policy.shape, "", func(path string, f description) {
		n++
		if f.doc == "" || !strings.HasSuffix(f.doc, ".") || strings.ContainsAny(f.doc, "|\n") {
			t.Errorf("%s: the text %q is not one or more sentences fit for a table", path, f.doc)
		}
		if f.required && f.def != "" {
			t.Errorf("%s is required and has a default", path)
		}
		for _, value := range []string{f.example, f.def} {
			if value == "" {
				continue
			}
			in := around(t, path, value)
			if _, err := Parse(in); err != nil {
				t.Errorf("%s\n%v", in, err)
			}
		}
		if f.example == "" {
			t.Errorf("%s has no example", path)
		}
	})
	if n < 50 {
		t.Errorf("only %d fields were seen", n)
	}
}

// TestTableFits holds what readFields relies on.
func TestTableFits(t *testing.T) {
	seen := func(s *shape, path string) {
		if len(s.fields) > 64 {
			t.Errorf("%s has %d fields, more than the bits that mark them", path, len(s.fields))
		}
		names := map[string]bool{}
		for _, f := range s.fields {
			if names[f.name] {
				t.Errorf("%s has two fields %s", path, f.name)
			}
			names[f.name] = true
		}
	}
	seen(policy.shape, "policy")
	everyField(policy.shape, "", func(path string, f description) {
		seen(f.shape, path)
		if f.shape.items != nil {
			seen(f.shape.items, path)
		}
	})
}

// TestWrongType puts a value of every other JSON type in each field.
func TestWrongType(t *testing.T) {
	types := map[string]string{"object": `{}`, "array": `[]`, "string": `"\u0001"`, "integer": `-7`, "boolean": `true`, "null": `[null]`}
	everyField(policy.shape, "", func(path string, f description) {
		for name, value := range types {
			if name == f.shape.json {
				continue
			}
			_, err := Parse(around(t, path, value))
			if err == nil {
				t.Errorf("%s: %s was accepted for a value of type %s", path, value, f.shape.json)
				continue
			}
			if !strings.Contains(err.Error(), path) {
				t.Errorf("%s: %s: no path in %v", path, value, err)
			}
		}
	})
}
