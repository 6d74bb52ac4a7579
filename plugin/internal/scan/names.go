package scan

import "github.com/sparkward/sparkward/plugin/internal/scan/rules"

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

// thresholds are the scores from which a text counts as a hit, by preset and
// role. One rule of high severity makes 70, of medium severity 45; the quiet
// preset wants two rules or a model that is very sure. Tool results and
// documents have no business giving orders and are held to less.
var thresholds = [numPresets][numRoles]int{
	Balanced: {User: 60, System: 80, Assistant: 70, Tool: 50, Document: 50},
	Strict:   {User: 40, System: 60, Assistant: 50, Tool: 30, Document: 30},
	Quiet:    {User: 80, System: 90, Assistant: 85, Tool: 70, Document: 70},
}

// Known lists the built-in rules, without their words, and the names of the
// word lists.
func Known() (known []Rule, lists []string) {
	for _, list := range [][]rules.Rule{rules.Builtin.Rules, checks} {
		for _, r := range list {
			known = append(known, Rule{ID: r.ID, Category: r.Category, Severity: Severity(r.Severity)})
		}
	}
	for class, name := range rules.Builtin.Classes {
		if rules.Builtin.IsList(class) {
			lists = append(lists, name)
		}
	}
	return known, lists
}
