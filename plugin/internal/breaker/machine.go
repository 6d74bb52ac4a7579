package breaker

import "time"

// skew is how far apart two workers may read the clock in the wrong order
// before it counts as set back.
const skew = int64(time.Second)

// settle begins the state anew where it lies ahead of now, after the clock was
// set back, and says whether it did.
func (r *record) settle(now int64) bool {
	if r.since <= now+skew {
		return false
	}
	r.since = now
	return true
}

// enter begins a new state and with it a new generation.
func (r *record) enter(to State, why Cause, now int64) Change {
	change := Change{From: r.state, To: to, Cause: why}
	r.state, r.since, r.generation = to, now, r.generation+1
	r.passed, r.inFlight, r.consecutive, r.openFor = 0, 0, 0, 0
	r.window = window{}
	return change
}

// open opens the breaker for a time that doubles with each opening since it was
// last closed, less up to a fifth at random, so that the proxies of a fleet do
// not probe all at once; or longer where the upstream asked for it. MaxOpen
// bounds both.
func (r *record) open(s *Settings, why Cause, now int64, random func() uint64) Change {
	wait, most := int64(s.Open), int64(s.MaxOpen)
	for range r.opens {
		if wait = min(2*wait, most); wait == most {
			break
		}
	}
	wait -= int64(random() % uint64(wait/5+1))
	wait = max(wait, min(r.retryAt-now, most))
	change := r.enter(Open, why, now)
	r.openFor, r.retryAt = wait, 0
	if r.opens < 255 {
		r.opens++
	}
	return change
}

func (r *record) close(why Cause, now int64) Change {
	change := r.enter(Closed, why, now)
	r.opens, r.retryAt = 0, 0
	return change
}

// acquire decides on one call.
func (r *record) acquire(s *Settings, now int64) (Ticket, Result) {
	switch r.override {
	case ForceClosed:
		return Ticket{}, Result{Allowed: true, State: r.state}
	case ForceOpen:
		return Ticket{}, Result{State: r.state, RetryAfter: s.Open}
	}
	change := r.wake(s, now)
	if r.state == Open {
		return Ticket{}, Result{State: Open, RetryAfter: r.wait(s, now)}
	}
	if r.state == HalfOpen {
		r.expire(s, now)
		if int(r.passed) < s.HalfOpenProbes {
			ticket, result := r.probe(s, now)
			result.Change = change
			return ticket, result
		}
		change = r.close(ProbesSucceeded, now) // new settings ask for fewer
	}
	return Ticket{generation: r.generation, valid: true}, Result{Allowed: true, Change: change}
}

// due says whether the time of an open breaker is over.
func (r *record) due(s *Settings, now int64) bool {
	return r.state == Open && r.override == Automatic && r.wait(s, now) <= 0
}

// wake makes a breaker that is due half-open.
func (r *record) wake(s *Settings, now int64) Change {
	if !r.due(s, now) {
		return Change{}
	}
	return r.enter(HalfOpen, OpenTimeOver, now)
}

// wait is how long the breaker stays open, bounded anew in case the settings
// changed.
func (r *record) wait(s *Settings, now int64) time.Duration {
	return time.Duration(r.since + min(r.openFor, int64(s.MaxOpen)) - now)
}

// expire frees the slots of probes that were lost. One that expires later than
// any could was taken before the clock was set back.
func (r *record) expire(s *Settings, now int64) {
	kept := 0
	for _, p := range r.probes[:r.inFlight] {
		if p.expires > now && p.expires <= now+int64(s.ProbeTimeout)+skew {
			r.probes[kept] = p
			kept++
		}
	}
	r.inFlight = kept
}

// probe takes a slot, if one is free.
func (r *record) probe(s *Settings, now int64) (Ticket, Result) {
	if r.inFlight+int(r.passed) >= s.HalfOpenProbes {
		wait := int64(s.Open)
		for _, p := range r.probes[:r.inFlight] {
			wait = min(wait, p.expires-now)
		}
		return Ticket{}, Result{State: HalfOpen, RetryAfter: time.Duration(wait)}
	}
	if r.serial++; r.serial == 0 {
		r.serial++
	}
	r.probes[r.inFlight] = probe{r.serial, now + int64(s.ProbeTimeout)}
	r.inFlight++
	return Ticket{r.generation, r.serial, true}, Result{Allowed: true, State: HalfOpen}
}

// finish frees the slot of a probe and says whether it still held one.
func (r *record) finish(serial uint32) bool {
	for i, p := range r.probes[:r.inFlight] {
		if p.serial == serial {
			r.inFlight--
			r.probes[i] = r.probes[r.inFlight]
			return true
		}
	}
	return false
}

// probed takes the result of a probe. A failure counts even when the probe was
// given up for lost, a success does not.
func (r *record) probed(s *Settings, serial uint32, c call, now int64, random func() uint64) (Change, bool) {
	held := r.finish(serial)
	switch {
	case c.outcome == Failure, c.outcome == Success && c.slow && s.SlowRatePercent > 0:
		r.ask(s, c, now)
		return r.open(s, ProbeFailed, now, random), true
	case c.outcome == Success && held:
		if r.passed++; int(r.passed) >= s.HalfOpenProbes {
			return r.close(ProbesSucceeded, now), true
		}
	}
	return Change{}, held
}

// ask remembers the upstream's Retry-After.
func (r *record) ask(s *Settings, c call, now int64) {
	if c.retryAfter > 0 {
		r.retryAt = max(r.retryAt, now+int64(min(c.retryAfter, s.MaxOpen)))
	}
}

// called takes the result of a call made while closed, and of earlier
// successes that were not counted yet.
func (r *record) called(s *Settings, c call, earlier uint32, now int64, random func() uint64) (Change, bool) {
	changed := false
	if c.outcome == Failure {
		r.consecutive, changed = saturated(r.consecutive, 1), true
		r.ask(s, c, now)
	} else if r.consecutive > 0 {
		r.consecutive, changed = 0, true
	}
	if s.ConsecutiveFailures > 0 && int64(r.consecutive) >= int64(s.ConsecutiveFailures) {
		return r.open(s, ConsecutiveFailures, now, random), true
	}
	if !s.rates() {
		return Change{}, changed && s.ConsecutiveFailures > 0
	}
	r.window.advance(int64(s.Window)/steps, now)
	r.window.add(c.counts())
	r.window.add(counts{calls: earlier})
	if why := s.trigger(r.window.total()); why != NoChange {
		return r.open(s, why, now, random), true
	}
	return Change{}, true
}

// trigger returns the rate trigger that these counts set off.
func (s *Settings) trigger(calls, failures, slow uint64) Cause {
	switch {
	case calls < uint64(s.MinimumCalls):
		return NoChange
	case s.FailureRatePercent > 0 && failures*100 >= uint64(s.FailureRatePercent)*calls:
		return FailureRate
	case s.SlowRatePercent > 0 && slow*100 >= uint64(s.SlowRatePercent)*calls:
		return SlowRate
	}
	return NoChange
}

// call is how a call ended.
type call struct {
	outcome    Outcome
	slow       bool
	retryAfter time.Duration
}

func (c call) counts() counts {
	n := counts{calls: 1}
	if c.outcome == Failure {
		n.failures = 1
	}
	if c.slow {
		n.slow = 1
	}
	return n
}
