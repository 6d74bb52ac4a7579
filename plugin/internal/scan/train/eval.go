package train

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/sparkward/sparkward/plugin/internal/scan"
	"github.com/sparkward/sparkward/plugin/internal/scan/model"
)

// Evaluate runs the scanner as it is shipped over the examples of the files
// and writes how much it finds, by source, category and language, with 95 %
// intervals, for each preset, all texts being of the role. What balanced got
// wrong goes to wrong, if there is one.
func Evaluate(files []string, role scan.Role, out, wrong io.Writer) error {
	examples, err := Load(files...)
	if err != nil {
		return err
	}
	var systems []system
	for _, p := range []scan.Preset{scan.Strict, scan.Balanced, scan.Quiet} {
		hits, err := scanAll(examples, role, scan.Settings{Preset: p})
		if err != nil {
			return err
		}
		systems = append(systems, system{p.String(), hits})
	}
	fmt.Fprintf(out, "%d texts. In brackets the 95 %% interval (Wilson).\n", len(examples))
	writeAll(out, examples, systems)
	return writeWrong(wrong, examples, systems[1].hit)
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

// scanAll says of each example whether the scanner refuses it as a text of the
// role.
func scanAll(examples []Example, role scan.Role, s scan.Settings) ([]bool, error) {
	scanner, err := scan.New(s)
	if err != nil {
		return nil, err
	}
	hits := make([]bool, len(examples))
	var report scan.Report
	for i := range examples {
		hits[i] = refused(scanner, role, &examples[i], &report)
	}
	return hits, nil
}

func refused(s *scan.Scanner, role scan.Role, e *Example, r *scan.Report) bool {
	s.Scan([]scan.Input{{Role: role, Text: []byte(e.Text)}}, r)
	return len(r.Hits) > 0
}

// LeaveOut leaves each source out of training in turn and writes how the
// scanner does on it: the balanced preset beside its parts and a list of
// fifteen regular expressions, then the presets. What balanced got wrong goes
// to wrong, if there is one.
func LeaveOut(files []string, out, wrong, log io.Writer) error {
	c, _, err := read(files...)
	if err != nil {
		return err
	}
	bare, err := c.cross(false, defaults, func(s string) { fmt.Fprintln(log, "without grammar, left out", s) })
	if err != nil {
		return err
	}
	full, err := c.cross(true, defaults, func(s string) { fmt.Fprintln(log, "left out", s) })
	if err != nil {
		return err
	}
	examples := c.examples
	parts, presets, err := compare(examples, bare, full)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d texts, each scanned with a model that never saw its source. In brackets the 95 %% interval (Wilson).\n", len(examples))
	fmt.Fprintf(out, "\n## The balanced preset and its parts\n")
	writeAll(out, examples, parts)
	fmt.Fprintf(out, "\n## The presets\n")
	writeAll(out, examples, presets)
	return writeWrong(wrong, examples, parts[len(parts)-1].hit)
}

// compare returns the columns of the two comparisons: the balanced preset
// beside its parts and baselines, and the presets. bare are models trained
// without the grammar.
func compare(examples []Example, bare, full *cross) (parts, presets []system, err error) {
	bare.setLimits(examples)
	full.setLimits(examples)
	regexes := make([]bool, len(examples))
	for i := range examples {
		regexes[i] = anyMatch(fifteen, examples[i].Text)
	}
	rules, err := scanAll(examples, scan.User, scan.Settings{Disable: []string{"model.override", "model.persona"}})
	if err != nil {
		return nil, nil, err
	}
	poor, err := bare.scan(examples, scan.Settings{})
	if err != nil {
		return nil, nil, err
	}
	for _, p := range []scan.Preset{scan.Strict, scan.Balanced, scan.Quiet} {
		hits, err := full.scan(examples, scan.Settings{Preset: p})
		if err != nil {
			return nil, nil, err
		}
		presets = append(presets, system{p.String(), hits})
	}
	parts = []system{{"15 regexes", regexes}, {"rules alone", rules}, {"n-grams alone", bare.over(examples, model.Balanced)},
		{"n-grams and grammar", full.over(examples, model.Balanced)}, {"rules and n-grams", poor}, {"all", presets[1].hit}}
	return parts, presets, nil
}

// writeWrong writes the examples that were judged wrongly, as they were read.
func writeWrong(out io.Writer, examples []Example, hit []bool) error {
	if out == nil {
		return nil
	}
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	for i := range examples {
		if examples[i].Attack() == hit[i] {
			continue
		}
		if err := e.Encode(&examples[i]); err != nil {
			return err
		}
	}
	return nil
}
