package limit

import (
	"math/bits"
	"time"
)

// The algorithm is GCRA in its continuous-state leaky bucket form: ITU-T
// recommendation I.371 (2004), annex A, where a bucket's base is the last
// conformance time and a budget's lag is the leaky bucket counter.

// interval is the time that one unit takes to drain, in units of 1/256 ns,
// rounded up: never more than Count units a Period drain.
func (q Quota) interval() uint64 {
	hi, lo := bits.Mul64(uint64(q.Period), 1<<unitBits)
	count := uint64(max(q.Count, 1))
	interval, rest := bits.Div64(hi%count, lo, count)
	if rest > 0 {
		interval++
	}
	return interval
}

// cost is the lag that n units add, at most maxLag.
func cost(n int64, interval uint64) uint64 {
	hi, lo := bits.Mul64(uint64(max(n, 0)), interval)
	if hi > 0 || lo > maxLag {
		return maxLag
	}
	return lo
}

func (c *Charge) tag() uint64 {
	class := classOf(cost(c.Quota.burst(), c.Quota.interval()))
	return c.Key.tag&^3 | uint64(class)
}

// locate finds or inserts the budgets of charges, of which there are fewer than
// ways.
func (b *bucket) locate(charges []Charge, places *[ways]int) {
	keep := uint(0)
	for i := range charges {
		if places[i] = b.find(charges[i].tag()); places[i] >= 0 {
			keep |= 1 << places[i]
		}
	}
	for i := range charges {
		if places[i] < 0 {
			if places[i] = b.find(charges[i].tag()); places[i] < 0 {
				places[i] = b.insert(charges[i].tag(), keep)
			}
			keep |= 1 << places[i]
		}
	}
}

// take charges all of charges if every budget has room, and notes the results.
func (b *bucket) take(charges []Charge, places *[ways]int) (allowed, changed bool) {
	before := b.entries
	allowed = true
	for i := range charges {
		c := &charges[i]
		lag := &b.entries[places[i]].lag
		*lag = c.take(*lag)
		c.end, c.endPart = b.base+int64(*lag>>unitBits), *lag&(1<<unitBits-1)
		allowed = allowed && c.Result.Allowed
		changed = changed || c.N > 0
	}
	if allowed {
		return true, changed
	}
	b.entries = before
	for i := range charges {
		charges[i].note(b.entries[places[i]].lag)
		charges[i].settled, charges[i].end = 0, 0
	}
	return false, false
}

// take returns the lag after charging N to a budget, or as it was when N does
// not fit.
func (c *Charge) take(lag uint64) uint64 {
	interval, burst := c.Quota.interval(), c.Quota.burst()
	tolerance, after := cost(burst, interval), lag+cost(c.N, interval)
	c.Result = Result{Limit: burst}
	switch {
	case c.N > burst:
		c.Result.TooLarge = true
		c.Result.RetryAfter = max(duration(lag), 1)
	case after > tolerance:
		c.Result.RetryAfter = duration(after - tolerance)
	default:
		c.Result.Allowed = true
		c.settled = max(c.N, 0)
		lag = after
	}
	c.note(lag)
	return lag
}

// note fills in what a budget has left.
func (c *Charge) note(lag uint64) {
	interval := c.Quota.interval()
	tolerance := cost(c.Quota.burst(), interval)
	c.Result.Remaining = 0
	if lag < tolerance {
		c.Result.Remaining = int64((tolerance - lag) / interval)
	}
	c.Result.ResetAfter = duration(lag)
}

// settle corrects the budgets of charges to actual and says whether any
// changed.
func (b *bucket) settle(charges []Charge, places *[ways]int, actual int64) (changed bool) {
	for i := range charges {
		lag := &b.entries[places[i]].lag
		after := charges[i].settle(*lag, b.base, actual)
		changed = changed || after != *lag
		*lag = after
	}
	return changed
}

// settle returns the lag corrected to actual. What is given back is at most
// what has not drained yet: charges drain in the order they came, so the rest
// of this one is what lies between now and its end.
func (c *Charge) settle(lag uint64, now, actual int64) uint64 {
	interval := c.Quota.interval()
	if actual >= c.settled {
		return min(lag+cost(actual-c.settled, interval), maxLag)
	}
	if c.end <= now {
		return lag
	}
	left := min(uint64(c.end-now), maxLag>>unitBits)<<unitBits + c.endPart
	return lag - min(cost(c.settled-actual, interval), left, lag)
}

// duration rounds a lag up to nanoseconds.
func duration(lag uint64) time.Duration {
	return time.Duration((lag + 1<<unitBits - 1) >> unitBits)
}
