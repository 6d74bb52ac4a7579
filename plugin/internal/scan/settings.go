package scan

import (
	"errors"
	"strconv"

	"github.com/sparkward/sparkward/plugin/internal/scan/model"
	"github.com/sparkward/sparkward/plugin/internal/scan/rules"
)

// Settings choose what a Scanner looks for. The zero value is usable.
type Settings struct {
	Preset Preset
	// Disable holds ids of rules and categories to leave out.
	Disable []string
	// DisableFor is Disable for texts of one role.
	DisableFor [numRoles][]string
	// Thresholds replaces the preset's threshold of a role, 1 to 100; 0 keeps
	// it.
	Thresholds [numRoles]int
	// Words adds words to built-in lists.
	Words []WordList
	// Rules adds rules.
	Rules []Rule
	// Model replaces the built-in weights, to measure others.
	Model *model.Model
}

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

const (
	maxRules = 256  // of a user
	maxWords = 4096 // of a user, over all lists and rules
)

// New checks set and prepares a Scanner.
func New(set Settings) (*Scanner, error) {
	if set.Preset >= numPresets {
		return nil, errors.New("preset: want strict, balanced or quiet")
	}
	extra, err := custom(&set)
	if err != nil {
		return nil, err
	}
	s := &Scanner{model: set.Model, threshold: thresholds[set.Preset], matcher: rules.NewMatcher(&rules.Builtin, extra), signals: findSignals()}
	if s.model == nil {
		s.model = model.Builtin()
	}
	s.rules = append(s.rules, rules.Builtin.Rules...)
	if extra != nil {
		s.rules = append(s.rules, extra.Rules...)
	}
	s.own = len(s.rules)
	s.rules = append(s.rules, checks...)
	s.text.found = make([]bool, len(s.rules))
	return s, s.apply(&set)
}

// apply sets thresholds and switches rules off.
func (s *Scanner) apply(set *Settings) error {
	for role, t := range set.Thresholds {
		if t < 0 || t > 100 {
			return errors.New("thresholds." + roleNames[role] + ": want a score from 1 to 100, or 0 for the preset's")
		}
		if t > 0 {
			s.threshold[role] = t
		}
		s.off[role] = make([]bool, len(s.rules))
		for _, names := range [][]string{set.Disable, set.DisableFor[role]} {
			for _, name := range names {
				if !s.disable(role, name) {
					return errors.New("disable: no rule or category is called " + name)
				}
			}
		}
	}
	return nil
}

// disable switches a rule or category off for a role. It tells whether there
// is one of that name.
func (s *Scanner) disable(role int, name string) bool {
	known := false
	for i, r := range s.rules {
		if r.ID == name || r.Category == name {
			s.off[role][i], known = true, true
		}
	}
	return known
}

// custom compiles the words and rules of the user; without any it is nil.
func custom(set *Settings) (*rules.Table, error) {
	if len(set.Words) == 0 && len(set.Rules) == 0 {
		return nil, nil
	}
	if len(set.Rules) > maxRules {
		return nil, errors.New("rules: want at most " + strconv.Itoa(maxRules))
	}
	var lists []rules.List
	var own []rules.Own
	words := 0
	for _, l := range set.Words {
		lists = append(lists, rules.List{Class: l.Name, Words: l.Words})
		words += len(l.Words)
	}
	for _, r := range set.Rules {
		for _, slot := range r.Slots {
			words += len(slot)
		}
		o, err := r.own()
		if err != nil {
			return nil, err
		}
		own = append(own, o)
	}
	if words > maxWords {
		return nil, errors.New("words: want at most " + strconv.Itoa(maxWords) + " in all lists and rules")
	}
	return rules.Extend(&rules.Builtin, lists, own)
}

// own fills in what a rule leaves out.
func (r Rule) own() (rules.Own, error) {
	for _, known := range [][]rules.Rule{rules.Builtin.Rules, checks} {
		for _, k := range known {
			if k.ID == r.ID {
				return rules.Own{}, errors.New("rule " + r.ID + ": a built-in rule has this id; choose another")
			}
		}
	}
	if r.Category == "" {
		r.Category = "custom"
	}
	if r.Within == 0 {
		r.Within = 8
	}
	if r.Severity >= numSeverities {
		return rules.Own{}, errors.New("rule " + r.ID + ": unknown severity")
	}
	return rules.Own{
		Rule:  rules.Rule{ID: r.ID, Category: r.Category, Severity: uint8(r.Severity)},
		Slots: r.Slots, Within: r.Within, Ordered: r.Ordered,
	}, nil
}
