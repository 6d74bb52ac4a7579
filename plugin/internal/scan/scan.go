// Package scan looks for prompt injections in texts. It is pure: a text and
// its role go in, findings and a score come out; nothing is logged and no
// finding holds any of the text.
package scan

import (
	"github.com/sparkward/sparkward/plugin/internal/scan/model"
	"github.com/sparkward/sparkward/plugin/internal/scan/rules"
)

// Input is one text to scan. Text must not change during Scan and is not kept.
type Input struct {
	Role Role
	Text []byte
}

// Finding is one rule that matched. Rule, Category and Layer are names of the
// rule set: a finding never holds any of the text.
type Finding struct {
	Rule     string
	Category string
	Severity Severity
	// Layer tells what had to be decoded to see it: "plain", "mixed" for
	// words with their letters mixed, or for example "base64>rot13".
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
	// Truncated is set when a text held more to decode than is looked into.
	Truncated bool
}

// Scanner holds what Scan needs. It is not for concurrent use: Scan reuses
// its buffers.
type Scanner struct {
	rules     []rules.Rule // all that can be found
	own       int          // number of the first rule that is not a pattern
	set       Settings
	disabled  []uint16   // rules that set leaves out
	excused   [][]uint16 // by exception: rules that it leaves out
	excepted  uint64     // the exceptions that hold
	off       [numRoles][]bool
	threshold [numRoles]int
	signals   signals
	matcher   *rules.Matcher
	model     *model.Model
	words     model.Words // that the model met
	text      state
	buffers   [maxDepth + 1]buffers
}

// state is what is known of the text being scanned.
type state struct {
	report *Report
	input  int
	role   Role
	found  []bool // by rule
	clean  int    // the score so far is 100 less this, in percent of percent
}

// Scan looks through every input and fills r.
func (s *Scanner) Scan(inputs []Input, r *Report) {
	r.Findings, r.Hits, r.Score, r.Truncated = r.Findings[:0], r.Hits[:0], 0, false
	bytes := 0
	for i := range inputs {
		bytes += len(inputs[i].Text)
	}
	s.matcher.Work = allowance(bytes)
	for i := range inputs {
		score := s.scan(i, &inputs[i], r)
		if score >= s.threshold[s.text.role] {
			r.Hits = append(r.Hits, i)
		}
		r.Score = max(r.Score, score)
	}
}

// scan looks through one text and returns its score.
func (s *Scanner) scan(number int, in *Input, r *Report) int {
	t := &s.text
	t.report, t.input, t.role = r, number, min(in.Role, numRoles-1)
	t.clean = 100 * 100
	clear(t.found)

	v := view{raw: in.Text, page: len(in.Text) > page}
	s.look(&v)
	s.addModel(v.folded, path{})
	s.addSuspicions(&v)
	if s.score() < s.threshold[t.role] {
		s.decode(&v)
		r.Truncated = r.Truncated || s.matcher.Work < 0 && s.score() < s.threshold[t.role]
	}
	return s.score()
}

// score is the score of the present text so far.
func (s *Scanner) score() int { return 100 - (s.text.clean+50)/100 }

// points is what one finding of a severity adds to the score of a text. A
// score joins findings as if each were an independent chance of an attack.
var points = [numSeverities]int{Low: 10, Medium: 45, High: 70, Critical: 90}

// add notes that a rule was found in the present text, once.
func (s *Scanner) add(rule int, severity Severity, p path) {
	t := &s.text
	if t.found[rule] || s.off[t.role][rule] {
		return
	}
	t.found[rule] = true
	t.clean = t.clean * (100 - points[severity]) / 100
	t.report.Findings = append(t.report.Findings, Finding{
		Rule: s.rules[rule].ID, Category: s.rules[rule].Category, Severity: severity,
		Layer: p.String(), Input: t.input,
	})
}

// addRules notes what the matcher found in the view that p leads to.
func (s *Scanner) addRules(p path) {
	s.matcher.Each(func(i int, how rules.Result) {
		if how == rules.Excused {
			return
		}
		s.add(i, Severity(s.rules[i].Severity), p)
	})
}

const (
	// modelled is how many bytes the model reads of what was decoded: attacks
	// are short, and a hostile text can be decoded in many ways.
	modelled = 8 << 10
	// page is the longest text that the model reads in other ways.
	page = 2 << 10
)

// longText is the size of a text, in bytes, above which a head must be surer: the
// highest of many sums is high by chance. A persona is a page long, an override a
// sentence.
var longText = [model.Heads]int{model.Override: 2 << 10, model.Persona: 4 << 10}

// addModel notes what the model thinks of the folded text that p leads to. How
// sure it is makes the severity; of what was decoded, and of a long text, it must
// be surer.
func (s *Scanner) addModel(folded []byte, p path) {
	if p.n > 0 {
		folded = folded[:min(len(folded), modelled)]
	}
	if len(folded) == 0 {
		return
	}
	score, tokens := s.model.RateUpTo(folded, s.matcher.Work/perToken+1, &s.words)
	s.spend(perToken * tokens)
	for h := range model.Head(model.Heads) {
		rule, long := s.own+int(h), p.n == 0 && len(folded) > longText[h]
		switch {
		case !long && s.model.Over(score, h, model.Quiet):
			s.add(rule, Critical, p)
		case s.model.Over(score, h, model.Quiet), !long && s.model.Over(score, h, model.Balanced):
			s.add(rule, High, p)
		case p.n == 0 && s.model.Over(score, h, model.Balanced), p.n == 0 && !long && s.model.Over(score, h, model.Strict):
			s.add(rule, Medium, p)
		}
	}
}
