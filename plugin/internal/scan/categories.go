package scan

// Categories lists the category of every rule once, in the order of the rules.
// It is the closed set of values that metrics are labelled with.
func Categories() []string {
	var list []string
	seen := map[string]bool{}
	for i := range rules {
		if c := rules[i].category; !seen[c] {
			seen[c] = true
			list = append(list, c)
		}
	}
	return list
}
