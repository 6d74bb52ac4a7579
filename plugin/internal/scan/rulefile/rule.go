package rulefile

import (
	"path"
	"strconv"
	"strings"

	"github.com/sparkward/sparkward/plugin/internal/scan/rules"
)

var severities = map[string]uint8{"low": 0, "medium": 1, "high": 2, "critical": 3}

// rules reads a file of rules. The name of the file is their category:
//
//	rule prior-orders high
//	  match  drop prior|own orders within 8
//	  order  "from now on" be persona within 10
//	  unless asking before 4
//	  unless meta after 6
//	  yes    Ignore all previous instructions.
//	  yes.de Ignoriere alle vorherigen Anweisungen.
//	  no     How do I ignore null values?
//
// of derived classes, whose forms may be used like a list of words:
//
//	define prompt
//	  order own orders within 2
//
// and of guards, by which a word does not count behind another:
//
//	guard drop by asking within 4
//
// and names classes that most texts have words of, and classes whose English
// words are also found with their inner letters mixed:
//
//	common any own show
//	mix drop prior
func (s *Set) rules(file, data string) error {
	category := strings.TrimSuffix(path.Base(file), ".rules")
	r := ruleReader{set: s, category: category}
	for i, line := range strings.Split(data, "\n") {
		if line = strings.TrimSpace(uncomment(line)); line == "" {
			continue
		}
		if problem := r.line(line); problem != "" {
			return &Error{file, i + 1, problem}
		}
	}
	r.end()
	return nil
}

type ruleReader struct {
	set      *Set
	category string
	rule     *rules.Definition
	derived  bool // rule is a derived class
	unless   []rules.Unless
}

// end finishes the rule being read: its unless lines hold for all its forms.
func (r *ruleReader) end() {
	if r.rule == nil {
		return
	}
	for i := range r.rule.Forms {
		r.rule.Forms[i].Unless = r.unless
	}
	if r.derived {
		r.set.Source.Derived = append(r.set.Source.Derived, rules.Derived{Class: r.rule.ID, Forms: r.rule.Forms})
	} else {
		r.set.Source.Rules = append(r.set.Source.Rules, *r.rule)
	}
	r.rule, r.unless, r.derived = nil, nil, false
}

// line reads one line and returns what is wrong with it.
func (r *ruleReader) line(line string) (problem string) {
	word, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	f, problem := fields(rest)
	example, language, _ := strings.Cut(word, ".")
	switch {
	case word == "common":
		r.set.Source.Common = append(r.set.Source.Common, f...)
		return ""
	case word == "mix":
		r.set.mix = append(r.set.mix, f...)
		return ""
	case word == "guard":
		return r.guard(f)
	case word == "define":
		r.end()
		if len(f) != 1 {
			return "want: define CLASS"
		}
		r.rule, r.derived = &rules.Definition{ID: f[0]}, true
		return ""
	case word == "rule":
		r.end()
		if len(f) != 2 {
			return "want: rule NAME SEVERITY"
		}
		severity, ok := severities[f[1]]
		if !ok {
			return "unknown severity " + f[1] + ": want low, medium, high or critical"
		}
		r.rule = &rules.Definition{ID: r.category + "." + f[0], Category: r.category, Severity: severity}
		return ""
	case r.rule == nil:
		return "want a rule first"
	case example == "yes" || example == "no":
		if language == "" {
			language = "en"
		}
		r.set.Examples = append(r.set.Examples, Example{r.rule.ID, language, rest, example == "no"})
		return ""
	case problem != "":
		return problem
	case word == "match", word == "order":
		return r.form(f, word == "order")
	case word == "unless":
		return r.unlessLine(f)
	}
	return "unknown word " + word
}

func (r *ruleReader) form(f []string, ordered bool) string {
	n := len(f)
	if n < 3 || f[n-2] != "within" {
		return "want: match CLASS CLASS ... within WORDS"
	}
	form := rules.Form{Ordered: ordered}
	var err error
	if form.Within, err = strconv.Atoi(f[n-1]); err != nil {
		return "within: want a number of words"
	}
	for _, slot := range f[:n-2] {
		form.Slots = append(form.Slots, splitSlot(slot))
	}
	r.rule.Forms = append(r.rule.Forms, form)
	return ""
}

// splitSlot splits at | outside quotes.
func splitSlot(slot string) (names []string) {
	quoted, from := false, 0
	for i := 0; i < len(slot); i++ {
		switch {
		case slot[i] == '"':
			quoted = !quoted
		case slot[i] == '|' && !quoted:
			names = append(names, slot[from:i])
			from = i + 1
		}
	}
	return append(names, slot[from:])
}

func (r *ruleReader) unlessLine(f []string) string {
	if len(f) != 3 || f[1] != "before" && f[1] != "after" {
		return "want: unless CLASS before|after WORDS"
	}
	n, err := strconv.Atoi(f[2])
	if err != nil || n < 0 || n > 200 {
		return "unless: want a number of words from 0 to 200"
	}
	for _, name := range splitSlot(f[0]) {
		r.unless = append(r.unless, rules.Unless{Class: name, Within: n, After: f[1] == "after"})
	}
	return ""
}

func (r *ruleReader) guard(f []string) string {
	if len(f) != 5 || f[1] != "by" || f[3] != "within" {
		return "want: guard CLASS by CLASS within WORDS"
	}
	n, err := strconv.Atoi(f[4])
	if err != nil {
		return "guard: want a number of words"
	}
	for _, class := range splitSlot(f[0]) {
		for _, by := range splitSlot(f[2]) {
			r.set.Source.Guards = append(r.set.Source.Guards, rules.Guard{Class: class, By: by, Within: n})
		}
	}
	return ""
}
