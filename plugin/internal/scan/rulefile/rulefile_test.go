package rulefile

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sparkward/sparkward/plugin/internal/scan/rules"
)

// read loads a folder of one word file and one rule file.
func read(words, defs string) (*Set, error) {
	return Load(fstest.MapFS{
		"words/en.words": {Data: []byte(words)},
		"test.rules":     {Data: []byte(defs)},
	})
}

func mustRead(t *testing.T, words, defs string) *Set {
	t.Helper()
	s, err := read(words, defs)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// list returns the words of a class.
func (s *Set) list(class string) (words []string) {
	for _, l := range s.Source.Lists {
		if l.Class == class {
			words = append(words, l.Words...)
		}
	}
	return words
}

func TestWords(t *testing.T) {
	s := mustRead(t, `# a comment
drop: ignore "pay no attention to"
  forget*	skip

#
show: print # prints
`, "")
	for class, want := range map[string][]string{
		"drop": {"ignore", "pay no attention to", "forget*", "skip"},
		"show": {"print", "#", "prints"}, // a comment has a line of its own
		"none": nil,
	} {
		if got := s.list(class); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", class, got, want)
		}
	}
	if got := s.Languages["drop"]; !slices.Equal(got, []string{"en"}) {
		t.Errorf("languages of drop: got %q", got)
	}
}

