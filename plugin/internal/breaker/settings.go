// Package breaker stops calls to an upstream cluster that fails. The state of
// a cluster is one small value that all workers share.
package breaker

import (
	"errors"
	"time"
)

// Bounds of Settings.
const (
	// MaxProbes bounds HalfOpenProbes: each probe in flight takes 12 bytes of
	// the shared value.
	MaxProbes = 16
	// MaxTime bounds every duration.
	MaxTime = 24 * time.Hour
)

// StatusRange holds the HTTP statuses from First to Last, both included.
type StatusRange struct{ First, Last int }

// Settings says when the breaker of a cluster opens and how it closes again.
type Settings struct {
	// ConsecutiveFailures in a row open the breaker. 0 turns this trigger off.
	ConsecutiveFailures int
	// FailureRatePercent of the calls within Window, of which there must be
	// MinimumCalls, open it. 0 turns this trigger off.
	FailureRatePercent int
	// SlowCall is how long a call takes to count as slow; SlowRatePercent of
	// slow calls open like FailureRatePercent. Either at 0 turns it off.
	SlowCall        time.Duration
	SlowRatePercent int
	// Window is what the two rates look back on, in eight steps.
	Window       time.Duration
	MinimumCalls int
	// Open is how long the breaker first stays open. It doubles up to MaxOpen
	// with each probe that fails.
	Open, MaxOpen time.Duration
	// HalfOpenProbes are let through after that; when all succeed, none slow
	// if SlowRatePercent is on, the breaker closes. One that fails opens it.
	HalfOpenProbes int
	// ProbeTimeout frees the slot of a probe that has not reported back.
	ProbeTimeout time.Duration
	// FailureStatuses are the answers that count as failures.
	FailureStatuses []StatusRange
}

// Validate says what to change in s, or nil.
func (s Settings) Validate() error {
	switch {
	case s.ConsecutiveFailures < 0 || s.ConsecutiveFailures > 1_000_000:
		return errors.New("consecutive_failures must be from 0 to 1000000")
	case s.FailureRatePercent < 0 || s.FailureRatePercent > 100:
		return errors.New("failure_rate must be from 0 to 100 percent")
	case s.SlowRatePercent < 0 || s.SlowRatePercent > 100:
		return errors.New("slow_rate must be from 0 to 100 percent")
	case s.SlowRatePercent > 0 && s.SlowCall == 0:
		return errors.New("slow_rate needs slow_call, the time that makes a call slow")
	case s.SlowCall < 0 || s.SlowCall > MaxTime:
		return errors.New("slow_call must be from 0s to 24h")
	case s.rates() && (s.Window < 80*time.Millisecond || s.Window > MaxTime):
		return errors.New("window must be from 80ms to 24h")
	case s.rates() && (s.MinimumCalls < 1 || s.MinimumCalls > 1_000_000):
		return errors.New("minimum_calls must be from 1 to 1000000")
	case s.Open < time.Millisecond || s.Open > MaxTime:
		return errors.New("open must be from 1ms to 24h")
	case s.MaxOpen < s.Open || s.MaxOpen > MaxTime:
		return errors.New("max_open must be from open to 24h")
	case s.HalfOpenProbes < 1 || s.HalfOpenProbes > MaxProbes:
		return errors.New("probes must be from 1 to 16")
	case s.ProbeTimeout < time.Millisecond || s.ProbeTimeout > MaxTime:
		return errors.New("probe_timeout must be from 1ms to 24h")
	}
	for _, r := range s.FailureStatuses {
		if r.First < 100 || r.Last > 599 || r.First > r.Last {
			return errors.New("failure_statuses must be from 100 to 599, each range in rising order")
		}
	}
	return nil
}

// rates says whether a trigger needs the rolling window.
func (s Settings) rates() bool {
	return s.FailureRatePercent > 0 || s.SlowRatePercent > 0 && s.SlowCall > 0
}

// IsFailure says whether an upstream's answer with this status is a failure.
func (s Settings) IsFailure(status int) bool {
	for _, r := range s.FailureStatuses {
		if status >= r.First && status <= r.Last {
			return true
		}
	}
	return false
}
