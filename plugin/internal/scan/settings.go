package scan

import (
	"errors"
	"slices"
	"strconv"

	"github.com/sparkward/sparkward/plugin/internal/scan/model"
	"github.com/sparkward/sparkward/plugin/internal/scan/rules"
)

// Settings choose what a Scanner looks for. The zero value is usable.
type Settings struct {
	Preset Preset
	// Disable holds ids of rules and categories to leave out.
	Disable []string
	// Exceptions hold where Scanner.Except says so; at most MaxExceptions.
	Exceptions []Exception
	// Words adds words to built-in lists.
	Words []WordList
	// Rules adds rules.
	Rules []Rule
	// Model replaces the built-in weights, to measure others.
	Model *model.Model

	extra *rules.Table // Words and Rules compiled; nil until Check did, and without any
}

// Exception is what is different for some texts.
type Exception struct {
	Roles     Roles    // whose texts; none means all
	Disable   []string // as Settings.Disable
	Preset    uint8    // 0 keeps the settings' preset, others are one more than a Preset
	Threshold int      // 1 to 100: the score that is a hit, in place of the preset's; 0 keeps that
}

// MaxExceptions is the most exceptions there may be: Except has a bit for each.
const MaxExceptions = 64

// Roles is a set of roles, with bit r for Role r.
type Roles uint8

// Has says whether r is in the set. The empty set has all.
func (s Roles) Has(r Role) bool { return s == 0 || s>>r&1 != 0 }

// WordList is words of a kind; see the package rules for how they are written.
type WordList struct {
	Name  string
	Words []string
}

// Rule is a rule of the user: it matches if a word of each slot is found within
// so many words. A word that is the name of a built-in list with an @ in front
// stands for the list.
type Rule struct {
	ID       string
	Category string // "custom" if empty
	Severity Severity
	Slots    [][]string // one to six
	Within   int        // 1 to 200; 0 is 8
	Ordered  bool       // the slots must be filled in order
}

// Bounds on what users add: a policy is compiled by each worker at its start,
// and a text that is full of the words is looked at for each of their rules.
const (
	MaxRules = 64
	MaxWords = 2048 // over all lists and rules
)

// New checks set and prepares a Scanner. Its error is the first that Check
// reports.
func New(set Settings) (*Scanner, error) {
	var err error
	set.Check(func(at, _, want string) {
		if err == nil {
			err = errors.New(at + ": want " + want)
		}
	})
	if err != nil {
		return nil, err
	}
	s := &Scanner{model: set.Model, matcher: rules.NewMatcher(&rules.Builtin, set.extra), signals: findSignals(), set: set}
	s.matcher.Watch = s.signals.any
	if s.model == nil {
		s.model = model.Builtin()
	}
	s.rules = append(s.rules, rules.Builtin.Rules...)
	if set.extra != nil {
		s.rules = append(s.rules, set.extra.Rules...)
	}
	s.own = len(s.rules)
	s.rules = append(s.rules, checks...)
	s.text.found = make([]bool, len(s.rules))
	s.disabled = s.called(set.Disable)
	for i := range set.Exceptions {
		s.excused = append(s.excused, s.called(set.Exceptions[i].Disable))
	}
	for role := range s.off {
		s.off[role] = make([]bool, len(s.rules))
	}
	s.apply(0)
	return s, nil
}

// called returns the rules that have one of the names as their id or category.
func (s *Scanner) called(names []string) (list []uint16) {
	for i, r := range s.rules {
		if slices.Contains(names, r.ID) || slices.Contains(names, r.Category) {
			list = append(list, uint16(i))
		}
	}
	return list
}

// Except says which of the settings' exceptions hold from the next Scan on:
// bit i is Exceptions[i]. Of two that differ the later one holds.
func (s *Scanner) Except(set uint64) {
	if set != s.excepted {
		s.apply(set)
	}
}

// apply sets thresholds and switches rules off.
func (s *Scanner) apply(set uint64) {
	s.excepted, s.threshold = set, thresholds[s.set.Preset]
	for role := range s.off {
		clear(s.off[role])
		s.disable(Role(role), s.disabled)
	}
	for i := range s.set.Exceptions {
		e := &s.set.Exceptions[i]
		for role := Role(0); role < numRoles && set>>i&1 != 0; role++ {
			if e.Roles.Has(role) {
				s.disable(role, s.excused[i])
				s.relax(role, e)
			}
		}
	}
}

