package e2e

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sparkward/sparkward/e2e/script"
)

// grace is how long a request in the background that neither arrives upstream
// nor is answered is waited for before the next step: a host that holds it for
// ever is what some scenarios are about.
const grace = 300 * time.Millisecond

// pending is a request whose answer is still to come.
type pending struct {
	delivery delivery
	done     chan struct{}
	lines    []string // the transcript of what came
	err      error
}

// sendInBackground sends a request and returns when the upstream has it, when
// it was answered, or after s.grace.
func (s *scenario) sendInBackground(ctx context.Context, d delivery) error {
	if s.background[d.background] != nil {
		return fmt.Errorf("%s is still under way", d.background)
	}
	p := &pending{delivery: d, done: make(chan struct{})}
	s.background[d.background] = p
	began, begin := context.WithCancel(ctx)
	defer begin()
	if d.began = begin; d.times > 1 && d.begun {
		return errors.New("begun is for one request")
	}
	next := len(s.host.upstreams().main.Seen()) + 1
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		if d.times > 1 {
			p.lines, p.err = s.tally(ctx, d)
		} else {
			p.lines, p.err = s.one(ctx, d)
		}
		close(p.done)
	}()
	if d.begun {
		select {
		case <-began.Done():
		case <-p.done:
		}
		return ctx.Err()
	}
	arrived, cancel := context.WithTimeout(ctx, s.grace)
	defer cancel()
	go func() {
		select {
		case <-p.done:
			cancel()
		case <-arrived.Done():
		}
	}()
	s.host.upstreams().main.WaitArrived(arrived, next)
	return nil
}

// finish waits for the answer of a request in the background and shows it.
func (s *scenario) finish(ctx context.Context, step script.Step) ([]string, error) {
	if len(step.Words) != 1 || s.background[step.Words[0]] == nil {
		return nil, errors.New("want the name of a request in the background")
	}
	p := s.background[step.Words[0]]
	delete(s.background, step.Words[0])
	select {
	case <-p.done:
	case <-ctx.Done():
		return nil, errors.New("no answer came")
	}
	s.sent += p.delivery.times
	return p.lines, p.err
}
