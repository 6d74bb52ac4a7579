package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sparkward/sparkward/e2e/script"
)

// policy sets the policy; without the step it is empty.
func (s *scenario) policy(_ context.Context, step script.Step) ([]string, error) {
	text, err := expand(strings.Join(step.Block, "\n"))
	s.setup.policy = text
	return nil, err
}

func (s *scenario) workers(_ context.Context, step script.Step) (_ []string, err error) {
	s.setup.workers, err = positive(step.Words)
	return nil, err
}

// filter names the build of the filter: "filter test" has the hooks that panic
// and trap.
func (s *scenario) filter(_ context.Context, step script.Step) (_ []string, err error) {
	if !slices.Equal(step.Words, []string{"test"}) {
		return nil, errors.New("want: filter test")
	}
	s.setup.wasm, err = artefact("sparkward-test.wasm")
	return nil, err
}

// fresh asks for a host that has served nothing else, because statistics belong
// to the whole process.
func (s *scenario) fresh(_ context.Context, step script.Step) ([]string, error) {
	s.setup.fresh = true
	return nil, none(step.Words)
}

// cluster adds the cluster spare to the host.
func (s *scenario) cluster(_ context.Context, step script.Step) ([]string, error) {
	s.setup.spare = true
	return nil, want("cluster", strings.Join(step.Words, " "), spare)
}

// tls makes the host ask its clients for certificates.
func (s *scenario) tls(_ context.Context, step script.Step) ([]string, error) {
	s.setup.tls = true
	return nil, none(step.Words)
}

// envoy changes what the host's own configuration says.
func (s *scenario) envoy(_ context.Context, step script.Step) (_ []string, err error) {
	if len(step.Words) == 2 {
		switch step.Words[0] {
		case "request_body_buffer_limit":
			s.setup.bodyLimit, err = positive(step.Words[1:])
			return nil, err
		case "allow_on_headers_stop_iteration":
			s.setup.stop = step.Words[1]
			return nil, want(step.Words[0], s.setup.stop, "true", "false")
		case "stream_idle_timeout":
			s.setup.idle = step.Words[1]
			_, err = time.ParseDuration(s.setup.idle)
			return nil, err
		}
	}
	return nil, errors.New("want request_body_buffer_limit BYTES, stream_idle_timeout DURATION or allow_on_headers_stop_iteration BOOL")
}

// positive reads the only word as a whole number above zero.
func positive(words []string) (int, error) {
	if len(words) == 1 {
		if n, err := strconv.Atoi(words[0]); err == nil && n > 0 {
			return n, nil
		}
	}
	return 0, fmt.Errorf("got %q, want a whole number above 0", strings.Join(words, " "))
}

func none(words []string) error {
	if len(words) > 0 {
		return fmt.Errorf("got %q, want nothing more", strings.Join(words, " "))
	}
	return nil
}

// start starts the host and tells how that went; the other steps start it
// themselves, and take a failure for an error.
func (s *scenario) start(ctx context.Context, _ script.Step) ([]string, error) {
	out, err := s.lint(ctx)
	if err != nil {
		return nil, err
	}
	err = s.ready(context.WithoutCancel(ctx))
	var no *refusal
	if errors.As(err, &no) {
		s.refused = true
		return append(out, prefixed("filter: ", no.lines)...), nil
	}
	if err != nil {
		return nil, err
	}
	return append(out, "ready"), nil
}

// nowhere are upstreams for a configuration that is only looked at.
var nowhere = upstreams{&upstream{addr: "127.0.0.1:1"}, &upstream{addr: "127.0.0.1:1"}}

// lint tells what sparkctl says about the policy, if it does not accept it.
func (s *scenario) lint(ctx context.Context) ([]string, error) {
	dir, err := os.MkdirTemp("", "sparkward-e2e-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	_, err = render(ctx, s.setup, nowhere, "/dev/null", dir)
	var no *lintError
	if errors.As(err, &no) {
		return prefixed("sparkctl: ", strings.Split(no.text, "\n")), nil
	}
	return nil, err
}

func prefixed(prefix string, lines []string) []string {
	var out []string
	for _, l := range lines {
		out = append(out, prefix+l)
	}
	return out
}

// advance lets time pass: on the simulator's clock, or really.
func (s *scenario) advance(ctx context.Context, step script.Step) ([]string, error) {
	if len(step.Words) != 1 {
		return nil, errors.New("want one duration, for example 2s")
	}
	d, err := time.ParseDuration(step.Words[0])
	if err != nil || d <= 0 || d > time.Minute {
		return nil, fmt.Errorf("got %q, want a duration up to 1m", step.Words[0])
	}
	s.host.advance(d)
	if s.host.realTime() {
		s.passed += d
	}
	return nil, nil
}

// settle waits until every request sent has ended and left its audit line, and
// returns all audit lines.
func (s *scenario) settle(ctx context.Context) ([]string, error) {
	for {
		lines, err := s.host.audits()
		if err != nil || len(lines) >= s.sent {
			return lines, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%d requests were sent and %d ended in the access log", s.sent, len(lines))
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// audit shows the audit lines since the last time, equal ones once.
func (s *scenario) audit(ctx context.Context, _ script.Step) ([]string, error) {
	lines, err := s.settle(ctx)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, l := range lines[s.audited:] {
		l = steadyRules(l)
		if l == "" {
			l = "(no audit)"
		}
		out = append(out, normalAudit(l))
	}
	s.audited = len(lines)
	return counted(out), nil
}

// stats shows the statistics that contain one of the words and have changed.
func (s *scenario) stats(ctx context.Context, step script.Step) ([]string, error) {
	if len(step.Words) == 0 {
		return nil, errors.New("want a part of the names, for example sparkward_requests")
	}
	if _, err := s.settle(ctx); err != nil {
		return nil, err
	}
	values, err := s.host.stats(ctx)
	if err != nil {
		return nil, err
	}
	var out []string
	for name, v := range values {
		if v != 0 && slices.ContainsFunc(step.Words, func(w string) bool { return strings.Contains(name, w) }) {
			out = append(out, name+" "+strconv.FormatInt(v, 10))
		}
	}
	slices.Sort(out)
	return orNothing(out), nil
}

// log shows the filter's messages that contain the words, each once.
func (s *scenario) log(ctx context.Context, step script.Step) ([]string, error) {
	if _, err := s.settle(ctx); err != nil {
		return nil, err
	}
	words := strings.Join(step.Words, " ")
	deadline := time.Now().Add(time.Second) // the host may write it a little later
	for before := -1; ; time.Sleep(50 * time.Millisecond) {
		var out []string
		for _, text := range dedupe(s.host.logs(), func(l logLine) bool { return strings.Contains(l.text, words) }) {
			out = append(out, normalLog(text))
		}
		if len(out) > 0 && len(out) == before || time.Now().After(deadline) {
			return orNothing(out), nil
		}
		before = len(out)
	}
}

// orNothing shows that there was nothing to show.
func orNothing(lines []string) []string {
	if len(lines) == 0 {
		return []string{"(nothing)"}
	}
	return lines
}

// counted writes equal lines that follow each other once, with their number.
func counted(lines []string) []string {
	var out []string
	for i := 0; i < len(lines); {
		n := 1
		for i+n < len(lines) && lines[i+n] == lines[i] {
			n++
		}
		line := lines[i]
		if n > 1 {
			line = strconv.Itoa(n) + " × " + line
		}
		out = append(out, line)
		i += n
	}
	return orNothing(out)
}
