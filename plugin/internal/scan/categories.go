package scan

import (
	"slices"

	"github.com/sparkward/sparkward/plugin/internal/scan/rules"
)

// Categories lists the category of every built-in rule once, in the order of
// the rules. It is the closed set of values that metrics are labelled with.
func Categories() []string {
	var list []string
	for _, r := range rules.Builtin.Rules {
		if !slices.Contains(list, r.Category) {
			list = append(list, r.Category)
		}
	}
	return list
}
