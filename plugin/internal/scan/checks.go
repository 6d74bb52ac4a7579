package scan

import (
	"slices"

	"github.com/sparkward/sparkward/plugin/internal/scan/rules"
)

// checks are the rules that are not patterns of words. Those of the model come
// first, in the order of its heads.
var checks = []rules.Rule{
	{ID: "model.override", Category: "override", Severity: uint8(High)},
	{ID: "model.persona", Category: "persona", Severity: uint8(High)},
	{ID: "suspicious.control", Category: "suspicious", Severity: uint8(Low)},
	{ID: "suspicious.invisible", Category: "suspicious", Severity: uint8(Low)},
	{ID: "suspicious.bidi", Category: "suspicious", Severity: uint8(Low)},
	{ID: "suspicious.tags", Category: "suspicious", Severity: uint8(Medium)},
	{ID: "suspicious.lookalikes", Category: "suspicious", Severity: uint8(Low)},
	{ID: "suspicious.encoding", Category: "suspicious", Severity: uint8(Low)},
}

// Numbers of checks behind those of the model.
const (
	checkControl = 2 + iota
	checkInvisible
	checkBidi
	checkTags
	checkLookalikes
	checkEncoding
)

// Least numbers of odd characters that are told of. A byte order mark, a few
// soft hyphens or an embedded direction are common in pasted text; a flag of a
// region is spelled by up to seven tags.
const (
	minControl    = 1
	minInvisible  = 4
	minBidi       = 1
	minTags       = 8
	minSelectors  = 8
	minLookalikes = 2
	minBits       = 24
)

// addSuspicions notes characters that a reader of the text does not see, or
// sees as others.
func (s *Scanner) addSuspicions(v *view) {
	g := &v.signs
	for _, c := range [...]struct {
		check int
		is    bool
	}{
		{checkControl, g.Control >= minControl},
		{checkInvisible, g.Invisible >= minInvisible || g.Selectors >= minSelectors},
		{checkBidi, g.Bidi >= minBidi},
		{checkTags, g.Tags >= minTags},
		{checkLookalikes, v.traits.Lookalikes >= minLookalikes},
	} {
		if c.is {
			rule := s.own + c.check
			s.add(rule, Severity(s.rules[rule].Severity), path{})
		}
	}
}

// Categories lists the category of every built-in rule once, in the order of
// the rules, and "custom" for those of users. It is the closed set of values
// that metrics are labelled with.
func Categories() []string {
	var list []string
	for _, known := range [][]rules.Rule{rules.Builtin.Rules, checks} {
		for _, r := range known {
			if !slices.Contains(list, r.Category) {
				list = append(list, r.Category)
			}
		}
	}
	return append(list, customCategory)
}
