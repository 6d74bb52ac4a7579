package train

import (
	"fmt"
	"io"
	"strings"

	"github.com/sparkward/sparkward/plugin/internal/scan"
	"github.com/sparkward/sparkward/plugin/internal/scan/model"
)

// Evaluate runs the scanner as it is shipped over the examples of the files
// and writes how much it finds, by source, category and language, with 95 %
// intervals, for each preset.
func Evaluate(files []string, out io.Writer) error {
	examples, err := Load(files...)
	if err != nil {
		return err
	}
	var systems []system
	for _, p := range []scan.Preset{scan.Strict, scan.Balanced, scan.Quiet} {
		hits, err := scanAll(examples, scan.Settings{Preset: p})
		if err != nil {
			return err
		}
		systems = append(systems, system{p.String(), hits})
	}
	fmt.Fprintf(out, "%d texts. In brackets the 95 %% interval (Wilson).\n", len(examples))
	writeAll(out, examples, systems)
	return nil
}

// writeAll writes every table there is.
func writeAll(out io.Writer, examples []Example, systems []system) {
	writeTable(out, "Attacks found, by source", "source", examples, attacks(bySource), systems)
	writeTable(out, "Attacks found, by category", "category", examples, attacks(byCategory), systems)
	writeTable(out, "Attacks found, by language", "language", examples, attacks(byLanguage), systems)
	writeTable(out, "Attacks found, English or not", "language", examples, attacks(englishOrNot), systems)
	writeTable(out, "Honest texts refused, by source", "source", examples, honestTexts(bySource), systems)
	writeTable(out, "Honest texts with trigger words refused", "category", examples, honestTexts(triggerWords), systems)
	writeTable(out, "Honest texts refused, by language", "language", examples, honestTexts(byLanguage), systems)
}

// englishOrNot tells languages apart where the data does: deepset mixes two.
func englishOrNot(e *Example) string {
	switch e.Lang {
	case "en":
		return "English"
	case "en/de":
		return "mixed"
	}
	return "other"
}

// triggerWords keeps the honest texts that were chosen for sounding like
// attacks.
func triggerWords(e *Example) string {
	if strings.HasPrefix(e.Category, "hardneg") {
		return e.Category
	}
	return ""
}

// scanAll says of each example whether the scanner refuses it as a user's
// text.
func scanAll(examples []Example, s scan.Settings) ([]bool, error) {
	scanner, err := scan.New(s)
	if err != nil {
		return nil, err
	}
	hits := make([]bool, len(examples))
	var report scan.Report
	for i := range examples {
		scanner.Scan([]scan.Input{{Role: scan.User, Text: []byte(examples[i].Text)}}, &report)
		hits[i] = len(report.Hits) > 0
	}
	return hits, nil
}

// LeaveOut leaves each source out of training in turn and writes how the model,
// with and without the grammar, does on it, beside the rules alone, a list of
// fifteen regular expressions, and rules and model together.
func LeaveOut(files []string, out, log io.Writer) error {
	examples, err := Load(files...)
	if err != nil {
		return err
	}
	texts, err := written()
	if err != nil {
		return err
	}
	systems, err := compare(newCorpus(examples, texts), log)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d texts, each scored by a model that never saw its source. In brackets the 95 %% interval (Wilson).\n", len(examples))
	writeAll(out, examples, systems)
	return nil
}

// compare returns the columns of the comparison.
func compare(c *corpus, log io.Writer) ([]system, error) {
	regexes := system{"15 regexes", make([]bool, len(c.examples))}
	for i := range c.examples {
		regexes.hit[i] = anyMatch(fifteen, c.examples[i].Text)
	}
	rules, err := scanAll(c.examples, scan.Settings{Disable: []string{"model.override", "model.persona"}})
	if err != nil {
		return nil, err
	}
	systems := []system{regexes, {"rules alone", rules}}
	for _, withGrammar := range []bool{false, true} {
		hits, err := c.modelHits(withGrammar, log)
		if err != nil {
			return nil, err
		}
		name := "n-grams alone"
		if withGrammar {
			name = "with grammar"
		}
		systems = append(systems, system{name, hits})
	}
	full := system{"rules and model", make([]bool, len(rules))}
	for i := range rules {
		full.hit[i] = rules[i] || systems[3].hit[i]
	}
	return append(systems, full), nil
}

// modelHits says which examples a model that did not see their source would
// refuse at the level of the balanced preset.
func (c *corpus) modelHits(withGrammar bool, log io.Writer) ([]bool, error) {
	scores, err := c.crossScores(withGrammar, defaults, func(s string) { fmt.Fprintln(log, "leaving out", s) })
	if err != nil {
		return nil, err
	}
	limit := limits(c.examples, scores)
	hits := make([]bool, len(scores))
	for i, s := range scores {
		for h := range s {
			hits[i] = hits[i] || s[h] >= limit[h][model.Balanced]
		}
	}
	return hits, nil
}
