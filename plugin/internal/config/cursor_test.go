package config

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzCursor: the cursor passes over exactly what encoding/json calls JSON, but
// for half surrogates, text that is not UTF-8 and deep nesting, which it refuses.
func FuzzCursor(f *testing.F) {
	for _, s := range []string{
		`{"a": [1, -0.5e+3, true, false, null, "\u00e9\ud83d\ude00\n"]}`, `[[]]`, `"\ud800"`, `01`, `1.`, `-`, `1e`, `{"a":1,}`, `[1 2]`,
		`{"a":{"b":[{}]}}`, "\"\x01\"", `"\x"`, `"\u12"`, ` "a" `, `tru`, `nulll`, `{"a"}`, `{,}`, "\ufeff{}",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c := cursor{in: s}
		c.skip()
		if c.fault == "" && !c.end() {
			c.broken("nothing more")
		}
		got, want := c.fault == "", json.Valid([]byte(s))
		if got && !want {
			t.Fatalf("%q passes", s)
		}
		strict := !utf8.ValidString(s) || strings.Contains(s, `\u`) || strings.Count(s, "[")+strings.Count(s, "{") > maxDepth
		if want && !got && !strict {
			t.Fatalf("%q does not pass: %s: want %s", s, c.place(), c.fault)
		}
	})
}

// FuzzText: a string is read as encoding/json reads it.
func FuzzText(f *testing.F) {
	for _, s := range []string{`"a\n\u00e9"`, `"\ud83d\ude00"`, `"\/\"\\\b\f\r\t"`, `"plain"`, `"é"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if s == "" || s[0] != '"' {
			return
		}
		c := cursor{in: s}
		got := c.text()
		if c.fault != "" {
			return
		}
		var want string
		if err := json.Unmarshal([]byte(s[:c.pos]), &want); err != nil || got != want {
			t.Errorf("%q is %q, encoding/json: %q, %v", s[:c.pos], got, want, err)
		}
	})
}

func TestPlace(t *testing.T) {
	for in, want := range map[string]string{
		"x":              "line 1 column 1",
		"\n\n  x":        "line 3 column 3",
		"{\n\"a\":\n}":   "line 3 column 1",
		"{\"a\": \"\x01": "line 1 column 8",
	} {
		c := cursor{in: in}
		c.skip()
		if got := c.place(); c.fault == "" || got != want {
			t.Errorf("%q breaks at %s, want %s", in, got, want)
		}
	}
}
