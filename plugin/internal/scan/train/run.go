package train

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/sparkward/sparkward/plugin/internal/scan/model"
)

// falsePositives is the share of honest texts of unseen sources that may reach
// a head's limit, by level. In distribution the same limits are passed by far
// fewer.
var falsePositives = [model.Levels]float64{model.Balanced: 0.0015, model.Strict: 0.004, model.Quiet: 0.0004}

// Run trains on dir/train.jsonl and the grammar and writes weights.bin and a
// report to out. Limits come from leaving each source out in turn. Progress
// goes to log. The same input gives the same bytes.
func Run(dir, out string, log io.Writer) error {
	sources, err := sourceTable(dir)
	if err != nil {
		return err
	}
	c, texts, err := read(filepath.Join(dir, "train.jsonl"))
	if err != nil {
		return err
	}
	fmt.Fprintf(log, "%d texts of %d sources, %d texts of the grammar\n", len(c.examples), len(c.sources()), len(texts))
	x, err := c.cross(true, defaults, func(s string) { fmt.Fprintln(log, "left out", s) })
	if err != nil {
		return err
	}
	x.setLimits(c.examples)
	both := fit(c.without("", true), c.lexicon, defaults)
	r := report{c, texts, x, quantise(c.lexicon, both, limits(c.examples, x.scores, "")), sources}
	if err := os.WriteFile(filepath.Join(out, "weights.bin"), r.weights, 0o644); err != nil {
		return err
	}
	var text bytes.Buffer
	r.write(&text)
	return os.WriteFile(filepath.Join(out, reportName), text.Bytes(), 0o644)
}

// limits returns for each head and level the score that the allowed share of
// honest texts reaches, not counting those of one source.
func limits(examples []Example, scores []model.Score, but string) [model.Heads][model.Levels]int32 {
	var limit [model.Heads][model.Levels]int32
	for h := range limit {
		var honest []float64
		for i := range examples {
			if !examples[i].Attack() && examples[i].Source != but {
				honest = append(honest, float64(scores[i][h]))
			}
		}
		for l, share := range falsePositives {
			limit[h][l] = int32(quantile(honest, 1-share)) + 1
		}
	}
	return limit
}
