package guard

import (
	"time"

	"github.com/sparkward/sparkward/plugin/internal/breaker"
	"github.com/sparkward/sparkward/plugin/internal/metric"
)

// Done ends the story: the breaker learns what became of its slot, and the
// request is counted and audited.
func (r *Request) Done(now time.Time) {
	r.unpark()
	if r.sent && r.phase != phaseAnswered {
		r.settle()
		r.g.metrics.Observe(metric.Duration, since(r.started, now))
	}
	r.store(now)
	r.landed()
	r.report(now)
	r.settleTokens(now)
	r.publishTokens()
	r.countUsage(now)
	if r.audit.decision == "" {
		r.audit.decision = decisionAllowed
		if r.phase == phaseBody || r.unseen() {
			r.audit.decision = decisionProxy
		}
	}
	r.g.metrics.Inc(metric.Requests, r.audit.decision)
	r.g.line = r.audit.append(r.g.line[:0], r)
	r.stream.Publish("audit", r.g.line)
}

// unseen says that the proxy ended the request before its headers came here, as
// with a path that it does not take.
func (r *Request) unseen() bool { return r.started == 0 && r.audit.cause == "" }

// settle corrects the outcome of an answer that did not end. It is a failure of
// the upstream if the proxy says so by name. Whatever else ends a stream says
// nothing about it: a client that leaves (downstream_remote_disconnect,
// http2.remote_reset) or breaks the protocol (http1.codec_error, ...), or could
// open breakers at will.
func (r *Request) settle() {
	if r.breaker == nil || r.complete && r.judged {
		return
	}
	if upstreamFault(r.stream.Property("response", "code_details")) {
		r.outcome = breaker.Failure
		return
	}
	r.outcome = breaker.Excluded
}
