package limit

import (
	"math/bits"
	"time"
)

// The algorithm is GCRA in its continuous-state leaky bucket form: ITU-T
// recommendation I.371 (2004), annex A, where a bucket's base is the last
// conformance time and a budget's lag is the leaky bucket counter.
//
// A reservation is added to what must fit, but is not a charge: it neither
// drains nor counts as used. Settling takes it away and charges what was used.
// So what is settled follows GCRA to the unit, over any stretch of time.

// interval is the time that one unit takes to drain, in units of 1/256 ns,
// rounded up: never more than Count units a Period drain.
func (q Quota) interval() uint64 {
	hi, lo := bits.Mul64(uint64(max(q.Period, 1)), 1<<unitBits)
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

// locate finds or inserts the budgets of charges, of which there are fewer than
// ways. The place of one that cannot be inserted is -1.
func (b *bucket) locate(charges []Charge, places *[ways]int) {
	keep := uint(0)
	for i := range charges {
		if places[i] = b.find(charges[i].tag()); places[i] >= 0 {
			keep |= 1 << places[i]
		}
	}
	for i := range charges {
		if places[i] >= 0 {
			continue
		}
		if places[i] = b.find(charges[i].tag()); places[i] < 0 {
			places[i] = b.insert(charges[i].tag(), keep)
		}
		if places[i] >= 0 {
			keep |= 1 << places[i]
		}
	}
}

// take charges all of charges, or holds them if hold, if every budget has room,
// and notes the results.
func (b *bucket) take(charges []Charge, places *[ways]int, hold bool) (allowed, changed bool) {
	before := b.entries
	allowed = true
	for i := range charges {
		c := &charges[i]
		c.Result = Result{Limit: c.Quota.burst(), RetryAfter: fullWait}
		if places[i] >= 0 {
			c.take(&b.entries[places[i]], hold)
		}
		c.made, c.held = b.base, hold
		allowed = allowed && c.Result.Allowed
		changed = changed || c.N > 0
	}
	if allowed {
		return true, changed
	}
	b.entries = before
	for i := range charges {
		if places[i] >= 0 {
			charges[i].note(&b.entries[places[i]])
		}
		charges[i].forget()
	}
	return false, false
}

// settle charges what was used and lets go of what was held, and says whether
// anything changed. A budget without a place, in a bucket full of others with
// holds, is charged to the floor that it will come back at.
func (b *bucket) settle(charges []Charge, places *[ways]int, actual int64) (changed bool) {
	for i := range charges {
		c := &charges[i]
		add := cost(c.extra(actual), c.Quota.interval())
		lag := &b.floors[c.tag()&3]
		if places[i] >= 0 {
			e := &b.entries[places[i]]
			changed = b.release(c, e) || changed
			lag = &e.lag
		}
		*lag = min(*lag+add, maxLag)
		changed = changed || add > 0
	}
	return changed
}

// release takes a reservation away, if it has not lapsed.
func (b *bucket) release(c *Charge, e *entry) bool {
	age, there := b.holdAge(c.made / holdTime)
	if !c.held || !there || c.charged == 0 {
		return false
	}
	e.held[age] -= min(cost(c.charged, c.Quota.interval()), e.held[age])
	return true
}

// undo takes charges and reservations back that were made a moment ago, but
// nothing that has drained since.
func (b *bucket) undo(charges []Charge, places *[ways]int) {
	for i := range charges {
		if places[i] < 0 {
			continue
		}
		c, e := &charges[i], &b.entries[places[i]]
		if c.held {
			b.release(c, e)
			continue
		}
		drained := min(uint64(max(b.base-c.made, 0)), maxLag>>unitBits) << unitBits
		add := cost(c.charged, c.Quota.interval())
		e.lag -= min(add-min(drained, add), e.lag)
	}
}

// duration rounds a lag up to nanoseconds.
func duration(lag uint64) time.Duration {
	return time.Duration((lag + 1<<unitBits - 1) >> unitBits)
}