func TestMix(t *testing.T) {
	s, err := Load(fstest.MapFS{
		"words/de.words": {Data: []byte("a: eins\n")},
		"words/en.words": {Data: []byte("a: one\nb: two\n")},
		"x.rules":        {Data: []byte("mix a c\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range s.Source.Lists {
		if want := l.Class == "a" && l.Words[0] == "one"; !strings.HasPrefix(l.Class, rules.Signal) && l.Mix != want {
			t.Errorf("%s %q: mixed is %t", l.Class, l.Words, l.Mix)
		}
	}
}

func TestRules(t *testing.T) {
	s := mustRead(t, "a: one\nb: two\nc: three\n", `
common a
guard a|b by c within 3
define d
  order a b within 2
rule first high
  match a "b c"|d within 4
  order a b within 200
  unless b|c before 2
  unless c after 0
  yes    One and two.
  yes.de Eins und zwei.
  no     "Quotes" need no end: "
rule second low
  match a within 1
`)
	src := s.Source
	if !slices.Equal(src.Common, []string{"a"}) || len(src.Guards) != 2 || src.Guards[1] != (rules.Guard{Class: "b", By: "c", Within: 3}) {
		t.Errorf("common %q, guards %+v", src.Common, src.Guards)
	}
	if len(src.Derived) != 1 || src.Derived[0].Class != "d" || !src.Derived[0].Forms[0].Ordered {
		t.Errorf("derived: %+v", src.Derived)
	}
	if len(src.Rules) != 2 || src.Rules[0].ID != "test.first" || src.Rules[0].Category != "test" || src.Rules[0].Severity != 2 || src.Rules[1].Severity != 0 {
		t.Fatalf("rules: %+v", src.Rules)
	}
	forms := src.Rules[0].Forms
	if len(forms) != 2 || forms[0].Ordered || !forms[1].Ordered || forms[1].Within != 200 || !slices.Equal(forms[0].Slots[1], []string{`"b c"`, "d"}) {
		t.Errorf("forms: %+v", forms)
	}
	want := []rules.Unless{{Class: "b", Within: 2}, {Class: "c", Within: 2}, {Class: "c", After: true}}
	for i, f := range forms {
		if !slices.Equal(f.Unless, want) {
			t.Errorf("form %d: unless %+v, want %+v", i, f.Unless, want)
		}
	}
	if src.Rules[1].Forms[0].Unless != nil {
		t.Errorf("the second rule has the first one's exceptions: %+v", src.Rules[1].Forms)
	}
	examples := []Example{{"test.first", "en", "One and two.", false}, {"test.first", "de", "Eins und zwei.", false}, {"test.first", "en", `"Quotes" need no end: "`, true}}
	if !slices.Equal(s.Examples, examples) {
		t.Errorf("examples: %+v", s.Examples)
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ words, defs, want string }{
		{"ignore", "", "words/en.words:1: want a class, a colon and words"},
		{"  ignore", "", "words/en.words:1: words before the name of their class"},
		{"a: \"b", "", "words/en.words:1: a quote is not closed"},
		{"", "\nrule x", "test.rules:2: want: rule NAME SEVERITY"},
		{"", "rule x huge", "test.rules:1: unknown severity huge: want low, medium, high or critical"},
		{"", "match a within 2", "test.rules:1: want a rule first"},
		{"", "yes Hello.", "test.rules:1: want a rule first"},
		{"", "rule x low\nmatch within 2", "test.rules:2: want: match CLASS CLASS ... within WORDS"},
		{"", "rule x low\nmatch a b", "test.rules:2: want: match CLASS CLASS ... within WORDS"},
		{"", "rule x low\norder a within two", "test.rules:2: within: want a number of words"},
		{"", "rule x low\nmatch \"a within 2", "test.rules:2: a quote is not closed"},
		{"", "rule x low\nunless a beside 2", "test.rules:2: want: unless CLASS before|after WORDS"},
		{"", "rule x low\nunless a before 201", "test.rules:2: unless: want a number of words from 0 to 200"},
		{"", "guard a within 3", "test.rules:1: want: guard CLASS by CLASS within WORDS"},
		{"", "guard a by b within x", "test.rules:1: guard: want a number of words"},
		{"", "define a b", "test.rules:1: want: define CLASS"},
		{"", "rule x low\nmaybe a", "test.rules:2: unknown word maybe"},
	} {
		_, err := read(c.words, c.defs)
		var e *Error
		if !errors.As(err, &e) || err.Error() != c.want {
			t.Errorf("%q, %q: got error %v, want %s", c.words, c.defs, err, c.want)
		}
	}
}

// The telling words become what ciphers make of them, and are gone themselves.
func TestSignals(t *testing.T) {
	s := mustRead(t, "telling: abc ignore\n", "")
	if got := s.list("telling"); got != nil {
		t.Errorf("telling: got %q, want none", got)
	}
	for name, want := range map[string]string{"13": "nop vtaber", "1": "bcd jhopsf", "mirrored": "zyx rtmliv", "reversed": "cba erongi"} {
		if got := strings.Join(s.list(rules.Signal+name), " "); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if got := len(s.list(rules.Signal)); got != 2*27 {
		t.Errorf("got %d signals in all, want %d", got, 2*27)
	}
}

// What Emit writes is Go that compiles to the table again: the built-in one is
// compared byte for byte by the tests of package rules. Here only small tables.
func TestEmit(t *testing.T) {
	s := mustRead(t, "a: one \"two three\"\nb: größer\n", "rule x high\nmatch a b within 3\n")
	table, err := s.Table()
	if err != nil {
		t.Fatal(err)
	}
	source, err := Emit(table)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"DO NOT EDIT", "package rules", `{"test.x", "test", 2}`, "Builtin = Table{"} {
		if !strings.Contains(string(source), want) {
			t.Errorf("no %q in what was written", want)
		}
	}
}

// A rule file either compiles or tells what is wrong with it, whatever it holds.
func FuzzLoad(f *testing.F) {
	f.Add("a: one two*\n  \"three four\"\n", "rule x high\n  match a \"b\" within 3\n  unless a before 2\n  yes One.\n")
	f.Add("a: ^x ![\n", "define d\n order a a within 2\nguard a by d within 1\ncommon a\n")
	f.Add("a: \"", "rule")
	f.Fuzz(func(t *testing.T, words, defs string) {
		s, err := read(words, defs)
		if err != nil {
			return
		}
		for _, e := range s.Examples {
			if !slices.ContainsFunc(s.Source.Rules, func(r rules.Definition) bool { return r.ID == e.Rule }) &&
				!slices.ContainsFunc(s.Source.Derived, func(d rules.Derived) bool { return d.Class == e.Rule }) {
				t.Errorf("an example of a rule that is not there: %+v", e)
			}
		}
		if len(words)+len(defs) < 300 {
			if table, err := s.Table(); err == nil {
				rules.NewMatcher(table, nil)
			}
		}
	})
}
