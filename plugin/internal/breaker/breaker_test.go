package breaker

import (
	"testing"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/kv"
)

var start = time.Unix(1_800_000_000, 0)

// settings are small round numbers; each test changes what it is about.
func settings() Settings {
	return Settings{
		ConsecutiveFailures: 3, Open: 10 * time.Second, MaxOpen: time.Minute,
		HalfOpenProbes: 1, ProbeTimeout: 5 * time.Second,
		Window: 8 * time.Second, MinimumCalls: 10,
		FailureStatuses: []StatusRange{{500, 599}},
	}
}

func noJitter() uint64 { return 0 }

func newBreaker(t testing.TB, s Settings) *Breaker {
	t.Helper()
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	return New(kv.NewMemory(), "openai", s, noJitter)
}

func acquire(t testing.TB, b *Breaker, at time.Duration) (Ticket, Result) {
	t.Helper()
	ticket, result, err := b.Acquire(start.Add(at))
	if err != nil {
		t.Fatal(err)
	}
	return ticket, result
}

func report(t testing.TB, b *Breaker, ticket Ticket, o Outcome, at time.Duration) Change {
	t.Helper()
	change, err := b.Report(ticket, o, time.Millisecond, 0, start.Add(at))
	if err != nil {
		t.Fatal(err)
	}
	return change
}

// call makes one call and returns whether it was allowed and all changes.
func makeCall(t testing.TB, b *Breaker, o Outcome, at time.Duration) (Result, Change) {
	t.Helper()
	ticket, result := acquire(t, b, at)
	if !result.Allowed {
		return result, Change{}
	}
	return result, report(t, b, ticket, o, at)
}

func TestOpensHalfOpensCloses(t *testing.T) {
	b := newBreaker(t, settings())
	for i, step := range []struct {
		at      time.Duration
		outcome Outcome
		result  Result
		change  Change
	}{
		{0, Failure, Result{Allowed: true}, Change{}},
		{0, Failure, Result{Allowed: true}, Change{}},
		{0, Success, Result{Allowed: true}, Change{}},
		{0, Failure, Result{Allowed: true}, Change{}},
		{0, Excluded, Result{Allowed: true}, Change{}},
		{0, Failure, Result{Allowed: true}, Change{}},
		{0, Failure, Result{Allowed: true}, Change{Closed, Open, ConsecutiveFailures}},
		{4 * time.Second, Success, Result{State: Open, RetryAfter: 6 * time.Second}, Change{}},
		{10 * time.Second, Failure, Result{Allowed: true, State: HalfOpen, Change: Change{Open, HalfOpen, OpenTimeOver}}, Change{HalfOpen, Open, ProbeFailed}},
		{29 * time.Second, Success, Result{State: Open, RetryAfter: time.Second}, Change{}},
		{30 * time.Second, Success, Result{Allowed: true, State: HalfOpen, Change: Change{Open, HalfOpen, OpenTimeOver}}, Change{HalfOpen, Closed, ProbesSucceeded}},
		{30 * time.Second, Success, Result{Allowed: true}, Change{}},
	} {
		result, change := makeCall(t, b, step.outcome, step.at)
		if result != step.result || change != step.change {
			t.Fatalf("step %d: got %+v, %+v, want %+v, %+v", i, result, change, step.result, step.change)
		}
	}
}
