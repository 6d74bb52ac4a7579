package e2e

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/sparkward/sparkward/e2e/wire"
)

var (
	// digested is how a policy in a scenario writes the digest of a key.
	digested = regexp.MustCompile(`%\{sha256 ([^}]+)\}`)
	// presented is how a request in a scenario writes a key, good or bad.
	presented = regexp.MustCompile(`(?im)^ +(?:\+ )?(?:authorization|x-api-key|api-key|x-goog-api-key): *(?:bearer +|basic +)?(\S.*)$`)
	// idle are policies under which the caller's key is not the gateway's and goes on.
	idle = regexp.MustCompile(`(?m)\bmode: *(?:off|shadow)\b`)
)

// heard is what clients got, whole: a step may show only a status.
type heard struct {
	mu   sync.Mutex
	text strings.Builder
}

func (h *heard) add(a answer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	fmt.Fprintln(&h.text, a.status, a.header, a.trailer, a.body)
}

// exchange sends one request and remembers the answer.
func (s *scenario) exchange(ctx context.Context, c wire.Conn, d delivery) (answer, error) {
	a, err := exchange(ctx, c, d)
	s.heard.add(a)
	return a, err
}

// leaks looks for the keys of the scenario's policy and requests, and for the
// beginning of each, in all that came out of it, shown or not: answers, logs,
// access logs, statistics, shared data, and what the upstream got.
func (s *scenario) leaks(ctx context.Context, text string, outputs [][]string) error {
	shown, arrived := s.heard.text.String(), ""
	for _, lines := range outputs {
		arrived += strings.Join(lines, "\n") + "\n" // some steps show the upstream's side
	}
	if s.host != nil {
		stats, err := s.host.stats(ctx)
		if err != nil {
			return err
		}
		shown += s.host.printed() + fmt.Sprint(stats)
		for _, up := range []*upstream{s.host.upstreams().main, s.host.upstreams().spare} {
			for _, e := range up.Seen() {
				arrived += fmt.Sprintln(e.Method, e.Path, e.Header, e.Trailer, e.Body)
			}
		}
	}
	policy, err := keysIn(digested, text)
	if err != nil {
		return err
	}
	sent, err := keysIn(presented, text)
	if err != nil {
		return err
	}
	if err := findKeys(append(policy, sent...), shown); err != nil || idle.MatchString(text) {
		return err
	}
	return findKeys(policy, arrived)
}

// keysIn returns what a pattern finds, with placeholders replaced.
func keysIn(pattern *regexp.Regexp, text string) (keys []string, err error) {
	for _, m := range pattern.FindAllStringSubmatch(text, -1) {
		key, err := expand(m[1])
		if err != nil {
			return nil, err
		}
		if len(key) >= shortestKey && !strings.EqualFold(key, "bearer") {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys), nil
}

// shortestKey is the length, in bytes, below which a text is taken for no key.
const shortestKey = 6

// findKeys returns an error that tells where in the text one of the keys, or the
// beginning of one, is.
func findKeys(keys []string, text string) error {
	for _, key := range keys {
		// Half of a short key, 16 bytes of a long one.
		part := key[:min(len(key)/2+1, 16)]
		if i := strings.Index(text, part); i >= 0 {
			return fmt.Errorf("the key %.40s came to light: %q", key, around(text, i))
		}
	}
	return nil
}

// around is some text on both sides of a place.
func around(s string, i int) string { return s[max(0, i-80):min(len(s), i+80)] }
