package train

import (
	"slices"

	"github.com/sparkward/sparkward/plugin/internal/scan/model"
)

// derived names the sources whose texts hold texts of another source: when the
// source is left out, they are too.
var derived = map[string]func(e *Example) bool{
	"bipia_ctx": func(e *Example) bool { return e.Source == "own_pos" && e.Category == "indirect" },
}

// without returns the samples to train on when a source is left out.
func (c *corpus) without(source string, withGrammar bool) []*sample {
	var train []*sample
	for i := range c.samples {
		e := &c.examples[i]
		if e.Source == source || derived[source] != nil && derived[source](e) {
			continue
		}
		train = append(train, &c.samples[i])
	}
	if withGrammar {
		for i := range c.written {
			train = append(train, &c.written[i])
		}
	}
	return train
}

func (c *corpus) sources() []string {
	var names []string
	for i := range c.examples {
		if !slices.Contains(names, c.examples[i].Source) {
			names = append(names, c.examples[i].Source)
		}
	}
	slices.Sort(names)
	return names
}

// crossScores leaves each source out in turn, trains on the rest, and scores
// the source with the weights as they would be shipped. The result is in the
// order of the examples.
func (c *corpus) crossScores(withGrammar bool, o options, progress func(string)) ([]model.Score, error) {
	scores := make([]model.Score, len(c.examples))
	for _, source := range c.sources() {
		progress(source)
		both := fit(c.without(source, withGrammar), c.lexicon, o)
		m, err := model.Read(quantise(c.lexicon, both, [model.Heads][model.Levels]int32{}))
		if err != nil {
			return nil, err
		}
		for i := range c.examples {
			if c.examples[i].Source == source {
				scores[i] = m.Rate(folded(c.examples[i].Text))
			}
		}
	}
	return scores, nil
}
