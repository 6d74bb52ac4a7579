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

// patterns are the categories of built-in rules of which several may see a text.
var patterns = []string{"agent", "encoded", "exfiltration", "extraction", "markup", "override", "persona"}

// steadyRules shows the categories of the built-in rules that matched in place
// of the rules, without the model's, and no score: which rules see a text
// changes with every improvement of the scan, and is tested there. Rules of the
// policy, and what is suspicious, keep their names.
func steadyRules(line string) string {
	line = rulesPattern.ReplaceAllStringFunc(line, func(list string) string {
		var categories []string
		for rule := range strings.SplitSeq(rulesPattern.FindStringSubmatch(list)[1], ",") {
			rule = strings.Trim(rule, `"`)
			switch category, _, _ := strings.Cut(rule, "."); {
			case category == "model":
			case slices.Contains(patterns, category):
				categories = append(categories, category)
			default:
				categories = append(categories, rule)
			}
		}
		slices.Sort(categories)
		return `"rules":[` + strings.Join(slices.Compact(categories), " ") + `]`
	})
	return scorePattern.ReplaceAllString(line, `"score":<n>`)
}
