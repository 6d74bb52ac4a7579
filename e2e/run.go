package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sparkward/sparkward/e2e/script"
	"github.com/sparkward/sparkward/e2e/wire"
)

// patience bounds one step beside the time that it waits on purpose. Only what
// hangs comes near it, on however busy a machine.
const patience = time.Minute

// scenario is one file on its way through one target.
type scenario struct {
	target   target
	setup    setup
	host     host // nil until it has started
	refused  bool // the filter did not start; nothing can be sent
	requests map[string]wire.Request
	sent     int               // requests sent, each of which leaves an audit line
	audited  int               // audit lines shown
	seen     map[*upstream]int // requests shown of each

	background map[string]*pending
	heard      heard

	grace  time.Duration // see sendInBackground
	begun  time.Time     // when the host served
	passed time.Duration // that steps asked for
}

// play runs the steps of a scenario file on a target and returns the file with
// the transcript that really came out, and the time that passed beside what the
// steps asked for. Slack is how many times as long as usual is waited for what may
// not come.
func play(ctx context.Context, t target, name, text string, slack int) (got string, strayed time.Duration, err error) {
	f, err := script.Parse(text)
	if err != nil {
		return "", 0, err
	}
	wasm, err := artefact("sparkward.wasm")
	if err != nil {
		return "", 0, err
	}
	s := &scenario{
		grace:      time.Duration(slack) * grace,
		target:     t,
		setup:      setup{name: name, wasm: wasm, workers: 4},
		requests:   map[string]wire.Request{},
		background: map[string]*pending{},
		seen:       map[*upstream]int{},
	}
	defer s.close()
	s.setup.counts = slices.ContainsFunc(f.Steps, func(step script.Step) bool { return step.Verb == "stats" })
	got, err = s.play(ctx, f, text)
	if s.host != nil {
		strayed = time.Since(s.begun) - s.passed
	}
	return got, strayed, err
}

func (s *scenario) play(ctx context.Context, f *script.File, text string) (string, error) {
	outputs := make([][]string, len(f.Steps))
	for i, step := range f.Steps {
		var err error
		if outputs[i], err = s.step(ctx, step); err != nil {
			return "", fmt.Errorf("line %d: %s: %w", step.Line, step.Verb, err)
		}
		if s.host != nil && s.host.realTime() {
			outputs[i] = forgive(step.Want, outputs[i])
		}
	}
	for name := range s.background {
		return "", fmt.Errorf("%s is still under way: finish it", name)
	}
	if err := s.leaks(ctx, text, outputs); err != nil {
		return "", err
	}
	if s.host == nil && !s.refused {
		return "", errors.New("nothing was started: add a step that sends, or start")
	}
	return f.Render(outputs), nil
}

func (s *scenario) close() {
	if s.host != nil {
		s.host.close()
	}
}

// verb is what a step does. It returns the step's transcript.
type verb struct {
	run   func(s *scenario, ctx context.Context, step script.Step) ([]string, error)
	when  moment
	block bool // takes a block
}

// moment is when a step can be taken.
type moment uint8

const (
	anytime moment = iota
	before         // sets the host up, so it must come before the host starts
	running        // needs the host, and starts it
)

// verbs are all the steps there are; README.md explains them.
var verbs map[string]verb

func init() {
	verbs = map[string]verb{
		"policy":   {(*scenario).policy, before, true},
		"workers":  {(*scenario).workers, before, false},
		"filter":   {(*scenario).filter, before, false},
		"fresh":    {(*scenario).fresh, before, false},
		"cluster":  {(*scenario).cluster, before, false},
		"envoy":    {(*scenario).envoy, before, false},
		"tls":      {(*scenario).tls, before, false},
		"request":  {(*scenario).request, anytime, true},
		"start":    {(*scenario).start, before, false},
		"send":     {(*scenario).send, running, true},
		"finish":   {(*scenario).finish, running, false},
		"stream":   {(*scenario).stream, running, true},
		"upstream": {(*scenario).upstream, running, false},
		"advance":  {(*scenario).advance, running, false},
		"audit":    {(*scenario).audit, running, false},
		"stats":    {(*scenario).stats, running, false},
		"log":      {(*scenario).log, running, false},
	}
}

func (s *scenario) step(ctx context.Context, step script.Step) ([]string, error) {
	v, ok := verbs[step.Verb]
	switch {
	case !ok:
		return nil, errors.New("no such step; README.md lists them")
	case v.when == before && (s.host != nil || s.refused):
		return nil, errors.New("must come before the first step that needs the host")
	case !v.block && len(step.Block) > 0:
		return nil, errors.New("takes no block")
	case v.when == running:
		if err := s.ready(ctx); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return v.run(s, ctx, step)
}

// ready starts the host if that has not happened. The first Envoy compiles the
// filter, which takes seconds, and another scenario may be running.
func (s *scenario) ready(ctx context.Context) error {
	if s.refused {
		return errors.New("the filter did not start, so nothing can be sent")
	}
	if s.host != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	var err error
	s.host, err = s.target.start(ctx, s.setup)
	s.begun = time.Now()
	return err
}
