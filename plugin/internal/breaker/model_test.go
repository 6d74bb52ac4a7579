package breaker

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/kv"
)

// model is a breaker as the documentation says it: lists of what happened
// instead of counters, and no stored form.
type model struct {
	s      Settings
	random func() uint64

	state       State
	override    Override
	since       time.Time
	until       time.Time // of Open
	epoch       int       // number of the state
	openings    int       // since it was last closed
	consecutive int
	calls       []modelCall // since it was closed
	probes      []modelProbe
	succeeded   int
	retryAt     time.Time
	issued      int
}

type modelCall struct {
	at         time.Time
	fail, slow bool
}

type modelProbe struct {
	id      int
	expires time.Time
}

type modelTicket struct{ epoch, probe int }

func (m *model) enter(to State, why Cause, now time.Time) Change {
	change := Change{m.state, to, why}
	m.state, m.since, m.epoch = to, now, m.epoch+1
	m.consecutive, m.succeeded, m.calls, m.probes = 0, 0, nil, nil
	return change
}

func (m *model) open(why Cause, now time.Time) Change {
	length := m.s.Open
	for i := 0; i < m.openings && length < m.s.MaxOpen; i++ {
		length = min(length*2, m.s.MaxOpen)
	}
	length -= time.Duration(m.random() % uint64(length/5+1))
	if asked := min(m.retryAt.Sub(now), m.s.MaxOpen); !m.retryAt.IsZero() && asked > length {
		length = asked
	}
	change := m.enter(Open, why, now)
	m.until, m.retryAt = now.Add(length), time.Time{}
	m.openings++
	return change
}

func (m *model) close(why Cause, now time.Time) Change {
	m.openings, m.retryAt = 0, time.Time{}
	return m.enter(Closed, why, now)
}

// acquire returns a nil ticket where no report is wanted.
func (m *model) acquire(now time.Time) (*modelTicket, Result) {
	switch {
	case m.override == ForceClosed:
		return nil, Result{Allowed: true, State: m.state}
	case m.override == ForceOpen:
		return nil, Result{State: m.state, RetryAfter: m.s.Open}
	case m.state == Closed:
		return &modelTicket{epoch: m.epoch}, Result{Allowed: true}
	case m.state == Open && now.Before(m.until):
		return nil, Result{State: Open, RetryAfter: m.until.Sub(now)}
	}
	change := m.tick(now)
	m.probes = slices.DeleteFunc(m.probes, func(p modelProbe) bool { return !p.expires.After(now) })
	if len(m.probes)+m.succeeded >= m.s.HalfOpenProbes {
		wait := m.s.Open
		for _, p := range m.probes {
			wait = min(wait, p.expires.Sub(now))
		}
		return nil, Result{State: HalfOpen, RetryAfter: wait}
	}
	m.issued++
	m.probes = append(m.probes, modelProbe{m.issued, now.Add(m.s.ProbeTimeout)})
	return &modelTicket{m.epoch, m.issued}, Result{Allowed: true, State: HalfOpen, Change: change}
}

// due says whether an open breaker has been open for long enough.
func (m *model) due(now time.Time) bool {
	return m.state == Open && m.override == Automatic && !now.Before(m.until)
}

func (m *model) tick(now time.Time) Change {
	if !m.due(now) {
		return Change{}
	}
	return m.enter(HalfOpen, OpenTimeOver, now)
}

func (m *model) report(t modelTicket, o Outcome, elapsed, retryAfter time.Duration, now time.Time) Change {
	if t.epoch != m.epoch || m.override != Automatic {
		return Change{}
	}
	slow := m.s.SlowCall > 0 && elapsed >= m.s.SlowCall
	if o == Failure && retryAfter > 0 {
		if at := now.Add(min(retryAfter, m.s.MaxOpen)); at.After(m.retryAt) {
			m.retryAt = at
		}
	}
	if m.state == HalfOpen {
		return m.probed(t.probe, o, slow && m.s.SlowRatePercent > 0, now)
	}
	if o == Excluded {
		return Change{}
	}
	if m.consecutive++; o == Success {
		m.consecutive = 0
	}
	if m.s.ConsecutiveFailures > 0 && m.consecutive >= m.s.ConsecutiveFailures {
		return m.open(ConsecutiveFailures, now)
	}
	m.calls = append(m.calls, modelCall{now, o == Failure, slow})
	return m.rates(now)
}

func (m *model) probed(id int, o Outcome, slow bool, now time.Time) Change {
	held := slices.ContainsFunc(m.probes, func(p modelProbe) bool { return p.id == id })
	m.probes = slices.DeleteFunc(m.probes, func(p modelProbe) bool { return p.id == id })
	if o == Failure || o == Success && slow {
		return m.open(ProbeFailed, now)
	}
	if o == Success && held {
		if m.succeeded++; m.succeeded == m.s.HalfOpenProbes {
			return m.close(ProbesSucceeded, now)
		}
	}
	return Change{}
}

