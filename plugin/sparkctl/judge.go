package main

import (
	"errors"

	"github.com/sparkward/sparkward/plugin/internal/config"
	"github.com/sparkward/sparkward/plugin/internal/llm"
	"github.com/sparkward/sparkward/plugin/internal/scan"
)

// judge decides about texts as the filter does, by the same packages.
type judge struct {
	scanner *scan.Scanner
	roles   config.Actions
	size    config.Size
	onError config.OnError
	parsed  llm.Request
	inputs  []scan.Input
	report  scan.Report
}

func newJudge(c *config.Config) (*judge, error) {
	scanner, err := scan.New(c.Inspection.Scan)
	if err != nil {
		return nil, err
	}
	// No path and no caller: of the exceptions, those for roles alone hold.
	roles, exceptions := c.Inspection.Except("POST", "", "", "")
	scanner.Except(exceptions)
	return &judge{scanner: scanner, roles: roles, size: c.Size, onError: c.OnError}, nil
}

// verdict is one line of output.
type verdict struct {
	ID       any       `json:"id"`
	Decision string    `json:"decision"` // pass, flag or block
	Score    int       `json:"score"`    // 0 to 100
	Findings []finding `json:"findings"`
	// Error says why the filter would refuse to read the body.
	Error string `json:"error,omitempty"`
	// Truncated is set when a bound on work was reached.
	Truncated bool `json:"truncated,omitempty"`
}

type finding struct {
	Rule     string `json:"rule"`
	Category string `json:"category"`
	Severity string `json:"severity"`
	Layer    string `json:"layer"`
	Path     string `json:"path"`
	text     []byte // that it was found in
}

// text judges one text by its role.
func (j *judge) text(role scan.Role, text []byte) verdict {
	return j.scan([]scan.Input{{Role: role, Text: text}}, func(int) string { return "text" })
}

// body judges a request body.
func (j *judge) body(api llm.API, contentType string, body []byte) verdict {
	lim := llm.Limits{Depth: j.size.MaxDepth, Texts: j.size.MaxTexts}
	if err := llm.Parse(api, contentType, body, lim, &j.parsed); err != nil {
		var e *llm.Error
		if !errors.As(err, &e) {
			return verdict{Decision: "block", Findings: []finding{}, Error: "the body cannot be read"}
		}
		return verdict{Decision: "block", Findings: []finding{}, Error: e.Error()}
	}
	var inputs []scan.Input
	for _, t := range j.parsed.Texts {
		inputs = append(inputs, scan.Input{Role: scanRole(t.Role), Text: t.Value})
	}
	return j.scan(inputs, func(i int) string { return j.parsed.Texts[i].Path.String() })
}

// scanRole is the scanner's name for a role: tools are defined by whoever
// writes the system text.
func scanRole(role llm.Role) scan.Role {
	if role == llm.Definition {
		return scan.System
	}
	return scan.Role(role)
}

// scan judges the inputs whose role the policy looks at.
func (j *judge) scan(inputs []scan.Input, path func(i int) string) verdict {
	j.inputs = j.inputs[:0]
	var from []int // the number of each of j.inputs in inputs
	for i, in := range inputs {
		if j.roles[in.Role] != config.Skip {
			j.inputs, from = append(j.inputs, in), append(from, i)
		}
	}
	j.scanner.Scan(j.inputs, &j.report)
	v := verdict{Decision: j.decision(), Score: j.report.Score, Findings: []finding{}, Truncated: j.report.Truncated}
	for _, f := range j.report.Findings {
		v.Findings = append(v.Findings, finding{f.Rule, f.Category, f.Severity.String(), f.Layer, path(from[f.Input]), j.inputs[f.Input].Text})
	}
	return v
}

// decision is the strongest action for a text whose score reached its threshold.
func (j *judge) decision() string {
	decision := "pass"
	for _, i := range j.report.Hits {
		switch j.roles[j.inputs[i].Role] {
		case config.Block:
			return "block"
		case config.Flag, config.Sanitise:
			decision = "flag"
		}
	}
	if j.report.Truncated && j.onError == config.Refuse {
		return "block"
	}
	return decision
}
