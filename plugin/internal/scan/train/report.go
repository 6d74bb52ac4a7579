package train

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sparkward/sparkward/plugin/internal/scan/grammar"
	"github.com/sparkward/sparkward/plugin/internal/scan/model"
)

// reportName is the file that Run writes beside the weights.
const reportName = "TRAINING.md"

// A report tells what a training read and made.
type report struct {
	corpus  *corpus
	texts   []grammar.Text
	cross   *cross
	weights []byte
	sources string // the data's own table of sources and licences
}

// write writes the report as Markdown. It holds counts and rates, never a
// text of the data.
func (r *report) write(out io.Writer) {
	fmt.Fprintf(out, "# How the weights were trained\n\nWritten by `sparkctl train`; the same data gives the same file and the same weights.\n\n")
	fmt.Fprintf(out, "- weights.bin: %d bytes, SHA-256 `%x`\n", len(r.weights), sha256.Sum256(r.weights))
	fmt.Fprintf(out, "- texts of data sets: %d\n- texts of the grammar: %d\n- features seen at least %d times: %d\n", len(r.corpus.examples), len(r.texts), minCount, r.corpus.lexicon.len()-1)
	o := defaults
	fmt.Fprintf(out, "- logistic regression by Adagrad: %d epochs, pruned to the table's slots, %d more; first step %g, L2 %g, seed %d\n", o.epochs, o.more, o.rate, o.l2, o.seed)
	r.writeLimits(out)
	r.writeGrammar(out)
	fmt.Fprintf(out, "\n## Sources and licences\n\n%s", r.sources)
	fmt.Fprintf(out, "\n## Each source left out in turn\n\nThe model alone on sources it was not trained on, at limits that the other sources set. In brackets the 95 %% interval.\n")
	r.writeLeftOut(out)
}

func (r *report) writeLimits(out io.Writer) {
	m, err := model.Read(r.weights)
	if err != nil {
		return
	}
	fmt.Fprintf(out, "\n## Limits\n\nIn logits; a head's word counts from here on. Chosen so that of honest texts of sources left out at most the share in brackets reaches one.\n\n| head | strict | balanced | quiet |\n|---|---|---|---|\n")
	for h := range model.Head(model.Heads) {
		fmt.Fprintf(out, "| %v |", h)
		for _, l := range []model.Level{model.Strict, model.Balanced, model.Quiet} {
			fmt.Fprintf(out, " %.2f (%s) |", float64(m.Limit[h][l])/256, percent(falsePositives[l]))
		}
		fmt.Fprintln(out)
	}
}

func (r *report) writeGrammar(out io.Writer) {
	count := map[string]map[string]int{}
	var langs []string
	for i := range r.texts {
		t := &r.texts[i]
		if count[t.Lang] == nil {
			count[t.Lang] = map[string]int{}
			langs = append(langs, t.Lang)
		}
		count[t.Lang][t.Kind]++
	}
	slices.Sort(langs)
	kinds := []string{grammar.Override, grammar.Extract, grammar.Persona, grammar.Indirect, grammar.Hard, grammar.Chat, grammar.Document}
	fmt.Fprintf(out, "\n## Texts of the grammar\n\n| language | %s |\n|---|%s\n", strings.Join(kinds, " | "), strings.Repeat("---|", len(kinds)))
	for _, l := range langs {
		fmt.Fprintf(out, "| %s |", l)
		for _, k := range kinds {
			fmt.Fprintf(out, " %d |", count[l][k])
		}
		fmt.Fprintln(out)
	}
}

func (r *report) writeLeftOut(out io.Writer) {
	var systems []system
	for i, l := range []model.Level{model.Strict, model.Balanced, model.Quiet} {
		name := []string{"strict", "balanced", "quiet"}[i]
		systems = append(systems, system{name, r.cross.over(r.corpus.examples, l)})
	}
	writeTable(out, "Attacks found", "source", r.corpus.examples, attacks(bySource), systems)
	writeTable(out, "Attacks found, English or not", "language", r.corpus.examples, attacks(englishOrNot), systems)
	writeTable(out, "Honest texts over a limit", "source", r.corpus.examples, honestTexts(bySource), systems)
}

// sourceTable returns the table of sources and licences in dir/SOURCES.md.
func sourceTable(dir string) (string, error) {
	f, err := os.Open(filepath.Join(dir, "SOURCES.md"))
	if err != nil {
		return "", err
	}
	defer f.Close()
	var table strings.Builder
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "|") {
			table.WriteString(lines.Text() + "\n")
		}
	}
	if table.Len() == 0 {
		return "", fmt.Errorf("%s/SOURCES.md: no table: list each source with its licence, so that the weights can be published", dir)
	}
	return table.String(), lines.Err()
}
