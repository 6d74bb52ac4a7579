package limit

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/kv"
)

var start = time.Unix(1_800_000_000, 0)

func TestTakeTimeline(t *testing.T) {
	table := NewTable(kv.NewMemory(), "requests", 64)
	key := KeyOf(Seed{}, "alice")
	quota := Quota{Count: 60, Period: time.Minute, Burst: 3}
	for i, step := range []struct {
		at   time.Duration
		n    int64
		want Result
	}{
		{0, 0, Result{Allowed: true, Limit: 3, Remaining: 3}},
		{0, 1, Result{Allowed: true, Limit: 3, Remaining: 2, ResetAfter: time.Second}},
		{0, 2, Result{Allowed: true, Limit: 3, Remaining: 0, ResetAfter: 3 * time.Second}},
		{0, 1, Result{Limit: 3, RetryAfter: time.Second, ResetAfter: 3 * time.Second}},
		{0, 3, Result{Limit: 3, RetryAfter: 3 * time.Second, ResetAfter: 3 * time.Second}},
		{0, 4, Result{TooLarge: true, Limit: 3, RetryAfter: 3 * time.Second, ResetAfter: 3 * time.Second}},
		{time.Second - 1, 1, Result{Limit: 3, RetryAfter: 1, ResetAfter: 2*time.Second + 1}},
		{time.Second, 1, Result{Allowed: true, Limit: 3, ResetAfter: 3 * time.Second}},
		{2500 * time.Millisecond, 0, Result{Allowed: true, Limit: 3, Remaining: 1, ResetAfter: 1500 * time.Millisecond}},
		{time.Hour, 3, Result{Allowed: true, Limit: 3, ResetAfter: 3 * time.Second}},
	} {
		got, err := table.Take(key, quota, step.n, start.Add(step.at))
		if err != nil || got != step.want {
			t.Fatalf("step %d: got %+v, %v, want %+v", i, got, err, step.want)
		}
	}
}

// TestReservationTimeline follows one budget through calls that use less and
// more than they reserved, and a call whose worker died.
func TestReservationTimeline(t *testing.T) {
	table := NewTable(kv.NewMemory(), "tokens", 64)
	key, q := KeyOf(Seed{}, "alice"), Quota{Count: 600, Period: time.Minute, Burst: 1000} // 10 a second
	at := start.Truncate(time.Duration(holdTime))
	calls := map[string][]Charge{}
	for i, step := range []struct {
		pass   time.Duration
		call   string
		n      int64 // reserved, or used where the call is known
		allow  bool
		remain int64 // after it
	}{
		{0, "short", 400, true, 600},
		{0, "long", 500, true, 100},
		{0, "refused", 101, false, 100},
		{10 * time.Second, "", 0, true, 100},  // reservations do not drain
		{0, "short", 80, true, 420},           // of 400 held, 80 used
		{0, "short", 100, true, 400},          // and 20 more
		{10 * time.Second, "", 0, true, 500},  // and those drain
		{0, "exceeds", 100, true, 400},        //
		{0, "exceeds", 300, true, 200},        // used more than it reserved
		{0, "exceeds", 350, true, 150},        // and more still
		{0, "exceeds", 200, true, 150},        // but never less again
		{60 * time.Second, "", 0, true, 500},  // all but "long" has drained
		{8 * time.Minute, "", 0, true, 500},   //
		{2 * time.Minute, "", 0, true, 500},   // the next holdTime has begun
		{10 * time.Minute, "", 0, true, 1000}, // "long" was given up
		{0, "long", 700, true, 300},           // but is charged when it ends
		{0, "other", 300, true, 0},
		{0, "other", 5000, true, 0}, // far more than the budget
		{500 * time.Second, "", 0, true, 300},
		{0, "none", 200, true, 100},
		{0, "none", 0, true, 300},  // nothing used
		{0, "none", -5, true, 300}, // nonsense
		{0, "too large", 1001, false, 300},
	} {
		at = at.Add(step.pass)
		if c, known := calls[step.call]; known {
			if err := table.Settle(c, step.n, at); err != nil {
				t.Fatal(err)
			}
		} else {
			c := []Charge{{Key: key, Quota: q, N: step.n}}
			ok, err := table.Reserve(c, at)
			if err != nil || ok != step.allow {
				t.Fatalf("step %d: allowed %v, %v, want %v", i, ok, err, step.allow)
			}
			if step.call != "" {
				calls[step.call] = c
			}
		}
		if r, _ := table.Take(key, q, 0, at); r.Remaining != step.remain {
			t.Fatalf("step %d (%s): %d remain, want %d", i, step.call, r.Remaining, step.remain)
		}
	}
}

