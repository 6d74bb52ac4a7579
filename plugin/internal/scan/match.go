package scan

import "strings"

// rule matches when a stem of every slot starts a word, all within so many
// words of each other.
type rule struct {
	id, category string
	severity     Severity
	within       int
	slots        []string // stems of one slot, separated by |
}

const noPosition = -1 << 20

// match runs every rule over the folded text and appends what it finds.
func (s *Scanner) match(input int, r *Report) {
	for i := range rules {
		if !s.disabled[i] && rules[i].matches(s.folded) {
			r.Findings = append(r.Findings, Finding{
				Rule: rules[i].id, Category: rules[i].category,
				Severity: rules[i].severity, Layer: "plain", Input: input,
			})
		}
	}
}

func (ru *rule) matches(text []byte) bool {
	var last [4]int
	for i := range last {
		last[i] = noPosition
	}
	word := 0
	for i := 0; i < len(text); word++ {
		if i == 0 || !letter(text[i-1]) || !letter(text[i]) || text[i] >= 0xC0 {
			for k, stems := range ru.slots {
				if startsWithAny(text[i:], stems) {
					last[k] = word
				}
			}
			if ru.complete(last[:len(ru.slots)], word) {
				return true
			}
		}
		for i++; i < len(text) && letter(text[i-1]) && letter(text[i]) && text[i] < 0xC0; i++ {
		}
	}
	return false
}

func (ru *rule) complete(last []int, now int) bool {
	for _, p := range last {
		if now-p > ru.within*3 { // words and what is between them
			return false
		}
	}
	return true
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c >= 0x80 }

func startsWithAny(text []byte, stems string) bool {
	for stems != "" {
		stem, rest, _ := strings.Cut(stems, "|")
		if len(text) >= len(stem) && string(text[:len(stem)]) == stem {
			return true
		}
		stems = rest
	}
	return false
}
