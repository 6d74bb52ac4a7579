package breaker

import "time"

// State is where a breaker stands.
type State uint8

const (
	// Closed lets calls pass and watches how they end.
	Closed State = iota
	// Open refuses calls for a time.
	Open
	// HalfOpen lets a few probes pass to learn whether to close again.
	HalfOpen
)

// String returns "closed", "open" or "half_open".
func (s State) String() string {
	return [...]string{"closed", "open", "half_open", "unknown"}[min(s, 3)]
}

// Override is what an operator ordered.
type Override uint8

const (
	// Automatic leaves the breaker to its triggers.
	Automatic Override = iota
	// ForceOpen refuses every call until the next order.
	ForceOpen
	// ForceClosed lets every call pass, whatever comes of it.
	ForceClosed
)

// Outcome is how a call ended.
type Outcome uint8

const (
	// Excluded tells nothing about the upstream: the client left, the filter
	// or Envoy answered. The call gives back what it took.
	Excluded Outcome = iota
	// Success is an answer of the upstream that is not a failure.
	Success
	// Failure is a failed connection, a timeout, a reset or a failure status.
	Failure
)

// Cause says why a breaker changed.
type Cause uint8

// Causes of a Change. NoChange is that of none.
const (
	NoChange Cause = iota
	ConsecutiveFailures
	FailureRate
	SlowRate
	OpenTimeOver
	ProbeFailed
	ProbesSucceeded
	Manual
)

// String returns the cause in the words of logs and metrics.
func (c Cause) String() string {
	return [...]string{"none", "consecutive_failures", "failure_rate", "slow_rate",
		"open_time_over", "probe_failed", "probes_succeeded", "manual", "unknown"}[min(c, 8)]
}

// Change is one step of a breaker from state to state, to be logged and
// counted. The zero Change is none.
type Change struct {
	From, To State
	Cause    Cause
}

// Changed says whether there was a change.
func (c Change) Changed() bool { return c.Cause != NoChange }

// Ticket is the leave to make one call, to be handed back to Report. The zero
// Ticket is none.
type Ticket struct {
	generation uint32
	probe      uint32 // serial number of a probe, 0 for a call while closed
	valid      bool
}

// Result is the answer to Acquire.
type Result struct {
	Allowed bool
	State   State
	// RetryAfter is, for a refused call, the time after which another may be
	// let through; above 0.
	RetryAfter time.Duration
	Change     Change
}

// Status is what Peek tells of a breaker.
type Status struct {
	State    State
	Override Override
	Since    time.Time // of the last change; zero if there was none
	// RetryAfter is how long it stays open.
	RetryAfter time.Duration
	// Consecutive failures so far, and probes under way.
	Consecutive, Probes int
	// Calls, Failures and Slow are those of the window, 0 without a rate
	// trigger.
	Calls, Failures, Slow int
}
