package train

import (
	"math"

	"github.com/sparkward/sparkward/plugin/internal/scan/fold"
	"github.com/sparkward/sparkward/plugin/internal/scan/grammar"
	"github.com/sparkward/sparkward/plugin/internal/scan/model"
)

// Weights of samples in the fit.
const (
	// sourceCap is how many texts' weight one label of a source has at most,
	// so that no source drowns the others.
	sourceCap = 800
	// writtenWeight is the weight of a text of the grammar: they are many and
	// alike.
	writtenWeight = 0.3
)

// A corpus is everything a fit can read, folded and hashed once.
type corpus struct {
	lexicon  *lexicon
	examples []Example
	samples  []sample // of the examples, in their order
	written  []sample // of the grammar
	rows     []sample // of honest examples in a row
	rowsOf   []string // the source of each
}

// read makes a corpus of files of examples and the grammar's texts, which it
// returns too.
func read(files ...string) (*corpus, []grammar.Text, error) {
	examples, err := Load(files...)
	if err != nil {
		return nil, nil, err
	}
	texts, err := written()
	if err != nil {
		return nil, nil, err
	}
	return newCorpus(examples, texts), texts, nil
}

func newCorpus(examples []Example, texts []grammar.Text) *corpus {
	c := &corpus{examples: examples, samples: make([]sample, len(examples))}
	rows := joinExamples(examples)
	texts = append(texts[:len(texts):len(texts)], joinWritten(texts)...)
	all := make([][]byte, 0, len(examples)+len(texts))
	for i := range examples {
		all = append(all, folded(examples[i].Text))
	}
	for i := range texts {
		all = append(all, folded(texts[i].Text))
	}
	c.lexicon = newLexicon(all)
	count := map[[2]string]int{}
	for i := range examples {
		count[[2]string{examples[i].Source, examples[i].Label}]++
	}
	for i := range examples {
		e := &examples[i]
		s := c.lexicon.sample(all[i])
		s.target = target(e.Attack(), e.Persona())
		n := count[[2]string{e.Source, e.Label}]
		s.weight = float32(math.Min(1, sourceCap/float64(n)))
		c.samples[i] = s
	}
	for i, t := range texts {
		s := c.lexicon.sample(all[len(examples)+i])
		s.target = target(t.Attack(), t.Kind == grammar.Persona)
		s.weight = writtenWeight
		c.written = append(c.written, s)
	}
	for i := range rows {
		s := c.lexicon.sample(folded(rows[i].Text))
		s.target, s.weight = target(false, false), 1
		c.rows, c.rowsOf = append(c.rows, s), append(c.rowsOf, rows[i].Source)
	}
	return c
}

// target gives an attack to its own head and hides it from the other: an
// override often wears a persona, and the reverse.
func target(attack, persona bool) [model.Heads]int8 {
	switch {
	case !attack:
		return [model.Heads]int8{honest, honest}
	case persona:
		return [model.Heads]int8{absent, hostile}
	}
	return [model.Heads]int8{hostile, absent}
}

// folded returns the text as the filter's model sees it.
func folded(text string) []byte {
	var signs fold.Signs
	return fold.Append(nil, []byte(text), &signs)
}

// English has most of the grammar's texts, as it has most of the attacks.
var (
	englishCounts = grammar.Counts{grammar.Override: 9000, grammar.Extract: 5000, grammar.Persona: 4500,
		grammar.Indirect: 4000, grammar.Hard: 18000, grammar.Chat: 4000, grammar.Document: 6500}
	otherCounts = grammar.Counts{grammar.Override: 560, grammar.Extract: 300, grammar.Persona: 140,
		grammar.Indirect: 140, grammar.Hard: 640, grammar.Chat: 220, grammar.Document: 140}
)

// written generates the grammar's texts, always the same ones.
func written() ([]grammar.Text, error) {
	g, err := grammar.Load()
	if err != nil {
		return nil, err
	}
	return g.Generate(1, func(lang string) grammar.Counts {
		if lang == "en" {
			return englishCounts
		}
		return otherCounts
	}), nil
}
