package guard

import (
	"strconv"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/breaker"
	"github.com/sparkward/sparkward/plugin/internal/config"
	"github.com/sparkward/sparkward/plugin/internal/limit"
	"github.com/sparkward/sparkward/plugin/internal/metric"
)

// commit is the last moment before the upstream sees anything, and the one
// place that takes a slot of its breaker.
func (r *Request) commit(now time.Time) *refusal {
	r.phase, r.sent = phaseUpstream, true
	r.outcome = breaker.Excluded // until an answer says otherwise
	r.cluster = r.stream.Property("xds", "cluster_name")
	b, policy := r.g.breakerFor(r.cluster)
	if b == nil || policy.Mode == config.Off {
		return nil
	}
	ticket, result, err := b.Acquire(now)
	r.g.countCorruptBreakers()
	if err != nil {
		return r.control(policy.Mode, r.doubt(causeBreaker))
	}
	r.noteChange(policy.Cluster, result.Change)
	r.audit.breaker = result.State.String()
	if !result.Allowed {
		return r.control(policy.Mode, openRefusal(policy.Cluster, result.RetryAfter))
	}
	r.breaker, r.ticket = b, ticket
	return nil
}

func openRefusal(cluster string, wait time.Duration) *refusal {
	text := strconv.FormatInt(limit.Seconds(wait), 10)
	return &refusal{
		reason:  CircuitOpen,
		message: "the upstream " + cluster + " has been failing and is given time to recover; try again in " + text + " s",
		headers: [][2]string{{"retry-after", text}},
	}
}

// countCorruptBreakers counts the damaged values that breakers have met since
// last asked.
func (g *Guard) countCorruptBreakers() {
	var n uint64
	for _, b := range g.breakers {
		n += b.Corrupt()
	}
	g.metrics.Add(metric.Corrupt, "breaker", int64(n-g.corruptBreakers))
	g.corruptBreakers = n
}

// report gives the slot back with what became of it.
func (r *Request) report(now time.Time) {
	if r.breaker == nil {
		return
	}
	change, err := r.breaker.Report(r.ticket, r.outcome, r.elapsed, r.retry, now)
	if err != nil {
		r.g.metrics.Inc(metric.Undecided, causeBreaker)
		return
	}
	r.noteChange(r.cluster, change)
	r.breaker = nil
}

// noteChange counts and logs a change of a breaker's state.
func (r *Request) noteChange(cluster string, c breaker.Change) {
	if !c.Changed() {
		return
	}
	r.g.metrics.Inc(metric.BreakerChanges, cluster)
	r.g.metrics.Move(metric.BreakerState, cluster, int64(c.From), int64(c.To))
	r.g.host.Log(c.To == breaker.Open, "breaker "+cluster+": "+c.From.String()+" to "+c.To.String()+" ("+c.Cause.String()+")")
}
