package hostsim

import (
	"slices"
	"sync"
	"time"
)

// Clock is the time of a Host: what filters see, and what timers go by.
type Clock interface {
	Now() time.Time
	// AfterFunc calls f once, d from now. stop reports whether it came in time.
	AfterFunc(d time.Duration, f func()) (stop func() bool)
}

type realClock struct{}

func (realClock) Now() time.Time { return time.Now() }

func (realClock) AfterFunc(d time.Duration, f func()) func() bool {
	return time.AfterFunc(d, f).Stop
}

// ManualClock is a Clock that stands still until it is advanced. Make it with
// NewManualClock. A filter that sleeps until a time comes fails under it, as nobody can
// advance the clock meanwhile.
type ManualClock struct {
	mu     sync.Mutex
	now    time.Time
	timers []*manualTimer
}

type manualTimer struct {
	at time.Time
	f  func()
}

// NewManualClock returns a clock that shows the given time.
func NewManualClock(now time.Time) *ManualClock { return &ManualClock{now: now} }

// Now is the time that the clock shows.
func (c *ManualClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// AfterFunc implements Clock: f is called by the Advance that passes its time.
func (c *ManualClock) AfterFunc(d time.Duration, f func()) func() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	timer := &manualTimer{c.now.Add(d), f}
	c.timers = append(c.timers, timer)
	return func() bool { return c.remove(timer) }
}

func (c *ManualClock) remove(timer *manualTimer) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := len(c.timers)
	c.timers = slices.DeleteFunc(c.timers, func(t *manualTimer) bool { return t == timer })
	return len(c.timers) < before
}

// Advance moves the time on by d. Timers on the way are called one after the other,
// earliest first, each at its own time; Advance returns when all are done.
func (c *ManualClock) Advance(d time.Duration) {
	c.mu.Lock()
	end := c.now.Add(d)
	c.mu.Unlock()
	for {
		timer := c.next(end)
		if timer == nil {
			return
		}
		timer.f()
	}
}

// next takes out the earliest timer until end; if there is none the clock shows end.
func (c *ManualClock) next(end time.Time) *manualTimer {
	c.mu.Lock()
	defer c.mu.Unlock()
	var first *manualTimer
	for _, t := range c.timers {
		if !t.at.After(end) && (first == nil || t.at.Before(first.at)) {
			first = t
		}
	}
	if first == nil {
		if end.After(c.now) {
			c.now = end
		}
		return nil
	}
	if first.at.After(c.now) {
		c.now = first.at
	}
	c.timers = slices.DeleteFunc(c.timers, func(t *manualTimer) bool { return t == first })
	return first
}