// TestSettleOfRefused: settling what was refused charges what was used all the
// same, and gives nothing back that was never taken.
func TestSettleOfRefused(t *testing.T) {
	table := NewTable(kv.NewMemory(), "tokens", 64)
	key, q := KeyOf(Seed{}, "alice"), Quota{Count: 100, Period: time.Minute}
	first := []Charge{{Key: key, Quota: q, N: 60}}
	second := []Charge{{Key: key, Quota: q, N: 60}}
	if ok, _ := table.Reserve(first, start); !ok {
		t.Fatal("refused")
	}
	if ok, _ := table.Reserve(second, start); ok {
		t.Fatal("allowed")
	}
	if err := table.Settle(second, 0, start); err != nil {
		t.Fatal(err)
	}
	if r, _ := table.Take(key, q, 0, start); r.Remaining != 40 {
		t.Errorf("%d remain, want 40", r.Remaining)
	}
}

// TestSettleOfHalfRefused: of two budgets one had room; nothing was held there.
func TestSettleOfHalfRefused(t *testing.T) {
	table := NewTable(kv.NewMemory(), "tokens", 64)
	key, wide, narrow := KeyOf(Seed{}, "alice"), Quota{Count: 100, Period: time.Minute}, Quota{Count: 10, Period: time.Minute}
	if ok, _ := table.Reserve([]Charge{{Key: key, Quota: wide, N: 60}}, start); !ok {
		t.Fatal("refused")
	}
	both := []Charge{{Key: key, Quota: wide, N: 30}, {Key: key.Window(1), Quota: narrow, N: 30}}
	if ok, _ := table.Reserve(both, start); ok || !both[0].Result.Allowed || both[0].Result.Remaining != 40 || both[1].Result.Allowed {
		t.Fatalf("allowed %v: %+v", ok, both)
	}
	if err := table.Settle(both, 0, start); err != nil {
		t.Fatal(err)
	}
	if r, _ := table.Take(key, wide, 0, start); r.Remaining != 40 {
		t.Errorf("%d remain, want 40", r.Remaining)
	}
}

// TestDebtIsBounded: no use, however large, makes a lag overflow into credit.
func TestDebtIsBounded(t *testing.T) {
	table := NewTable(kv.NewMemory(), "tokens", 64)
	c := []Charge{{Key: KeyOf(Seed{}, "alice"), Quota: Quota{Count: 100, Period: time.Minute}}}
	for i := range int64(40) {
		if err := table.Settle(c, math.MaxInt64-100+i, start); err != nil {
			t.Fatal(err)
		}
		c[0].charged = 0
		if ok, err := table.TakeAll(c, start); err != nil || !ok && c[0].Result.RetryAfter <= 0 {
			t.Fatalf("%+v, %v", c, err)
		}
		r, err := table.Take(c[0].Key, c[0].Quota, 1, start)
		if err != nil || r.Allowed || r.RetryAfter < 100*24*time.Hour || r.RetryAfter > 105*24*time.Hour || table.Corrupt() > 0 {
			t.Fatalf("after %d huge charges: %+v, %v, %d corrupt", i+1, r, err, table.Corrupt())
		}
	}
}

