package train

import (
	"errors"
	"runtime"
	"slices"
	"sync"

	"github.com/sparkward/sparkward/plugin/internal/scan"
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
	for i := range c.rows {
		if c.rowsOf[i] != source {
			train = append(train, &c.rows[i])
		}
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

// A cross is what came of leaving each source out in turn: the weights trained
// on the rest, as they would be shipped, and what they think of the source.
type cross struct {
	models map[string]*model.Model // by source
	scores []model.Score           // in the order of the examples
}

// cross leaves each source out in turn. Models have no limits yet.
func (c *corpus) cross(withGrammar bool, o options, progress func(string)) (*cross, error) {
	x := &cross{map[string]*model.Model{}, make([]model.Score, len(c.examples))}
	sources := c.sources()
	models, errs := make([]*model.Model, len(sources)), make([]error, len(sources))
	inParallel(len(sources), func(i int) {
		both := fit(c.without(sources[i], withGrammar), c.lexicon, o)
		models[i], errs[i] = model.Read(quantise(c.lexicon, both, [model.Heads][model.Levels]int32{}))
		progress(sources[i])
	})
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	for i, source := range sources {
		x.models[source] = models[i]
	}
	for i := range c.examples {
		x.scores[i] = x.models[c.examples[i].Source].Rate(folded(c.examples[i].Text))
	}
	return x, nil
}

// inParallel calls f with 0 to n-1, as many at a time as there are processors.
func inParallel(n int, f func(int)) {
	var wait sync.WaitGroup
	next := make(chan int)
	for range min(n, runtime.GOMAXPROCS(0)) {
		wait.Go(func() {
			for i := range next {
				f(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wait.Wait()
}

// setLimits gives each model the limits that the honest texts of the other
// sources ask for: the source that it is measured on has no say.
func (x *cross) setLimits(examples []Example) {
	for source, m := range x.models {
		m.Limit = limits(examples, x.scores, source)
	}
}

// scan says of each example whether the scanner refuses it with the model that
// never saw its source.
func (x *cross) scan(examples []Example, s scan.Settings) ([]bool, error) {
	hits := make([]bool, len(examples))
	scanners := map[string]*scan.Scanner{}
	var report scan.Report
	for i := range examples {
		source := examples[i].Source
		if scanners[source] == nil {
			s.Model = x.models[source]
			scanner, err := scan.New(s)
			if err != nil {
				return nil, err
			}
			scanners[source] = scanner
		}
		hits[i] = refused(scanners[source], scan.User, &examples[i], &report)
	}
	return hits, nil
}

// over says which examples reach a limit of the model that never saw their
// source.
func (x *cross) over(examples []Example, l model.Level) []bool {
	hits := make([]bool, len(examples))
	for i, s := range x.scores {
		m := x.models[examples[i].Source]
		for h := range model.Head(model.Heads) {
			hits[i] = hits[i] || m.Over(s, h, l)
		}
	}
	return hits
}
