package breaker

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/kv"
)

// counting counts what reaches the store.
type counting struct {
	kv.Store
	gets, sets int
}

func (c *counting) Get(key string) ([]byte, uint32, error) {
	c.gets++
	return c.Store.Get(key)
}

func (c *counting) Set(key string, value []byte, cas uint32) error {
	c.sets++
	return c.Store.Set(key, value, cas)
}

// TestSuccessesDoNotWrite: with consecutive failures as the only trigger, a
// call while closed reads twice and writes only when there is a count to reset.
func TestSuccessesDoNotWrite(t *testing.T) {
	store := &counting{Store: kv.NewMemory()}
	b := New(store, "openai", settings(), noJitter)
	for range 1000 {
		makeCall(t, b, Success, 0)
	}
	if store.sets != 0 || store.gets != 2000 {
		t.Errorf("1000 successes: %d reads, %d writes", store.gets, store.sets)
	}
	makeCall(t, b, Failure, 0)
	for range 1000 {
		makeCall(t, b, Success, 0)
	}
	if store.sets != 2 {
		t.Errorf("one failure and successes after it: %d writes, want 2", store.sets)
	}
	makeCall(t, b, Excluded, 0)
	if store.sets != 2 || store.gets != 4003 {
		t.Errorf("an excluded call: %d reads, %d writes", store.gets, store.sets)
	}
}

// TestOpenDoesNotWrite: refusing reads once.
func TestOpenDoesNotWrite(t *testing.T) {
	b := opened(t, settings())
	store := &counting{Store: b.store}
	b.store = store
	for range 1000 {
		acquire(t, b, time.Second)
	}
	if store.gets != 1000 || store.sets != 0 {
		t.Errorf("1000 refusals: %d reads, %d writes", store.gets, store.sets)
	}
}

// TestBatching: with a rate trigger and many calls most successes are counted
// in batches, and the rates that 8 workers see are right to 4 % of themselves.
func TestBatching(t *testing.T) {
	s := settings()
	s.ConsecutiveFailures, s.FailureRatePercent = 0, 100
	store := &counting{Store: kv.NewMemory()}
	var workers []*Breaker
	for range 8 {
		workers = append(workers, New(store, "openai", s, noJitter))
	}
	random := rand.New(rand.NewPCG(1, 1))
	made, failed := 0, 0
	for i := range 20_000 {
		b, outcome := workers[random.IntN(8)], Success
		if random.IntN(20) == 0 {
			outcome = Failure
		}
		before := store.sets
		makeCall(t, b, outcome, 0)
		made++
		if outcome == Failure {
			failed++
		}
		if made < 2*batchPart && store.sets == before {
			t.Fatalf("call %d was not counted at once", i)
		}
		if outcome == Failure && store.sets == before {
			t.Fatalf("failure %d was not counted at once", i)
		}
		status, err := b.Peek(start)
		if err != nil || status.Failures != failed || status.Calls > made || float64(status.Calls) < 0.96*float64(made) {
			t.Fatalf("call %d: counted %d of %d calls, %d of %d failures, %v", i, status.Calls, made, status.Failures, failed, err)
		}
	}
	if store.sets > made/5 {
		t.Errorf("%d writes for %d calls", store.sets, made)
	}
}

// busy returns two workers' breakers of a cluster with 10,000 good calls in its
// window.
func busy(t *testing.T, s Settings) (*Breaker, *Breaker) {
	b := newBreaker(t, s)
	for range 10_000 {
		makeCall(t, b, Success, 0)
	}
	return b, New(b.store, "openai", s, noJitter)
}

// TestBatchingAfterARush: when a busy window has passed, successes are counted
// at once again.
func TestBatchingAfterARush(t *testing.T) {
	s := settings()
	s.FailureRatePercent = 50
	_, b := busy(t, s)
	for range 10 {
		makeCall(t, b, Success, time.Minute)
	}
	status, err := b.Peek(start.Add(time.Minute))
	if err != nil || status.Calls != 10 {
		t.Errorf("counted %d calls of 10: %v", status.Calls, err)
	}
}