func (m *model) rates(now time.Time) Change {
	step := func(t time.Time) int64 { return t.UnixNano() / (int64(m.s.Window) / 8) }
	calls, failures, slow := 0, 0, 0
	for _, c := range m.calls {
		if step(now)-step(c.at) >= 8 {
			continue
		}
		calls++
		if c.fail {
			failures++
		}
		if c.slow {
			slow++
		}
	}
	if calls < m.s.MinimumCalls {
		return Change{}
	}
	if p := m.s.FailureRatePercent; p > 0 && failures*100 >= p*calls {
		return m.open(FailureRate, now)
	}
	if p := m.s.SlowRatePercent; p > 0 && m.s.SlowCall > 0 && slow*100 >= p*calls {
		return m.open(SlowRate, now)
	}
	return Change{}
}

func (m *model) order(o Override, now time.Time) Change {
	if o == m.override {
		return Change{}
	}
	change := m.close(Manual, now)
	if m.override = o; o == ForceOpen {
		m.state, change.To = Open, Open
	}
	return change
}

func randomSettings(random *rand.Rand) Settings {
	s := Settings{
		ConsecutiveFailures: random.IntN(6),
		FailureRatePercent:  []int{0, 0, 1, 50, 100}[random.IntN(5)],
		SlowRatePercent:     []int{0, 0, 30, 100}[random.IntN(4)],
		SlowCall:            time.Second,
		Window:              80*time.Millisecond + time.Duration(random.Int64N(int64(time.Minute))),
		MinimumCalls:        1 + random.IntN(20),
		Open:                time.Millisecond + time.Duration(random.Int64N(int64(10*time.Second))),
		HalfOpenProbes:      1 + random.IntN(4),
		ProbeTimeout:        time.Millisecond + time.Duration(random.Int64N(int64(20*time.Second))),
	}
	s.MaxOpen = s.Open * time.Duration(1+random.IntN(10))
	return s
}

// TestBreakerAgainstModel drives four workers' breakers over one store and the
// model through the same random events.
func TestBreakerAgainstModel(t *testing.T) {
	changes := map[Cause]int{}
	for seed := range uint64(150) {
		random := rand.New(rand.NewPCG(seed, 21))
		s := randomSettings(random)
		if err := s.Validate(); err != nil {
			t.Fatal(err)
		}
		runAgainstModel(t, seed, s, random, changes)
	}
	for cause := ConsecutiveFailures; cause <= Manual; cause++ {
		if changes[cause] < 10 {
			t.Errorf("%v happened %d times in the whole run", cause, changes[cause])
		}
	}
}

func runAgainstModel(t *testing.T, seed uint64, s Settings, random *rand.Rand, changes map[Cause]int) {
	jitter := func() func() uint64 { return rand.New(rand.NewPCG(seed, 22)).Uint64 }
	store, shared := kv.NewMemory(), jitter()
	var workers []*Breaker
	for range 4 {
		workers = append(workers, New(store, "openai", s, shared))
	}
	m := &model{s: s, random: jitter()}
	type call struct {
		worker *Breaker
		ticket Ticket
		model  modelTicket
	}
	var calls []call
	now, health := start, random.IntN(101)
	for i := range 600 {
		if random.IntN(50) == 0 {
			health = random.IntN(101)
		}
		now = now.Add(time.Duration(random.Int64N(1 << random.UintN(33))))
		b := workers[random.IntN(4)]
		var got, want Change
		switch event := random.IntN(100); {
		case event == 0:
			o := Override(random.IntN(3))
			var err error
			if got, err = b.Order(o, now); err != nil {
				t.Fatal(err)
			}
			want = m.order(o, now)
		case event < 5:
			var err error
			if got, err = b.Tick(now); err != nil {
				t.Fatal(err)
			}
			want = m.tick(now)
		case event < 50:
			ticket, result, err := b.Acquire(now)
			modelTicket, wantResult := m.acquire(now)
			if err != nil || result != wantResult {
				t.Fatalf("seed %d, %+v, event %d: got %+v, %v, want %+v", seed, s, i, result, err, wantResult)
			}
			got, want = result.Change, wantResult.Change
			if modelTicket != nil && random.IntN(10) > 0 { // every tenth is lost
				calls = append(calls, call{b, ticket, *modelTicket})
			}
		case len(calls) > 0:
			j := random.IntN(len(calls))
			c := calls[j]
			calls = slices.Delete(calls, j, j+1)
			outcome, elapsed, retryAfter := Failure, time.Duration(random.Int64N(int64(2*time.Second))), time.Duration(0)
			if random.IntN(101) < health {
				outcome = Success
			} else if random.IntN(5) == 0 {
				retryAfter = time.Duration(random.Int64N(int64(time.Minute)))
			}
			if random.IntN(10) == 0 {
				outcome = Excluded
			}
			var err error
			if got, err = c.worker.Report(c.ticket, outcome, elapsed, retryAfter, now); err != nil {
				t.Fatal(err)
			}
			want = m.report(c.model, outcome, elapsed, retryAfter, now)
		}
		if got != want {
			t.Fatalf("seed %d, %+v, event %d: got change %+v, want %+v", seed, s, i, got, want)
		}
		changes[got.Cause]++
		status, err := b.Peek(now)
		state := m.state
		if m.due(now) {
			state = HalfOpen
		}
		if err != nil || status.State != state || status.Override != m.override || s.ConsecutiveFailures > 0 && status.Consecutive != m.consecutive {
			t.Fatalf("seed %d, event %d: status %+v, %v, want %v, %v, %d failures", seed, i, status, err, state, m.override, m.consecutive)
		}
	}
}
