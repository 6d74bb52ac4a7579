package grammar

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"strings"
)

// rules is one grammar file: what each name can become.
type rules map[string][]phrase

// A phrase is written out part after part.
type phrase []part

// A part is literal text, a reference to a rule, or one of several phrases.
type part struct {
	text   string
	ref    string
	choice []phrase
}

// parse reads a grammar file. A line `name: a | b` gives alternatives, a line
// that begins with `|` adds more to the rule above, `{name}` refers to a rule,
// `{=name}` is the same text each time within one sentence, `(a|b|)` chooses in
// place, `\` takes the next character as it is (`\n` a new line, `\t` a tab), and
// `#` begins a comment line.
func parse(file, text string) (rules, error) {
	r := rules{}
	name := ""
	lines := bufio.NewScanner(strings.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		body := line[1:]
		if line[0] != '|' {
			head, rest, found := strings.Cut(line, ":")
			if !found || strings.ContainsAny(head, " {}()|") {
				return nil, fmt.Errorf("%s:%d: got %q, want `name: text | text` or `| text`", file, n, line)
			}
			name, body = head, rest
			if r[name] != nil {
				return nil, fmt.Errorf("%s:%d: rule %q is given twice", file, n, name)
			}
		}
		p := parser{s: strings.TrimSpace(body)}
		alts, err := p.alternatives()
		if err == nil && p.i < len(p.s) {
			err = fmt.Errorf("stray %q", p.s[p.i:])
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, n, err)
		}
		r[name] = append(r[name], alts...)
	}
	return r, r.check(file)
}

// check finds roots and references that are not there, and rules that nothing
// uses.
func (r rules) check(file string) error {
	used := map[string]bool{}
	for root := range roots {
		used[root] = true
		if r[root] == nil {
			return fmt.Errorf("%s: no rule %q", file, root)
		}
	}
	for name, alts := range r {
		for _, ref := range references(alts) {
			used[ref] = true
			if r[ref] == nil {
				return fmt.Errorf("%s: rule %q: no rule %q", file, name, ref)
			}
		}
	}
	for name := range r {
		if !used[name] {
			return fmt.Errorf("%s: rule %q is not used", file, name)
		}
	}
	return nil
}

func references(alts []phrase) []string {
	var refs []string
	for _, p := range alts {
		for _, x := range p {
			if x.ref != "" {
				refs = append(refs, strings.TrimPrefix(x.ref, "="))
			}
			refs = append(refs, references(x.choice)...)
		}
	}
	return refs
}

// parser reads one line of alternatives.
type parser struct {
	s     string
	i     int
	depth int
}

func (p *parser) alternatives() ([]phrase, error) {
	var alts []phrase
	for {
		ph, err := p.phrase()
		if err != nil {
			return nil, err
		}
		alts = append(alts, ph)
		if p.i >= len(p.s) || p.s[p.i] != '|' {
			return alts, nil
		}
		p.i++
	}
}

func (p *parser) phrase() (phrase, error) {
	var out phrase
	var text strings.Builder
	flush := func() {
		s := text.String()
		if p.depth == 0 && (p.i >= len(p.s) || p.s[p.i] == '|') {
			s = strings.TrimRight(s, " ")
		}
		if p.depth == 0 && len(out) == 0 {
			s = strings.TrimLeft(s, " ")
		}
		if s != "" {
			out = append(out, part{text: s})
		}
		text.Reset()
	}
	for p.i < len(p.s) {
		switch c := p.s[p.i]; c {
		case '|', ')':
			if c == ')' && p.depth == 0 {
				return nil, fmt.Errorf("unmatched ) in %q", p.s)
			}
			flush()
			return out, nil
		case '{':
			flush()
			end := strings.IndexByte(p.s[p.i:], '}')
			if end < 0 {
				return nil, fmt.Errorf("unmatched { in %q", p.s)
			}
			out = append(out, part{ref: p.s[p.i+1 : p.i+end]})
			p.i += end + 1
		case '(':
			flush()
			p.i++
			p.depth++
			alts, err := p.alternatives()
			if err != nil {
				return nil, err
			}
			if p.i >= len(p.s) {
				return nil, fmt.Errorf("unmatched ( in %q", p.s)
			}
			p.i++
			p.depth--
			out = append(out, part{choice: alts})
		case '\\':
			p.i++
			if p.i >= len(p.s) {
				return nil, fmt.Errorf("\\ at the end of %q", p.s)
			}
			text.WriteByte(unescape(p.s[p.i]))
			p.i++
		default:
			text.WriteByte(c)
			p.i++
		}
	}
	flush()
	return out, nil
}

func unescape(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 't':
		return '\t'
	}
	return c
}

// depthLimit bounds the nesting of references, so that a rule that refers to
// itself ends.
const depthLimit = 24

// A writer writes one sentence.
type writer struct {
	rules rules
	rng   *rand.Rand
	out   strings.Builder
	fixed map[string]string
	depth int
}

// rule writes one alternative of the named rule.
func (w *writer) rule(name string) {
	if w.depth == depthLimit {
		return
	}
	w.depth++
	if fixed, ok := strings.CutPrefix(name, "="); ok {
		w.once(fixed)
	} else {
		w.choose(w.rules[name])
	}
	w.depth--
}

// once writes the named rule as it was first written in this sentence.
func (w *writer) once(name string) {
	if _, ok := w.fixed[name]; !ok {
		sub := writer{rules: w.rules, rng: w.rng, depth: w.depth}
		sub.rule(name)
		if w.fixed == nil {
			w.fixed = map[string]string{}
		}
		w.fixed[name] = sub.out.String()
	}
	w.out.WriteString(w.fixed[name])
}

func (w *writer) choose(alts []phrase) {
	for _, x := range alts[w.rng.IntN(len(alts))] {
		switch {
		case x.ref != "":
			w.rule(x.ref)
		case x.choice != nil:
			w.choose(x.choice)
		default:
			w.out.WriteString(x.text)
		}
	}
}