// TestClock: a clock that is set back or far forward neither opens nor jams a
// budget. Want is how many of 25 requests pass on top of a burst of 20.
func TestClock(t *testing.T) {
	q := Quota{Count: 60, Period: time.Minute, Burst: 20}
	for _, c := range []struct {
		name  string
		jumps []time.Duration
		want  int
	}{
		{"stands still", []time.Duration{0}, 0},
		{"a worker's earlier reading", []time.Duration{-time.Millisecond, time.Millisecond}, 0},
		{"back an hour", []time.Duration{-time.Hour}, 0},
		{"back an hour and on", []time.Duration{-time.Hour, 5 * time.Second}, 5},
		{"back to 1970", []time.Duration{-time.Duration(start.UnixNano())}, 0},
		{"before 1970", []time.Duration{-time.Duration(start.UnixNano()) - time.Hour}, 0},
		{"before 1970 and on", []time.Duration{-time.Duration(start.UnixNano()) - time.Hour, time.Hour + 5*time.Second}, 5},
		{"forward a year", []time.Duration{365 * 24 * time.Hour}, 20},
		{"forward a year and back", []time.Duration{365 * 24 * time.Hour, -365 * 24 * time.Hour}, 20},
	} {
		table, now := NewTable(kv.NewMemory(), "t", 64), start
		key := KeyOf(Seed{}, "alice")
		passed := -20
		try := func() {
			for range 25 {
				if r, err := table.Take(key, q, 1, now); err != nil {
					t.Fatal(err)
				} else if r.Allowed {
					passed++
				} else if r.RetryAfter <= 0 || r.RetryAfter > time.Second {
					t.Errorf("%s: retry after %v", c.name, r.RetryAfter)
				}
			}
		}
		try()
		for _, jump := range c.jumps {
			now = now.Add(jump)
			try()
		}
		if passed != c.want {
			t.Errorf("%s: %d passed on top of the burst, want %d", c.name, passed, c.want)
		}
	}
}

// TestWorkersReadTheClockApart: two readings of the clock that reach the store
// in the wrong order, again and again, make no time pass.
func TestWorkersReadTheClockApart(t *testing.T) {
	table, key := NewTable(kv.NewMemory(), "t", 64), KeyOf(Seed{}, "alice")
	q := Quota{Count: 600, Period: time.Minute, Burst: 20}
	passed := 0
	for i := range 1000 {
		r, err := table.Take(key, q, 1, start.Add(-time.Duration(i%2)*900*time.Millisecond))
		if err != nil {
			t.Fatal(err)
		}
		if r.Allowed {
			passed++
		}
	}
	if passed != 20 {
		t.Errorf("%d requests passed a burst of 20 while the clock stood still", passed)
	}
}

// TestRandomClock: whatever the clock does, each jump forward gives at most the
// time it skipped, so no more than a burst, and no budget waits longer than its
// refill.
func TestRandomClock(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	q := Quota{Count: 60, Period: time.Minute, Burst: 20}
	table, key := NewTable(kv.NewMemory(), "t", 64), KeyOf(Seed{}, "alice")
	now, passed, possible := start, int64(0), q.Burst*int64(time.Second)
	for i := range 20_000 {
		jump := time.Duration(random.Int64N(1 << random.UintN(55)))
		if random.IntN(3) == 0 {
			jump = -jump
		}
		now = now.Add(jump)
		possible += int64(min(max(jump, 0), 20*time.Second))
		r, err := table.Take(key, q, 1, now)
		if err != nil || r.RetryAfter > time.Second || r.ResetAfter > 20*time.Second {
			t.Fatalf("step %d, jump %v: %+v, %v", i, jump, r, err)
		}
		if r.Allowed {
			passed++
		}
		if passed*int64(time.Second) > possible {
			t.Fatalf("step %d: %d passed, but the clock gave %d", i, passed, possible/int64(time.Second))
		}
	}
}

// TestForeignValues: whatever stands in a bucket's place counts as corrupt and
// as an empty bucket, and is replaced.
func TestForeignValues(t *testing.T) {
	random := rand.New(rand.NewPCG(6, 6))
	store := kv.NewMemory()
	table := NewTable(store, "t", 1)
	key, q := KeyOf(Seed{}, "alice"), Quota{Count: 5, Period: time.Minute}
	for i := range 500 {
		foreign := make([]byte, random.IntN(300)+1)
		for j := range foreign {
			foreign[j] = byte(random.Uint32())
		}
		foreign[0] = layout + 1 + byte(random.IntN(200))
		if err := store.Set(table.key(key), foreign, 0); err != nil {
			t.Fatal(err)
		}
		r, err := table.Take(key, q, 1, start)
		if err != nil || !r.Allowed || r.Remaining != 4 || table.Corrupt() != uint64(i+1) {
			t.Fatalf("over %x: %+v, %v, %d corrupt, want %d", foreign, r, err, table.Corrupt(), i+1)
		}
		if r, _ := table.Take(key, q, 1, start); r.Remaining != 3 || table.Corrupt() != uint64(i+1) {
			t.Fatalf("over %x: the second request left %d, %d corrupt", foreign, r.Remaining, table.Corrupt())
		}
	}
}