// relax sets the threshold of a role as e says.
func (s *Scanner) relax(role Role, e *Exception) {
	switch {
	case e.Threshold > 0:
		s.threshold[role] = e.Threshold
	case e.Preset > 0:
		s.threshold[role] = thresholds[e.Preset-1][role]
	}
}

// disable switches rules off for a role.
func (s *Scanner) disable(role Role, list []uint16) {
	for _, rule := range list {
		s.off[role][rule] = true
	}
}

// Check reports what is wrong with set: where, as a policy calls it, what
// stands there, and what is wanted. At is such as rules[1].words[0][3]. Words and
// Rules without a fault it compiles once; they must not change from then on.
func (set *Settings) Check(report func(at, got, want string)) {
	if set.Preset >= numPresets {
		report("preset", "", "strict, balanced or quiet")
	}
	set.checkNames(report, "disable", set.Disable)
	if len(set.Exceptions) > MaxExceptions {
		report("exceptions", "", "at most "+strconv.Itoa(MaxExceptions))
	}
	for i := range set.Exceptions {
		e, at := &set.Exceptions[i], "exceptions["+strconv.Itoa(i)+"]."
		set.checkNames(report, at+"disable", e.Disable)
		if e.Preset > uint8(numPresets) || e.Threshold < 0 || e.Threshold > 100 {
			report(at+"threshold", "", "a preset, and a score from 1 to 100 or 0")
		}
	}
	if set.extra == nil && len(set.Words)+len(set.Rules) > 0 {
		set.extra = set.custom(report)
	}
}

// checkNames reports each name that no rule or category has.
func (set *Settings) checkNames(report func(at, got, want string), at string, names []string) {
	for i, name := range names {
		if !known(name) && name != customCategory && !slices.ContainsFunc(set.Rules, func(r Rule) bool { return r.ID == name || r.Category == name }) {
			report(at+"["+strconv.Itoa(i)+"]", name, "the id of a rule or of a category")
		}
	}
}

const customCategory = "custom"

// known says whether a built-in rule has this id or category.
func known(name string) bool {
	is := func(r rules.Rule) bool { return r.ID == name || r.Category == name }
	return slices.ContainsFunc(rules.Builtin.Rules, is) || slices.ContainsFunc(checks, is)
}

// custom compiles the words and rules of the user, or reports what is wrong with
// them.
func (set *Settings) custom(report func(at, got, want string)) *rules.Table {
	var lists []rules.List
	var own []rules.Own
	words, taken := 0, false
	for _, l := range set.Words {
		lists = append(lists, rules.List{Class: l.Name, Words: l.Words})
		words += len(l.Words)
	}
	for i, r := range set.Rules {
		for _, slot := range r.Slots {
			words += len(slot)
		}
		if known(r.ID) || r.ID == customCategory || slices.ContainsFunc(set.Rules[:i], func(o Rule) bool { return o.ID == r.ID }) {
			report("rules["+strconv.Itoa(i)+"].id", r.ID, "an id that no other rule or category has")
			taken = true
		}
		own = append(own, r.own())
	}
	if len(set.Rules) > MaxRules || words > MaxWords {
		report("rules", strconv.Itoa(len(set.Rules))+" with "+strconv.Itoa(words)+" words",
			"at most "+strconv.Itoa(MaxRules)+", with "+strconv.Itoa(MaxWords)+" words in all lists and rules")
		return nil
	}
	table, err := rules.Extend(&rules.Builtin, lists, own)
	if e, ok := err.(*rules.Error); ok {
		report(e.At, "", e.Problem)
	} else if err != nil {
		report("words", "", err.Error())
	}
	if taken {
		return nil
	}
	return table
}

// own fills in what a rule leaves out.
func (r Rule) own() rules.Own {
	if r.Category == "" {
		r.Category = customCategory
	}
	if r.Within == 0 {
		r.Within = 8
	}
	return rules.Own{
		Rule:  rules.Rule{ID: r.ID, Category: r.Category, Severity: uint8(min(r.Severity, Critical))},
		Slots: r.Slots, Within: r.Within, Ordered: r.Ordered,
	}
}
