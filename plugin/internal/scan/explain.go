package scan

import (
	"slices"

	"github.com/sparkward/sparkward/plugin/internal/scan/fold"
	"github.com/sparkward/sparkward/plugin/internal/scan/model"
	"github.com/sparkward/sparkward/plugin/internal/scan/rules"
)

// Reason is a word or pair of words of a text that spoke for an attack.
type Reason struct {
	// Words are of the folded text, from the first to the last of the pair.
	Words string
	// Weight is what they added to the model's score, in logits.
	Weight float64
}

// Explain returns the n strongest reasons for a finding of the model; a rule of
// another kind has none. It holds parts of the text: it is for who has the text
// before them, not for logs.
func Explain(text []byte, rule string, n int) (reasons []Reason) {
	head := slices.IndexFunc(checks[:model.Heads], func(r rules.Rule) bool { return r.ID == rule })
	if head < 0 {
		return nil
	}
	var signs fold.Signs
	folded := fold.Append(nil, text, &signs)
	for _, f := range model.Explain(folded, model.Head(head), 8*n) {
		words := string(folded[f.Start:f.End])
		if slices.ContainsFunc(reasons, func(r Reason) bool { return r.Words == words }) {
			continue
		}
		if reasons = append(reasons, Reason{words, float64(f.Weight) / 256}); len(reasons) == n {
			break
		}
	}
	return reasons
}