// FuzzStoredValue: any stored value, any charge: no panic, a result that makes
// sense, and afterwards a value that is ours.
func FuzzStoredValue(f *testing.F) {
	random := rand.New(rand.NewPCG(7, 7))
	for range 10 {
		b := randomBucket(random)
		f.Add(b.encode(nil), int64(60), int64(time.Minute), int64(20), int64(1), start.UnixNano())
	}
	f.Fuzz(func(t *testing.T, value []byte, count, period, burst, n, now int64) {
		q := Quota{count, time.Duration(period), burst}
		if q.Validate() != nil {
			return
		}
		store := kv.NewMemory()
		table := NewTable(store, "t", 1)
		charges := []Charge{{Key: KeyOf(Seed{}, "a"), Quota: q, N: n}, {Key: KeyOf(Seed{}, "a").Window(1), Quota: q, N: n}}
		_ = store.Set(table.key(charges[0].Key), value, 0)
		at := time.Unix(0, now)
		ok, err := table.Reserve(charges, at)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range charges {
			r := c.Result
			if r.Remaining < 0 || r.Remaining > r.Limit || r.Allowed != (r.RetryAfter == 0) || r.ResetAfter < 0 || r.Allowed && n > r.Limit {
				t.Fatalf("%+v of %d: %+v", q, n, r)
			}
		}
		if ok {
			err = table.Settle(charges, n/2, at.Add(time.Second))
		}
		if _, takeErr := table.TakeAll(charges, at); err != nil || takeErr != nil || table.Corrupt() > 3 {
			t.Fatalf("%v, %v, %d corrupt", err, takeErr, table.Corrupt())
		}
		if stored, _, _ := store.Get(table.key(charges[0].Key)); ok && n > 0 && !new(bucket).decode(stored) {
			t.Fatalf("left %x", stored)
		}
	})
}

// TestAllocations: a request may cost 20 in all; a key's name and the copy of
// its value are two.
func TestAllocations(t *testing.T) {
	table := NewTable(kv.NewMemory(), "requests", MaxBuckets)
	now := start
	charges := make([]Charge, 3)
	for name, work := range map[string]func(){
		"take":    func() { _, _ = table.Take(KeyOf(Seed{}, "user", "alice"), Quota{60, time.Minute, 20}, 1, now) },
		"refused": func() { _, _ = table.Take(KeyOf(Seed{}, "user", "bob"), Quota{1, MaxPeriod, 1}, 1, now) },
		"three windows": func() {
			for i := range charges {
				charges[i] = Charge{Key: KeyOf(Seed{}, "user", "carol").Window(i), Quota: Quota{60, time.Minute, 20}, N: 1}
			}
			_, _ = table.TakeAll(charges, now)
		},
	} {
		if n := testing.AllocsPerRun(100, func() { now = now.Add(time.Second); work() }); n > 2 {
			t.Errorf("%s: %v allocations, want at most 2", name, n)
		}
	}
}

func BenchmarkTake(b *testing.B) {
	for name, step := range map[string]time.Duration{"allowed": time.Second, "refused": 0} {
		b.Run(name, func(b *testing.B) {
			table := NewTable(kv.NewMemory(), "requests", MaxBuckets)
			quota := Quota{Count: 60, Period: time.Minute, Burst: 20}
			now := start
			b.ReportAllocs()
			for b.Loop() {
				now = now.Add(step)
				if _, err := table.Take(KeyOf(Seed{}, "user", "alice"), quota, 1, now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkReserveAndSettle(b *testing.B) {
	table := NewTable(kv.NewMemory(), "requests", MaxBuckets)
	now := start
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(time.Second)
		key := KeyOf(Seed{}, "tokens", "alice")
		charges := [3]Charge{
			{Key: key, Quota: Quota{Count: 100_000, Period: time.Minute}, N: 1000},
			{Key: key.Window(1), Quota: Quota{Count: 10_000_000, Period: 24 * time.Hour}, N: 1000},
			{Key: key.Window(2), Quota: Quota{Count: 100_000_000, Period: 30 * 24 * time.Hour}, N: 1000},
		}
		if _, err := table.Reserve(charges[:], now); err != nil {
			b.Fatal(err)
		}
		if err := table.Settle(charges[:], 300, now); err != nil {
			b.Fatal(err)
		}
	}
}
