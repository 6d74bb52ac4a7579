package e2e

import (
	"fmt"
	"regexp"
	"strings"
)

// secret is how a policy in a scenario writes the digest of a key.
var secret = regexp.MustCompile(`%\{sha256 ([^}]+)\}`)

// leaks looks for the keys of the scenario's policy, and for their first half, in
// all that came out of it: answers, what the upstream got, logs, audit lines,
// statistics, shared data. No step may bring one to light.
func (s *scenario) leaks(text string, outputs [][]string) error {
	var out strings.Builder
	for _, lines := range outputs {
		out.WriteString(strings.Join(lines, "\n") + "\n")
	}
	if s.host != nil {
		out.WriteString(s.host.printed())
	}
	for _, m := range secret.FindAllStringSubmatch(text, -1) {
		key := m[1]
		for _, part := range []string{key, key[:len(key)/2+1]} {
			if i := strings.Index(out.String(), part); i >= 0 {
				return fmt.Errorf("the key %s came to light: %q", key, around(out.String(), i))
			}
		}
	}
	return nil
}

// around is some text on both sides of a place.
func around(s string, i int) string { return s[max(0, i-80):min(len(s), i+80)] }
