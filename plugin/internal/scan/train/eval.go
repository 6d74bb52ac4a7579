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

// LeaveOut leaves each source out of training in turn and writes how the
// scanner does on it: the balanced preset beside its parts and a list of
// fifteen regular expressions, then the presets.
func LeaveOut(files []string, out, log io.Writer) error {
	examples, err := Load(files...)
	if err != nil {
		return err
	}
	texts, err := written()
	if err != nil {
		return err
	}
	c := newCorpus(examples, texts)
	bare, err := c.crossScores(false, defaults, func(s string) { fmt.Fprintln(log, "without grammar, leaving out", s) })
	if err != nil {
		return err
	}
	scores, err := c.crossScores(true, defaults, func(s string) { fmt.Fprintln(log, "leaving out", s) })
	if err != nil {
		return err
	}
	parts, presets, err := compare(examples, bare, scores)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d texts, each scored by a model that never saw its source. In brackets the 95 %% interval (Wilson).\n", len(examples))
	fmt.Fprintf(out, "\n## The balanced preset and its parts\n")
	writeAll(out, examples, parts)
	fmt.Fprintf(out, "\n## The presets\n")
	writeAll(out, examples, presets)
	return nil
}

// compare returns the columns of the two comparisons: the parts of the
// balanced preset beside baselines, and the presets. bare are the scores of
// models trained without the grammar.
func compare(examples []Example, bare, scores []model.Score) (parts, presets []system, err error) {
	regexes := make([]bool, len(examples))
	for i := range examples {
		regexes[i] = anyMatch(fifteen, examples[i].Text)
	}
	for _, p := range []struct {
		preset scan.Preset
		level  model.Level
	}{{scan.Strict, model.Strict}, {scan.Balanced, model.Balanced}, {scan.Quiet, model.Quiet}} {
		rules, err := scanAll(examples, scan.Settings{Preset: p.preset, Disable: []string{"model.override", "model.persona"}})
		if err != nil {
			return nil, nil, err
		}
		hits := over(scores, limits(examples, scores), p.level)
		both := either(rules, hits)
		if p.preset == scan.Balanced {
			alone := over(bare, limits(examples, bare), p.level)
			parts = []system{{"15 regexes", regexes}, {"rules alone", rules}, {"n-grams alone", alone},
				{"n-grams and grammar", hits}, {"rules and n-grams", either(rules, alone)}, {"all", both}}
		}
		presets = append(presets, system{p.preset.String(), both})
	}
	return parts, presets, nil
}

func either(a, b []bool) []bool {
	c := make([]bool, len(a))
	for i := range a {
		c[i] = a[i] || b[i]
	}
	return c
}
