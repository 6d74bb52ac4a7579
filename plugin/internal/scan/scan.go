// Package scan looks for prompt injections in texts. It is pure: a text and
// its role go in, findings and a score come out; nothing is logged and no
// finding holds any of the text.
package scan

import (
	"errors"

	"github.com/sparkward/sparkward/plugin/internal/scan/fold"
	"github.com/sparkward/sparkward/plugin/internal/scan/rules"
)

// Role says who wrote a text. The order is the same as in package llm.
type Role uint8

const (
	User Role = iota
	System
	Assistant
	Tool
	Document
	numRoles
)

var roleNames = [numRoles]string{"user", "system", "assistant", "tool", "document"}

// String returns the name used in policies and reports.
func (r Role) String() string {
	if r < numRoles {
		return roleNames[r]
	}
	return "unknown"
}

// Severity says how sure a rule is, and how bad what it found.
type Severity uint8

const (
	Low Severity = iota
	Medium
	High
	Critical
	numSeverities
)

var severityNames = [numSeverities]string{"low", "medium", "high", "critical"}

// String returns the name used in rule files and reports.
func (s Severity) String() string {
	if s < numSeverities {
		return severityNames[s]
	}
	return "unknown"
}

// Preset is a set of thresholds: Balanced is the default, Strict finds more
// and is wrong more often, Quiet the reverse.
type Preset uint8

const (
	Balanced Preset = iota
	Strict
	Quiet
	numPresets
)

var presetNames = [numPresets]string{"balanced", "strict", "quiet"}

// String returns the name used in policies.
func (p Preset) String() string {
	if p < numPresets {
		return presetNames[p]
	}
	return "unknown"
}

// Input is one text to scan. Text must not change during Scan and is not kept.
type Input struct {
	Role Role
	Text []byte
}

// Finding is one rule that matched. Rule, Category and Layer are constants of
// the rule set: a finding never holds any of the text.
type Finding struct {
	Rule     string
	Category string
	Severity Severity
	// Layer tells what had to be decoded to see it: "plain", or for example
	// "base64>rot13".
	Layer string
	// Input is the index of the text in the slice given to Scan.
	Input int
}

// Report is what Scan found. Scan empties it first and reuses its memory.
type Report struct {
	Findings []Finding
	// Hits holds the indexes of the inputs whose score reached the threshold
	// of their role, in order.
	Hits []int
	// Score is the highest score of all inputs, 0 to 100.
	Score int
	// Truncated is set when a bound on work or findings was reached.
	Truncated bool
}

// Settings choose what a Scanner looks for. The zero value is usable.
type Settings struct {
	Preset Preset
	// Disable holds rule ids and categories to leave out.
	Disable []string
	// Thresholds replaces the preset's threshold of a role; 0 keeps it.
	Thresholds [numRoles]int
}

// Scanner holds what Scan needs. It is not for concurrent use: Scan reuses
// its buffers.
type Scanner struct {
	disabled  []bool
	threshold [numRoles]int
	folded    []byte
	matcher   *rules.Matcher
}

// New checks s and prepares a Scanner.
func New(s Settings) (*Scanner, error) {
	if s.Preset >= numPresets {
		return nil, errors.New("preset: want strict, balanced or quiet")
	}
	sc := &Scanner{disabled: make([]bool, len(rules.Builtin.Rules)), matcher: rules.NewMatcher(&rules.Builtin, nil), threshold: presetThresholds[s.Preset]}
	for role, t := range s.Thresholds {
		if t < 0 || t > 100 {
			return nil, errors.New("thresholds." + roleNames[role] + ": want a score from 1 to 100, or 0 for the preset's")
		}
		if t > 0 {
			sc.threshold[role] = t
		}
	}
	for _, name := range s.Disable {
		if !sc.disable(name) {
			return nil, errors.New("disable: no rule or category is called " + name)
		}
	}
	return sc, nil
}

func (s *Scanner) disable(name string) bool {
	known := false
	for i, r := range rules.Builtin.Rules {
		if r.ID == name || r.Category == name {
			s.disabled[i], known = true, true
		}
	}
	return known
}

// presetThresholds are the scores from which a text counts as a hit, by
// preset and role. Tool results and documents have no business giving orders
// and are held to less.
var presetThresholds = [numPresets][numRoles]int{
	Balanced: {User: 60, System: 80, Assistant: 70, Tool: 50, Document: 50},
	Strict:   {User: 40, System: 60, Assistant: 50, Tool: 30, Document: 30},
	Quiet:    {User: 80, System: 90, Assistant: 85, Tool: 70, Document: 70},
}

// Scan looks through every input and fills r.
func (s *Scanner) Scan(inputs []Input, r *Report) {
	r.Findings, r.Hits, r.Score, r.Truncated = r.Findings[:0], r.Hits[:0], 0, false
	for i := range inputs {
		first := len(r.Findings)
		var signs fold.Signs
		s.folded = fold.Append(s.folded[:0], inputs[i].Text, &signs)
		s.match(i, r)
		score := total(r.Findings[first:])
		if score >= s.thresholdOf(inputs[i].Role) {
			r.Hits = append(r.Hits, i)
		}
		r.Score = max(r.Score, score)
	}
}

func (s *Scanner) thresholdOf(role Role) int {
	return s.threshold[min(role, numRoles-1)]
}

// points is what one finding of a severity adds to the score of a text.
var points = [numSeverities]int{Low: 15, Medium: 45, High: 70, Critical: 90}

// total joins findings as if each were an independent chance of an attack.
func total(fs []Finding) int {
	clean := 100
	for _, f := range fs {
		clean = clean * (100 - points[f.Severity]) / 100
	}
	if len(fs) == 0 {
		return 0
	}
	return 100 - clean
}

// match runs the rules over the folded text and appends what they find.
func (s *Scanner) match(input int, r *Report) {
	var tr rules.Traits
	if s.matcher.Run(s.folded, &tr) == 0 {
		return
	}
	s.matcher.Each(func(i int, how rules.Result) {
		if s.disabled[i] || how == rules.Excused {
			return
		}
		layer := "plain"
		if how == rules.Mixed {
			layer = "mixed"
		}
		rule := &rules.Builtin.Rules[i]
		r.Findings = append(r.Findings, Finding{
			Rule: rule.ID, Category: rule.Category, Severity: Severity(rule.Severity), Layer: layer, Input: input,
		})
	})
}
