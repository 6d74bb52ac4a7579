// Package grammar writes training texts: attacks and honest texts made of the
// same words, in many languages, from rule files that stand in lang. It is
// used by training alone and never linked into the filter.
package grammar

import (
	"embed"
	"math/rand/v2"
	"path"
	"sort"
	"strings"
)

//go:embed lang/*.txt
var files embed.FS

// Kinds of text. The first four are attacks.
const (
	Override = "override" // new orders in place of the given ones
	Extract  = "extract"  // asks for the prompt, a secret, the context
	Persona  = "persona"  // a character without rules
	Indirect = "indirect" // an override, an extraction or a note to the reader inside a document
	Hard     = "hard"     // honest text with the words of attacks
	Chat     = "chat"     // everyday requests
	Document = "doc"      // mails, pages, reviews, code without orders
)

// roots are the rules a language's files must or may have at the top.
var roots = map[string]bool{Override: true, Extract: true, Persona: true, Indirect: true, Hard: true, Chat: true, Document: true}

// A Text is one generated text.
type Text struct {
	Kind string
	Lang string // ISO 639-1
	Text string
}

// Attack says whether the text is one.
func (t *Text) Attack() bool {
	switch t.Kind {
	case Override, Extract, Persona, Indirect:
		return true
	}
	return false
}

// Grammar is the rule files of all languages.
type Grammar struct {
	langs []string
	rules map[string]rules
}

// Load parses the embedded rule files. A file is called <lang>.txt or
// <lang>.<part>.txt; the parts of a language are one grammar. Every language
// but English also has the rules of common.txt.
func Load() (*Grammar, error) {
	texts, err := readAll()
	if err != nil {
		return nil, err
	}
	common := texts["common"]
	delete(texts, "common")
	g := &Grammar{rules: map[string]rules{}}
	for lang, text := range texts {
		if lang != "en" {
			text += common
		}
		r, err := parse(lang, text)
		if err != nil {
			return nil, err
		}
		g.langs = append(g.langs, lang)
		g.rules[lang] = r
	}
	sort.Strings(g.langs)
	return g, nil
}

// readAll returns the rules of each language as one text.
func readAll() (map[string]string, error) {
	entries, err := files.ReadDir("lang")
	if err != nil {
		return nil, err
	}
	texts := map[string]string{}
	for _, e := range entries {
		b, err := files.ReadFile(path.Join("lang", e.Name()))
		if err != nil {
			return nil, err
		}
		lang, _, _ := strings.Cut(e.Name(), ".")
		texts[lang] += string(b) + "\n"
	}
	return texts, nil
}

// Languages returns the languages there are rules for, sorted.
func (g *Grammar) Languages() []string { return g.langs }

// slot is where a document of the rule files holds a sentence of another kind.
const slot = "{SLOT}"

// sentence writes one sentence of a rule.
func (g *Grammar) sentence(lang, rule string, rng *rand.Rand) string {
	w := writer{rules: g.rules[lang], rng: rng}
	w.rule(rule)
	return tidy(w.out.String())
}

// joints closes the gap that an optional word leaves before punctuation.
var joints = strings.NewReplacer(" ,", ",", " .", ".", " ;", ";", "..", ".", "?.", "?", "!.", "!", "。.", "。")

// tidy drops the doubled spaces that optional words leave behind.
func tidy(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		for strings.Contains(l, "  ") {
			l = strings.ReplaceAll(l, "  ", " ")
		}
		lines[i] = strings.TrimSpace(joints.Replace(l))
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// write makes one text of a kind.
func (g *Grammar) write(lang, kind string, rng *rand.Rand) string {
	switch kind {
	case Indirect:
		attack := g.sentence(lang, pick(rng, Override, Extract, Indirect, Indirect), rng)
		return fill(g.sentence(lang, Document, rng), attack)
	case Document:
		inner := ""
		if rng.IntN(2) == 0 {
			inner = g.sentence(lang, pick(rng, Hard, Chat), rng)
		}
		return fill(g.sentence(lang, Document, rng), inner)
	}
	s := g.sentence(lang, kind, rng)
	if kind != Override && kind != Extract && rng.IntN(4) == 0 {
		// Honest texts begin like attacks, or the beginning would tell.
		s = g.sentence(lang, pick(rng, "open", "polite"), rng) + " " + s
	}
	if kind != Persona && rng.IntN(8) == 0 {
		other := g.sentence(lang, Chat, rng)
		if rng.IntN(2) == 0 {
			return other + " " + s
		}
		return s + " " + other
	}
	return s
}

func fill(doc, s string) string {
	if !strings.Contains(doc, slot) {
		return doc + "\n" + s
	}
	return strings.Replace(doc, slot, s, 1)
}

func pick(rng *rand.Rand, of ...string) string { return of[rng.IntN(len(of))] }

// Counts says how many texts of each kind to write for a language.
type Counts map[string]int

// Generate writes distinct texts, the same ones for the same seed and rules.
// Where a language's rules cannot give that many, it writes fewer.
func (g *Grammar) Generate(seed uint64, counts func(lang string) Counts) []Text {
	var all []Text
	for i, lang := range g.langs {
		rng := rand.New(rand.NewPCG(seed, uint64(i)))
		c := counts(lang)
		kinds := make([]string, 0, len(c))
		for k := range c {
			kinds = append(kinds, k)
		}
		sort.Strings(kinds)
		for _, k := range kinds {
			all = g.distinct(all, lang, k, c[k], rng)
		}
	}
	return all
}

// distinct appends n different texts of a kind.
func (g *Grammar) distinct(all []Text, lang, kind string, n int, rng *rand.Rand) []Text {
	seen := make(map[string]bool, n)
	for try := 0; len(seen) < n && try < 3*n; try++ {
		s := g.write(lang, kind, rng)
		if s == "" || seen[s] {
			continue
		}
		seen[s] = true
		all = append(all, Text{kind, lang, s})
	}
	return all
}