// TestWhatIsNotHeldBack: a slow call, and the success that ends a row of
// failures.
func TestWhatIsNotHeldBack(t *testing.T) {
	s := settings()
	s.SlowCall, s.SlowRatePercent = time.Second, 100
	_, b := busy(t, s)
	ticket, _ := acquire(t, b, 0)
	if _, err := b.Report(ticket, Success, time.Second, 0, start); err != nil {
		t.Fatal(err)
	}
	if status, _ := b.Peek(start); status.Slow != 1 {
		t.Errorf("%d slow calls of 1", status.Slow)
	}
	fail(t, b, 2, 0)
	makeCall(t, b, Success, 0)
	if status, _ := b.Peek(start); status.Consecutive != 0 {
		t.Errorf("%d failures in a row after a success", status.Consecutive)
	}
}

// TestNoTriggers: a breaker that never opens by itself costs no writes.
func TestNoTriggers(t *testing.T) {
	s := settings()
	s.ConsecutiveFailures = 0
	store := &counting{Store: kv.NewMemory()}
	b := New(store, "openai", s, noJitter)
	for i := range 100 {
		if _, change := makeCall(t, b, Outcome(i%3), 0); change.Changed() {
			t.Fatalf("call %d: %+v", i, change)
		}
	}
	if store.sets != 0 {
		t.Errorf("%d writes", store.sets)
	}
}

// TestBatchOfAnotherState: successes held back before it opened do not count
// after it closed.
func TestBatchOfAnotherState(t *testing.T) {
	s := settings()
	s.FailureRatePercent = 100
	b := newBreaker(t, s)
	for range 10_005 {
		makeCall(t, b, Success, 0)
	}
	if b.pending == 0 {
		t.Fatal("nothing was held back")
	}
	other := New(b.store, "openai", s, noJitter)
	fail(t, other, 3, 0)
	makeCall(t, other, Success, 10*time.Second)
	makeCall(t, b, Success, 10*time.Second)
	if status, err := b.Peek(start.Add(10 * time.Second)); err != nil || status.Calls != 1 {
		t.Errorf("counted %d calls, want 1: %v", status.Calls, err)
	}
}

func TestAllocations(t *testing.T) {
	s := settings()
	s.FailureRatePercent = 50
	b := newBreaker(t, s)
	makeCall(t, b, Failure, 0)
	if n := testing.AllocsPerRun(200, func() { makeCall(t, b, Success, 0) }); n > 2 {
		t.Errorf("%v allocations a call, want at most one a read", n)
	}
}

func TestStatus(t *testing.T) {
	s := settings()
	s.FailureRatePercent, s.HalfOpenProbes = 90, 2
	b := newBreaker(t, s)
	peek := func(at time.Duration, want Status) {
		t.Helper()
		if got, err := b.Peek(start.Add(at)); err != nil || got != want {
			t.Errorf("at %v: got %+v, %v, want %+v", at, got, err, want)
		}
	}
	peek(0, Status{})
	fail(t, b, 2, 0)
	peek(0, Status{Consecutive: 2, Calls: 2, Failures: 2})
	peek(8*time.Second, Status{Consecutive: 2})
	fail(t, b, 1, 0)
	peek(3*time.Second, Status{State: Open, Since: start, RetryAfter: 7 * time.Second})
	peek(time.Hour, Status{State: HalfOpen, Since: start})
	acquire(t, b, 10*time.Second)
	peek(11*time.Second, Status{State: HalfOpen, Since: start.Add(10 * time.Second), Probes: 1})
	peek(15*time.Second, Status{State: HalfOpen, Since: start.Add(10 * time.Second)})
	if _, err := b.Order(ForceOpen, start.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	peek(2*time.Hour, Status{State: Open, Override: ForceOpen, Since: start.Add(time.Hour)})
}

func BenchmarkCall(b *testing.B) {
	for name, change := range map[string]func(*Settings){
		"consecutive": func(s *Settings) {},
		"rate":        func(s *Settings) { s.FailureRatePercent = 50 },
	} {
		b.Run(name, func(b *testing.B) {
			s := settings()
			change(&s)
			breaker := newBreaker(b, s)
			makeCall(b, breaker, Failure, 0)
			at := start
			b.ReportAllocs()
			for b.Loop() {
				at = at.Add(10 * time.Microsecond)
				ticket, _, _ := breaker.Acquire(at)
				if _, err := breaker.Report(ticket, Success, 0, 0, at); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkRefusal(b *testing.B) {
	breaker := opened(b, settings())
	b.ReportAllocs()
	for b.Loop() {
		if _, result, err := breaker.Acquire(start); err != nil || result.Allowed {
			b.Fatal(result, err)
		}
	}
}
