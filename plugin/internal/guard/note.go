package guard

import (
	"time"

	"github.com/sparkward/sparkward/plugin/internal/breaker"
	"github.com/sparkward/sparkward/plugin/internal/metric"
)

// report gives the breaker's slot back with what became of it.
func (r *Request) report(now time.Time) {
	if r.breaker == nil {
		return
	}
	change, err := r.breaker.Report(r.ticket, r.outcome, r.elapsed, r.retry, now)
	if err != nil {
		r.g.undecidable(causeBreaker)
		return
	}
	r.g.noteChange(r.cluster, change)
	r.breaker = nil
}

// noteChange counts and logs a change of a breaker's state.
func (g *Guard) noteChange(cluster string, c breaker.Change) {
	if c.From == c.To { // no change, or an order that leaves things as they are
		return
	}
	g.metrics.Inc(metric.BreakerChanges, cluster)
	g.metrics.Move(metric.BreakerState, cluster, int64(c.From), int64(c.To))
	g.host.Log(c.To == breaker.Open, "breaker "+cluster+": "+c.From.String()+" to "+c.To.String()+" ("+c.Cause.String()+")")
}

// wakeBreakers lets breakers whose open time is over be half-open. Contention is
// no matter: the next tick or call does it.
func (g *Guard) wakeBreakers(now time.Time) {
	for i, b := range g.breakers {
		if change, err := b.Tick(now); err == nil {
			g.noteChange(g.cfg.Breakers[i].Cluster, change)
		}
	}
	g.countCorruptBreakers()
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
