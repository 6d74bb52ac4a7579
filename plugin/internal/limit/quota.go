// Package limit charges request and token budgets. All callers of all workers
// share one table of fixed size.
package limit

import (
	"errors"
	"time"
)

const (
	// MaxPeriod is the longest period of a Quota: 31 days.
	MaxPeriod = 31 * 24 * time.Hour
	// maxTolerance bounds the time a full burst takes to refill.
	maxTolerance = 3 * MaxPeriod
	// maxCount bounds Count and Burst.
	maxCount = 1_000_000_000_000
)

// Quota allows Count units a Period on average and Burst at once. Over any
// stretch of time d at most Burst + Count*d/Period units pass.
type Quota struct {
	Count  int64         // 1 to 10^12, at most one a nanosecond
	Period time.Duration // 1ms to 31 days
	Burst  int64         // 0 means Count
}

// Validate says what to change in q, or nil.
func (q Quota) Validate() error {
	switch {
	case q.Count < 1 || q.Count > maxCount:
		return errors.New("count must be from 1 to 1000000000000")
	case q.Period < time.Millisecond || q.Period > MaxPeriod:
		return errors.New("period must be from 1ms to 744h (31 days)")
	case q.Count > int64(q.Period):
		return errors.New("count must be at most one a nanosecond: lower it or lengthen the period")
	case q.Burst < 0 || q.Burst > maxCount:
		return errors.New("burst must be from 1 to 1000000000000, or 0 for the same as the count")
	case float64(q.burst())/float64(q.Count)*float64(q.Period) > float64(maxTolerance):
		return errors.New("burst would take more than 93 days to refill: lower it")
	}
	return nil
}

func (q Quota) burst() int64 {
	if q.Burst == 0 {
		return q.Count
	}
	return q.Burst
}
