package guard

import (
	"strconv"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/breaker"
	"github.com/sparkward/sparkward/plugin/internal/config"
	"github.com/sparkward/sparkward/plugin/internal/limit"
)

// routeHeader tells the host's route which cluster to use.
const routeHeader = internal + "cluster"

// commit is the last moment before the upstream sees anything, and the one
// place that takes a slot of its breaker. It adds to verdict what the chosen
// upstream needs.
func (r *Request) commit(verdict Verdict, now time.Time) Verdict {
	r.phase, r.sent = phaseUpstream, true
	r.outcome = breaker.Excluded // until an answer says otherwise
	if up := r.g.upstreamOf(r.path); up == nil {
		if f := r.acquire(r.stream.Property("xds", "cluster_name"), now); f != nil {
			return r.refused(f)
		}
	} else {
		if f := r.choose(up, now); f != nil {
			return r.refused(f)
		}
		verdict.Edits = append(verdict.Edits, Edit{Name: routeHeader, Value: r.cluster})
	}
	verdict, err := r.rewrite(verdict)
	if err != nil {
		return r.undecided(causeRewrite)
	}
	return r.addCredential(verdict)
}

// choose takes the first cluster, of an upstream and its fallbacks, whose
// breaker lets the call pass. Where none does, the refusal is that of the
// cluster which will be back first.
func (r *Request) choose(up *config.Upstream, now time.Time) *refusal {
	first := r.acquire(up.Cluster, now)
	if first == nil {
		return nil
	}
	for i := range up.Fallbacks {
		f := r.acquire(up.Fallbacks[i].Cluster, now)
		if f == nil {
			r.fallback = &up.Fallbacks[i]
			return nil
		}
		if f.wait < first.wait {
			first = f
		}
	}
	return first
}

// acquire asks the breaker of a cluster, if it has one, for leave to call it.
func (r *Request) acquire(cluster string, now time.Time) *refusal {
	r.cluster = cluster
	b, policy := r.g.breakerFor(cluster)
	if b == nil || policy.Mode == config.Off {
		return nil
	}
	ticket, result, err := b.Acquire(now)
	r.g.countCorruptBreakers()
	if err != nil {
		return r.control(policy.Mode, r.doubt(causeBreaker))
	}
	r.g.noteChange(cluster, result.Change)
	r.audit.breaker = result.State.String()
	if !result.Allowed {
		return r.control(policy.Mode, openRefusal(cluster, result.RetryAfter))
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
		wait:    wait,
	}
}
