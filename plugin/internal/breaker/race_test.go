package breaker

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/kv"
	"github.com/sparkward/sparkward/plugin/internal/kv/kvtest"
)

// TestProbesAreExactOverWorkers: when the open time is over, 8 workers tick and ask in
// all orders of reads and writes; exactly the allowed number of probes goes out
// and exactly one worker is told of the change.
func TestProbesAreExactOverWorkers(t *testing.T) {
	for order := range uint64(60) {
		s := settings()
		s.HalfOpenProbes = 1 + int(order%4)
		store := opened(t, s).store
		var allowed, told [8]int
		var workers []func(kv.Store)
		for i := range 8 {
			workers = append(workers, func(store kv.Store) {
				b := New(store, "openai", s, noJitter)
				for range 3 {
					woken, ticked := b.Tick(start.Add(10 * time.Second))
					_, result, err := b.Acquire(start.Add(10 * time.Second))
					if err != nil || ticked != nil {
						t.Error(ticked, err)
					}
					if woken.Changed() {
						told[i]++
					}
					if result.Allowed {
						allowed[i]++
					}
					if result.Change.Changed() {
						told[i]++
					}
				}
			})
		}
		kvtest.Interleave(store, order, workers...)
		if got := sum(allowed); got != s.HalfOpenProbes {
			t.Errorf("order %d: %d probes of %d", order, got, s.HalfOpenProbes)
		}
		if got := sum(told); got != 1 {
			t.Errorf("order %d: %d workers were told that it is half open", order, got)
		}
	}
}

func sum(n [8]int) (total int) {
	for _, v := range n {
		total += v
	}
	return total
}

// TestEachChangeIsToldOnce: 8 workers make calls to an upstream of changing
// health. Each change follows from the last, and nobody misses or repeats one.
func TestEachChangeIsToldOnce(t *testing.T) {
	for order := range uint64(60) {
		s := settings()
		s.FailureRatePercent, s.MinimumCalls, s.HalfOpenProbes = 60, 5, 2
		memory := kv.NewMemory()
		var changes []Change
		var workers []func(kv.Store)
		for i := range 8 {
			random := rand.New(rand.NewPCG(order, uint64(i)))
			workers = append(workers, func(store kv.Store) {
				b, now := New(store, "openai", s, noJitter), start
				note := func(c Change) {
					if c.Changed() {
						changes = append(changes, c)
					}
				}
				for range 40 {
					now = now.Add(time.Duration(random.Int64N(int64(2 * time.Second))))
					ticket, result, err := b.Acquire(now)
					if err != nil {
						t.Error(err)
					}
					note(result.Change)
					if !result.Allowed {
						continue
					}
					outcome := Success
					if random.IntN(3) > 0 {
						outcome = Failure
					}
					change, err := b.Report(ticket, outcome, 0, 0, now)
					if err != nil {
						t.Error(err)
					}
					note(change)
				}
			})
		}
		kvtest.Interleave(memory, order, workers...)
		state, step := Closed, 0
		for _, c := range changes {
			if step++; c.From != state || c.To == c.From {
				t.Fatalf("order %d: change %d is %+v in state %v", order, step, c, state)
			}
			state = c.To
		}
		status, err := New(memory, "openai", s, noJitter).Peek(start)
		if err != nil || status.State != state || len(changes) < 3 {
			t.Fatalf("order %d: %d changes lead to %v, but it is %+v, %v", order, len(changes), state, status, err)
		}
	}
}

// TestConsecutiveFailuresAreExactOverWorkers: failures of all workers add up.
func TestConsecutiveFailuresAreExactOverWorkers(t *testing.T) {
	for order := range uint64(40) {
		s := settings()
		s.ConsecutiveFailures = 20
		memory := kv.NewMemory()
		opened := 0
		var workers []func(kv.Store)
		for range 8 {
			workers = append(workers, func(store kv.Store) {
				b := New(store, "openai", s, noJitter)
				ticket, _, _ := b.Acquire(start)
				for range 3 {
					change, err := b.Report(ticket, Failure, 0, 0, start)
					if err != nil {
						t.Error(err)
					}
					if change.Changed() {
						opened++
					}
				}
			})
		}
		kvtest.Interleave(memory, order, workers...)
		status, err := New(memory, "openai", s, noJitter).Peek(start)
		if err != nil || opened != 1 || status.State != Open {
			t.Errorf("order %d: opened %d times, %+v, %v", order, opened, status, err)
		}
	}
}

// TestNeverSticks: whatever clocks, losses and orders did before, once the
// upstream is healthy and time goes on, it closes.
func TestNeverSticks(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 31))
		s := randomSettings(random)
		b := New(kv.NewMemory(), "openai", s, random.Uint64)
		now := start
		for range 200 {
			jump := time.Duration(random.Int64N(1 << random.UintN(50)))
			if random.IntN(3) == 0 {
				jump = -jump
			}
			now = now.Add(jump)
			ticket, result, err := b.Acquire(now)
			if err != nil || result.RetryAfter > s.MaxOpen+time.Second || !result.Allowed && result.RetryAfter <= 0 {
				t.Fatalf("seed %d: %+v, %v", seed, result, err)
			}
			if result.Allowed && random.IntN(3) > 0 {
				outcome := Outcome(random.IntN(3))
				if _, err := b.Report(ticket, outcome, 0, time.Duration(random.Int64N(1<<50)), now); err != nil {
					t.Fatal(err)
				}
			}
		}
		// The first successes may fill a window of failures up to its minimum;
		// after that there is nothing left to open it.
		for round := 0; ; round++ {
			// A clock set back by less than a second is not noticed.
			now = now.Add(s.MaxOpen + s.ProbeTimeout + s.Window + 2*time.Second)
			for range s.HalfOpenProbes {
				if result, _ := makeCall(t, b, Success, now.Sub(start)); !result.Allowed {
					t.Fatalf("seed %d, %+v: refused after all times are over: %+v", seed, s, result)
				}
			}
			if status, _ := b.Peek(now); status.State == Closed {
				break
			} else if round == 1 {
				t.Fatalf("seed %d: %+v after good probes, twice", seed, status)
			}
		}
	}
}
