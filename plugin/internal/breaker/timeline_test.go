package breaker

import (
	"testing"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/kv"
	"github.com/sparkward/sparkward/plugin/internal/kv/kvtest"
)

// fail makes n failing calls and returns the change of the last.
func fail(t testing.TB, b *Breaker, n int, at time.Duration) (last Change) {
	t.Helper()
	for i := range n {
		result, change := makeCall(t, b, Failure, at)
		if !result.Allowed {
			t.Fatalf("failing call %d of %d was refused: %+v", i+1, n, result)
		}
		last = change
	}
	return last
}

// opened returns a breaker that opened at 0 for 10 s.
func opened(t testing.TB, s Settings) *Breaker {
	t.Helper()
	b := newBreaker(t, s)
	if change := fail(t, b, s.ConsecutiveFailures, 0); change.To != Open {
		t.Fatalf("did not open: %+v", change)
	}
	return b
}

func TestFailureRate(t *testing.T) {
	s := settings()
	s.ConsecutiveFailures, s.FailureRatePercent = 0, 50
	for _, c := range []struct {
		name  string
		calls string // one a step: s success, f failure, . nothing; a space ends a second
		want  Cause
	}{
		{"below the minimum", "fffffffff", NoChange},
		{"at the minimum", "ffffffffff", FailureRate},
		{"half", "sssssfffff", FailureRate},
		{"under half", "ssssssfffff", NoChange},
		{"a success that reaches the minimum", "fffffsssss", FailureRate},
		{"within the window", "fffff s s s s s", FailureRate},
		{"failures left the window", "fffff        sssss", NoChange},
		{"some left the window", "ffffff       ss  ffffffff", FailureRate},
		{"successes left the window", "ssssssss         fffffssss f", FailureRate},
	} {
		b := newBreaker(t, s)
		got, at := NoChange, time.Duration(0)
		for i, step := range c.calls {
			if step == ' ' {
				at += time.Second
				continue
			}
			if got != NoChange {
				t.Errorf("%s: opened before call %d", c.name, i)
			}
			outcome := Success
			if step == 'f' {
				outcome = Failure
			}
			_, change := makeCall(t, b, outcome, at)
			got = change.Cause
		}
		if got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestSlowRate(t *testing.T) {
	s := settings()
	s.SlowCall, s.SlowRatePercent, s.MinimumCalls = time.Second, 40, 5
	b := newBreaker(t, s)
	for i, c := range []struct {
		elapsed time.Duration
		want    Change
	}{
		{time.Second - 1, Change{}}, {time.Second, Change{}}, {0, Change{}}, {0, Change{}},
		{time.Minute, Change{Closed, Open, SlowRate}},
	} {
		ticket, _ := acquire(t, b, 0)
		if change, err := b.Report(ticket, Success, c.elapsed, 0, start); err != nil || change != c.want {
			t.Fatalf("call %d: got %+v, %v, want %+v", i, change, err, c.want)
		}
	}
	ticket, _ := acquire(t, b, 10*time.Second)
	change, err := b.Report(ticket, Success, 2*time.Second, 0, start.Add(12*time.Second))
	if err != nil || change != (Change{HalfOpen, Open, ProbeFailed}) {
		t.Errorf("a slow probe: got %+v, %v", change, err)
	}
}

// TestTick: a breaker that nobody asks does not stay open. Its state is told at
// once and changed by the next tick, once, and an order stays what it is.
func TestTick(t *testing.T) {
	b := opened(t, settings())
	other := New(b.store, "openai", settings(), noJitter)
	tick := func(b *Breaker, at time.Duration, want Change) {
		t.Helper()
		if change, err := b.Tick(start.Add(at)); err != nil || change != want {
			t.Fatalf("tick at %v: %+v, %v, want %+v", at, change, err, want)
		}
	}
	peek := func(at time.Duration, state State, wait time.Duration) {
		t.Helper()
		if status, err := b.Peek(start.Add(at)); err != nil || status.State != state || status.RetryAfter != wait {
			t.Fatalf("at %v: %+v, %v, want %v for %v", at, status, err, state, wait)
		}
	}
	tick(b, 10*time.Second-1, Change{})
	peek(10*time.Second-1, Open, 1)
	peek(10*time.Second, HalfOpen, 0)
	tick(b, 10*time.Second, Change{Open, HalfOpen, OpenTimeOver})
	tick(other, 10*time.Second, Change{})
	tick(b, time.Hour, Change{})
	peek(time.Hour, HalfOpen, 0)
	if result, change := makeCall(t, other, Success, time.Hour); !result.Allowed || result.Change.Changed() || change.To != Closed {
		t.Fatalf("the probe: %+v, %+v", result, change)
	}
	tick(b, time.Hour, Change{})
	if _, err := b.Order(ForceOpen, start); err != nil {
		t.Fatal(err)
	}
	tick(b, 1000*time.Hour, Change{})
	peek(1000*time.Hour, Open, 0)
}

// TestOpenTime: it doubles with each failed probe up to the longest, starts
// anew once closed, and loses up to a fifth to chance.
func TestOpenTime(t *testing.T) {
	for _, c := range []struct {
		name   string
		random uint64
		want   []time.Duration // after each opening
	}{
		{"no jitter", 0, []time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second, time.Minute, time.Minute}},
		{"most jitter", uint64(2 * time.Second), []time.Duration{8 * time.Second, 18 * time.Second}},
	} {
		b := newBreaker(t, settings())
		b.random = func() uint64 { return c.random }
		at := time.Duration(0)
		fail(t, b, 3, at)
		for i, want := range c.want {
			_, result := acquire(t, b, at)
			if result.Allowed || result.RetryAfter != want {
				t.Fatalf("%s, opening %d: %+v, want %v", c.name, i, result, want)
			}
			if at += want; i < len(c.want)-1 {
				fail(t, b, 1, at)
			}
		}
		if _, change := makeCall(t, b, Success, at); change.To != Closed {
			t.Fatalf("%s: %+v", c.name, change)
		}
		fail(t, b, 3, at)
		if _, result := acquire(t, b, at); result.RetryAfter != c.want[0] {
			t.Errorf("%s, after closing: %+v", c.name, result)
		}
	}
}

// TestLongOutage: however often it opened, the open time stays the longest.
func TestLongOutage(t *testing.T) {
	b := opened(t, settings())
	at := time.Duration(0)
	for i := range 600 {
		at += time.Minute
		fail(t, b, 1, at)
		if _, result := acquire(t, b, at); i > 3 && result.RetryAfter != time.Minute {
			t.Fatalf("after %d probes: open for %v", i, result.RetryAfter)
		}
	}
}

func TestJitterStaysInBounds(t *testing.T) {
	state := uint64(1)
	seen := map[time.Duration]bool{}
	for range 200 {
		b := newBreaker(t, settings())
		b.random = func() uint64 {
			state = state*6364136223846793005 + 1442695040888963407 // Knuth's MMIX generator
			return state
		}
		fail(t, b, 3, 0)
		_, result := acquire(t, b, 0)
		if result.RetryAfter < 8*time.Second || result.RetryAfter > 10*time.Second {
			t.Fatalf("open for %v, want 8 to 10 s", result.RetryAfter)
		}
		seen[result.RetryAfter] = true
	}
	if len(seen) < 190 {
		t.Errorf("%d different open times in 200", len(seen))
	}
}

// TestRetryAfter: an upstream's wish lengthens the open time up to the longest.
func TestRetryAfter(t *testing.T) {
	for _, c := range []struct {
		name  string
		asked [3]time.Duration // by the three failures that open it, 1 s apart
		want  time.Duration
	}{
		{"nothing", [3]time.Duration{}, 10 * time.Second},
		{"less than the open time", [3]time.Duration{0, 0, 5 * time.Second}, 10 * time.Second},
		{"more", [3]time.Duration{0, 0, 30 * time.Second}, 30 * time.Second},
		{"an earlier failure", [3]time.Duration{30 * time.Second, 0, 0}, 28 * time.Second},
		{"the latest moment counts", [3]time.Duration{30 * time.Second, 0, 20 * time.Second}, 28 * time.Second},
		{"far too long", [3]time.Duration{0, 0, 1000 * time.Hour}, time.Minute},
		{"negative", [3]time.Duration{0, 0, -time.Hour}, 10 * time.Second},
	} {
		b := newBreaker(t, settings())
		b.random = func() uint64 { return 0 }
		for i, asked := range c.asked {
			at := start.Add(time.Duration(i) * time.Second)
			ticket, _, err := b.Acquire(at)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := b.Report(ticket, Failure, 0, asked, at); err != nil {
				t.Fatal(err)
			}
		}
		if _, result := acquire(t, b, 2*time.Second); result.RetryAfter != c.want {
			t.Errorf("%s: open for %v, want %v", c.name, result.RetryAfter, c.want)
		}
	}
}

// TestRetryAfterOfAProbe: an overloaded upstream that says when to come back.
func TestRetryAfterOfAProbe(t *testing.T) {
	b := opened(t, settings())
	ticket, _ := acquire(t, b, 10*time.Second)
	if _, err := b.Report(ticket, Failure, 0, 45*time.Second, start.Add(10*time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, result := acquire(t, b, 10*time.Second); result.RetryAfter != 45*time.Second {
		t.Errorf("open for %v, want 45s", result.RetryAfter)
	}
}

func TestProbesAreBounded(t *testing.T) {
	s := settings()
	s.HalfOpenProbes = 3
	b := opened(t, s)
	at := 10 * time.Second
	var tickets []Ticket
	for range 3 {
		ticket, result := acquire(t, b, at)
		if !result.Allowed || result.State != HalfOpen {
			t.Fatalf("probe refused: %+v", result)
		}
		tickets = append(tickets, ticket)
	}
	if _, result := acquire(t, b, at+time.Second); result.Allowed || result.RetryAfter != 4*time.Second {
		t.Fatalf("a fourth probe: %+v, want to wait until the first expires", result)
	}
	report(t, b, tickets[0], Success, at)
	if _, result := acquire(t, b, at); result.Allowed {
		t.Fatal("a success freed a slot: it must count as one of the three")
	}
	report(t, b, tickets[1], Excluded, at)
	again, result := acquire(t, b, at)
	if !result.Allowed {
		t.Fatalf("an excluded probe kept its slot: %+v", result)
	}
	if change := report(t, b, tickets[2], Success, at); change.Changed() {
		t.Fatalf("closed after two of three: %+v", change)
	}
	if change := report(t, b, again, Success, at); change != (Change{HalfOpen, Closed, ProbesSucceeded}) {
		t.Fatalf("after three of three: %+v", change)
	}
}

// TestLostProbe: a probe that never reports gives its slot back; when it comes
// back after all, its success counts for nothing and its failure does.
func TestLostProbe(t *testing.T) {
	for _, late := range []Outcome{Success, Failure, Excluded} {
		b := opened(t, settings())
		lost, _ := acquire(t, b, 10*time.Second)
		if _, result := acquire(t, b, 15*time.Second-1); result.Allowed {
			t.Fatal("a second probe before the first expired")
		}
		second, result := acquire(t, b, 15*time.Second)
		if !result.Allowed || result.Change.Changed() {
			t.Fatalf("the slot of a lost probe: %+v", result)
		}
		change := report(t, b, lost, late, 16*time.Second)
		if late == Failure {
			if change != (Change{HalfOpen, Open, ProbeFailed}) {
				t.Errorf("late failure: %+v", change)
			}
			continue
		}
		if change.Changed() {
			t.Errorf("late %v: %+v", late, change)
		}
		if _, result := acquire(t, b, 16*time.Second); result.Allowed {
			t.Errorf("late %v freed the slot of another probe", late)
		}
		if change := report(t, b, second, Success, 17*time.Second); change.To != Closed || !change.Changed() {
			t.Errorf("the second probe after late %v: %+v", late, change)
		}
	}
}

// TestLateResults: what a call of an earlier state reports changes nothing, and
// a ticket counts once for a probe.
func TestLateResults(t *testing.T) {
	b := newBreaker(t, settings())
	old, _ := acquire(t, b, 0)
	fail(t, b, 3, 0)
	report(t, b, old, Success, 1)
	if _, result := acquire(t, b, 1); result.Allowed {
		t.Fatal("a late success closed it")
	}
	probe, _ := acquire(t, b, 10*time.Second)
	for _, o := range []Outcome{Success, Failure, Excluded} {
		if change := report(t, b, old, o, 10*time.Second); change.Changed() {
			t.Fatalf("late outcome %v while half open: %+v", o, change)
		}
	}
	report(t, b, probe, Success, 10*time.Second)
	for range 10 {
		report(t, b, probe, Failure, 10*time.Second)
		report(t, b, old, Failure, 10*time.Second)
	}
	if _, result := acquire(t, b, 10*time.Second); !result.Allowed || result.State != Closed {
		t.Fatalf("late failures opened it: %+v", result)
	}
	if change := report(t, b, Ticket{}, Failure, 10*time.Second); change.Changed() {
		t.Fatalf("no ticket: %+v", change)
	}
}

func TestOrders(t *testing.T) {
	b := newBreaker(t, settings())
	order := func(o Override, want Change) {
		t.Helper()
		if got, err := b.Order(o, start); err != nil || got != want {
			t.Fatalf("order %v: got %+v, %v, want %+v", o, got, err, want)
		}
	}
	before, _ := acquire(t, b, 0)
	order(ForceOpen, Change{Closed, Open, Manual})
	order(ForceOpen, Change{})
	for _, at := range []time.Duration{0, time.Hour, 1000 * time.Hour} {
		if _, result := acquire(t, b, at); result.Allowed || result.State != Open || result.RetryAfter != 10*time.Second {
			t.Fatalf("forced open: %+v", result)
		}
	}
	order(ForceClosed, Change{Open, Closed, Manual})
	for range 20 {
		if result, change := makeCall(t, b, Failure, 0); !result.Allowed || change.Changed() {
			t.Fatalf("forced closed: %+v, %+v", result, change)
		}
	}
	order(Automatic, Change{Closed, Closed, Manual})
	order(Override(9), Change{})
	for range 5 {
		report(t, b, before, Failure, 0)
	}
	if change := fail(t, b, 3, 0); change.To != Open {
		t.Fatalf("automatic again: %+v", change)
	}
	order(ForceOpen, Change{Open, Open, Manual})
	order(Automatic, Change{Open, Closed, Manual})
	if result, _ := makeCall(t, b, Success, 0); !result.Allowed {
		t.Fatalf("an order to be automatic starts closed: %+v", result)
	}
}

// TestFewerProbesAfterReload: new settings ask for no more probes than have
// already succeeded; it must not stay half open for ever.
func TestFewerProbesAfterReload(t *testing.T) {
	s := settings()
	s.HalfOpenProbes = 3
	b := opened(t, s)
	makeCall(t, b, Success, 10*time.Second)
	makeCall(t, b, Success, 10*time.Second)
	s.HalfOpenProbes = 2
	reloaded := New(b.store, "openai", s, noJitter)
	_, result := acquire(t, reloaded, 10*time.Second)
	if !result.Allowed || result.Change != (Change{HalfOpen, Closed, ProbesSucceeded}) {
		t.Errorf("got %+v", result)
	}
}

// TestShorterOpenTimeAfterReload: the new longest open time holds at once.
func TestShorterOpenTimeAfterReload(t *testing.T) {
	s := settings()
	b := opened(t, s)
	s.Open, s.MaxOpen = time.Second, 2*time.Second
	if _, result := acquire(t, New(b.store, "openai", s, noJitter), 0); result.RetryAfter != 2*time.Second {
		t.Errorf("got %+v, want to wait 2s", result)
	}
}

// TestClock: a clock that is set back neither keeps it open nor loses a slot;
// one far forward only probes early.
func TestClock(t *testing.T) {
	for _, jump := range []time.Duration{-time.Minute, -time.Hour, -time.Duration(start.UnixNano()), -time.Duration(start.UnixNano()) - time.Hour} {
		b := opened(t, settings())
		if _, result := acquire(t, b, jump); result.Allowed || result.RetryAfter != 10*time.Second {
			t.Fatalf("jump %v: %+v, want another 10 s", jump, result)
		}
		at := max(jump, -time.Duration(start.UnixNano())) + 10*time.Second
		if _, result := acquire(t, b, at); !result.Allowed {
			t.Fatalf("jump %v: still open after 10 s: %+v", jump, result)
		}
	}
	b := opened(t, settings())
	acquire(t, b, 10*time.Second)
	if _, result := acquire(t, b, -time.Hour); !result.Allowed {
		t.Errorf("back an hour with a probe under way: %+v, want its slot back", result)
	}
	b = opened(t, settings())
	if _, result := acquire(t, b, 10000*time.Hour); !result.Allowed || result.State != HalfOpen {
		t.Errorf("far forward: %+v", result)
	}
	b = newBreaker(t, settings())
	ticket, _ := acquire(t, b, 0)
	if _, err := b.Report(ticket, Failure, 0, time.Minute, start); err != nil {
		t.Fatal(err)
	}
	fail(t, b, 2, -1000*time.Hour)
	if _, result := acquire(t, b, -1000*time.Hour); result.RetryAfter != time.Minute {
		t.Errorf("Retry-After from before the jump: %+v", result)
	}
}

func TestContention(t *testing.T) {
	store := &kvtest.Losing{Store: kv.NewMemory()}
	b := New(store, "openai", settings(), noJitter)
	fail(t, b, 3, 0)
	store.Losses = -1
	if ticket, result, err := b.Acquire(start.Add(10 * time.Second)); err != kv.ErrContended || ticket != (Ticket{}) || result != (Result{}) {
		t.Errorf("Acquire: %+v, %+v, %v", ticket, result, err)
	}
	if change, err := b.Tick(start.Add(10 * time.Second)); err != kv.ErrContended || change.Changed() {
		t.Errorf("Tick: %+v, %v", change, err)
	}
	store.Losses = 3
	ticket, result := acquire(t, b, 10*time.Second)
	if !result.Allowed {
		t.Fatalf("after three lost races: %+v", result)
	}
	store.Losses = -1
	if change, err := b.Report(ticket, Failure, 0, 0, start.Add(10*time.Second)); err != kv.ErrContended || change.Changed() {
		t.Errorf("Report: %+v, %v", change, err)
	}
	if change, err := b.Order(ForceOpen, start); err != kv.ErrContended || change.Changed() {
		t.Errorf("Order: %+v, %v", change, err)
	}
	store.Losses = 0
	if change, err := b.Report(ticket, Success, 0, 0, start.Add(10*time.Second)); err != nil || change.To != Closed {
		t.Errorf("Report again: %+v, %v", change, err)
	}
}

func TestForeignValue(t *testing.T) {
	store := kv.NewMemory()
	b := New(store, "openai", settings(), noJitter)
	for i, value := range [][]byte{{0}, {layout}, make([]byte, 42), []byte("a value of another plugin, long enough for a header")} {
		if err := store.Set("sparkward/1/breaker/openai", value, 0); err != nil {
			t.Fatal(err)
		}
		for range 3 { // counted once: the first call replaces it
			_, result := acquire(t, b, 0)
			if !result.Allowed || b.Corrupt() != uint64(i+1) {
				t.Errorf("over %x: %+v, %d corrupt, want %d", value, result, b.Corrupt(), i+1)
			}
		}
	}
	fail(t, b, 3, 0)
	if _, result := acquire(t, b, 0); result.Allowed {
		t.Error("did not open on top of a foreign value")
	}
}
