package grammar

import (
	"crypto/sha256"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

func load(t testing.TB) *Grammar {
	t.Helper()
	g, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

var kinds = []string{Override, Extract, Persona, Indirect, Hard, Chat, Document}

func few(string) Counts {
	c := Counts{}
	for _, k := range kinds {
		c[k] = 40
	}
	return c
}

func TestLanguages(t *testing.T) {
	want := "ar bn cs da de el en es fa fi fr he hi hr hu id it ja ko nl pl pt ro ru sv ta th tr uk vi zh"
	if got := strings.Join(load(t).Languages(), " "); got != want {
		t.Errorf("languages: got %s, want %s", got, want)
	}
}

func TestEveryKindInEveryLanguage(t *testing.T) {
	g := load(t)
	count := map[[2]string]int{}
	for _, x := range g.Generate(1, few) {
		count[[2]string{x.Lang, x.Kind}]++
		if !utf8.ValidString(x.Text) {
			t.Errorf("%s %s: not UTF-8: %q", x.Lang, x.Kind, x.Text)
		}
		if strings.ContainsAny(x.Text, "\x00\x01") || strings.Contains(x.Text, slot) {
			t.Errorf("%s %s: an unfinished text: %q", x.Lang, x.Kind, x.Text)
		}
	}
	for _, lang := range g.Languages() {
		for _, k := range kinds {
			if n := count[[2]string{lang, k}]; n != 40 {
				t.Errorf("%s %s: got %d distinct texts, want 40", lang, k, n)
			}
		}
	}
}

// A language must be able to say enough: the share of repetitions among many
// sentences tells how much is left.
func TestVariety(t *testing.T) {
	g := load(t)
	for _, lang := range g.Languages() {
		texts := g.Generate(2, func(l string) Counts {
			if l != lang {
				return nil
			}
			return Counts{Override: 1000, Extract: 500, Persona: 300, Hard: 600}
		})
		if len(texts) != 2400 {
			t.Errorf("%s: got %d distinct texts, want 2400", lang, len(texts))
		}
	}
}

func TestSameSeedSameTexts(t *testing.T) {
	sum := func(seed uint64) [32]byte {
		h := sha256.New()
		for _, x := range load(t).Generate(seed, few) {
			h.Write([]byte(x.Kind + x.Lang + x.Text))
		}
		return [32]byte(h.Sum(nil))
	}
	first := sum(7)
	if sum(7) != first {
		t.Error("the same seed gave other texts")
	}
	if sum(8) == first {
		t.Error("another seed gave the same texts")
	}
}

func TestAttack(t *testing.T) {
	for kind, want := range map[string]bool{Override: true, Extract: true, Persona: true, Indirect: true, Hard: false, Chat: false, Document: false} {
		if x := (Text{Kind: kind}); x.Attack() != want {
			t.Errorf("%s: attack is %v, want %v", kind, x.Attack(), want)
		}
	}
}

// roots of a small grammar for the tests below.
const rest = "\nextract: e\npersona: p\nindirect: i\nhard: h\nchat: c\ndoc: d\n"

func TestParse(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"override: a", "a"},
		{"override: (a)", "a"},
		{"override: x{b}y\nb: 1", "x1y"},
		{`override: \{a\|b\}\(c\)\\`, `{a|b}(c)\`},
		{`override: a\nb\tc`, "a\nb\tc"},
		{"override: a  (|)  b", "a b"},
		{"# comment\noverride: a", "a"},
		{"override: {=n} {=n}\nn: z", "z z"},
	} {
		r, err := parse("test", c.text+rest)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		g := Grammar{rules: map[string]rules{"xx": r}}
		if got := g.sentence("xx", Override, rng(1)); got != c.want {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
	}
}

func TestFixedReference(t *testing.T) {
	r, err := parse("test", "override: {=n} {=n} {=n}\nn: a | b | c | d | e | f"+rest)
	if err != nil {
		t.Fatal(err)
	}
	g := Grammar{rules: map[string]rules{"xx": r}}
	seen := map[string]bool{}
	for seed := range uint64(50) {
		words := strings.Fields(g.sentence("xx", Override, rng(seed)))
		if words[0] != words[1] || words[1] != words[2] {
			t.Fatalf("a fixed name changed: %v", words)
		}
		seen[words[0]] = true
	}
	if len(seen) < 3 {
		t.Errorf("50 seeds gave %d names", len(seen))
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"override a", "want `name: text | text`"},
		{"override: a\noverride: b", "given twice"},
		{"override: {b}", `no rule "b"`},
		{"override: a\nb: x", `rule "b" is not used`},
		{"override: (a", "unmatched ("},
		{"override: a)", "unmatched )"},
		{"override: {a", "unmatched {"},
		{`override: a\`, "at the end"},
		{"", `no rule "override"`},
	} {
		_, err := parse("test", c.text+rest)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got error %v, want one with %q", c.text, err, c.want)
		}
	}
}

// A rule that refers to itself must end.
func TestRecursionEnds(t *testing.T) {
	r, err := parse("test", "override: a{override}"+rest)
	if err != nil {
		t.Fatal(err)
	}
	g := Grammar{rules: map[string]rules{"xx": r}}
	if got := g.sentence("xx", Override, rng(1)); len(got) > depthLimit {
		t.Errorf("got %d characters", len(got))
	}
}

func FuzzParse(f *testing.F) {
	f.Add("override: a | {b}\nb: (x|y)")
	f.Add("override: \\")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := parse("fuzz", text+rest)
		if err != nil {
			return
		}
		g := Grammar{rules: map[string]rules{"xx": r}}
		if len(text) < 200 && strings.Count(text, "{") < 3 {
			g.sentence("xx", Override, rng(1))
		}
	})
}

func rng(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }
