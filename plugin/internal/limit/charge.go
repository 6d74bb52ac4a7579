package limit

import "time"

// Charge is one budget to be charged N units, and what came of it. After
// Reserve it is the reservation that Settle turns into what was used.
type Charge struct {
	Key    Key
	Quota  Quota
	N      int64 // 0 only looks
	Result Result

	charged int64 // by Take, or held by Reserve
	made    int64 // when, in Unix nanoseconds
	held    bool
}

// Result tells what a Charge found.
type Result struct {
	Allowed bool
	// TooLarge means that N is above the quota's burst and can never pass.
	TooLarge bool
	// Limit is the burst and Remaining what is left of it, never negative.
	Limit, Remaining int64
	// RetryAfter is the time until the refused N will fit, if nothing else is
	// charged and reservations are used in full: above 0 when refused, else 0.
	RetryAfter time.Duration
	// ResetAfter is the time until the whole burst is free again, by the same
	// reckoning.
	ResetAfter time.Duration
}

// Seconds rounds d up to whole seconds, at least 1, as Retry-After wants them.
func Seconds(d time.Duration) int64 {
	return max(1, int64((d+time.Second-1)/time.Second))
}

func (c *Charge) tag() uint64 {
	class := classOf(cost(c.Quota.burst(), c.Quota.interval()))
	return c.Key.tag&^7 | uint64(class)
}

// take adds N to a budget if it fits, and notes the result.
func (c *Charge) take(e *entry, hold bool) {
	interval := c.Quota.interval()
	add, tolerance := cost(c.N, interval), cost(c.Quota.burst(), interval)
	c.Result.RetryAfter = 0
	switch after := e.used() + add; {
	case c.N > c.Quota.burst():
		c.Result.TooLarge = true
		c.Result.RetryAfter = max(duration(e.used()), 1)
	case after > tolerance:
		c.Result.RetryAfter = duration(after - tolerance)
	case hold:
		e.held[0] += add
		c.Result.Allowed = true
	default:
		e.lag = after - e.held[0] - e.held[1]
		c.Result.Allowed = true
	}
	if c.Result.Allowed {
		c.charged = max(c.N, 0)
	}
	c.note(e)
}

// note fills in what a budget has left.
func (c *Charge) note(e *entry) {
	interval := c.Quota.interval()
	used, tolerance := e.used(), cost(c.Quota.burst(), interval)
	c.Result.Remaining = 0
	if used < tolerance {
		c.Result.Remaining = int64((tolerance - used) / interval)
	}
	c.Result.ResetAfter = duration(used)
}

func (c *Charge) forget() { c.charged, c.made, c.held = 0, 0, false }

// extra is how much more than was charged is used: all of it, where it was only
// held.
func (c *Charge) extra(actual int64) int64 {
	if c.held {
		return actual
	}
	return actual - c.charged // below 0 costs nothing
}

// settled notes that actual has been charged.
func (c *Charge) settled(actual int64) {
	if c.held {
		c.charged = 0
	}
	c.charged, c.held = max(actual, c.charged), false
}
