package e2e

import (
	"regexp"
	"slices"
	"strings"
)

var (
	rulesPattern = regexp.MustCompile(`"rules":\[([^\]]*)\]`)
	scorePattern = regexp.MustCompile(`"score":\d+`)
)

// steadyRules shows the categories of the rules that matched in place of the
// rules, without the model's, and no score: which rules see a text changes with every improvement of
// the scan, and is tested there.
func steadyRules(line string) string {
	line = rulesPattern.ReplaceAllStringFunc(line, func(list string) string {
		var categories []string
		for rule := range strings.SplitSeq(rulesPattern.FindStringSubmatch(list)[1], ",") {
			if category, _, _ := strings.Cut(strings.Trim(rule, `"`), "."); category != "model" {
				categories = append(categories, category)
			}
		}
		slices.Sort(categories)
		return `"rules":[` + strings.Join(slices.Compact(categories), " ") + `]`
	})
	return scorePattern.ReplaceAllString(line, `"score":<n>`)
}
