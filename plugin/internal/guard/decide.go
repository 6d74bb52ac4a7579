package guard

import (
	"slices"

	"github.com/sparkward/sparkward/plugin/internal/config"
	"github.com/sparkward/sparkward/plugin/internal/metric"
)

// The decisions counted and audited.
const (
	decisionAllowed = "allowed"
	decisionRefused = "refused"
	decisionCached  = "cached"
	decisionOwn     = "own"   // one of the filter's own endpoints
	decisionProxy   = "proxy" // answered or ended by the proxy before the filter had decided
)

// The causes of a decision that could not be made.
const (
	causePanic    = "panic"
	causeHold     = "hold_unsupported"
	causeBody     = "body_unreadable"
	causeLimit    = "limit_contended"
	causeBreaker  = "breaker_contended"
	causeHeaders  = "headers_unreadable"
	causeTruncate = "scan_truncated"
	causeRewrite  = "body_not_rewritten"
)

var causes = [...]string{causePanic, causeHold, causeBody, causeLimit, causeBreaker, causeHeaders, causeTruncate, causeRewrite}

// refused ends the request with a refusal.
func (r *Request) refused(f *refusal) Verdict {
	r.g.metrics.Inc(metric.Refused, string(f.reason))
	r.audit.reason = string(f.reason)
	return r.answer(f.reply(r.api.Family(), r.id), decisionRefused)
}

// answer ends the request with a reply of the filter's own.
func (r *Request) answer(reply *Reply, decision string) Verdict {
	r.phase = phaseAnswered
	r.audit.decision = decision
	return Verdict{Action: Answer, Reply: reply}
}

// control applies a control's mode to its refusal: in shadow mode it is
// counted, once a request, and forgotten.
func (r *Request) control(mode config.Mode, f *refusal) *refusal {
	switch {
	case f == nil || mode == config.Off:
		return nil
	case mode == config.Enforce:
		return f
	}
	if !slices.Contains(r.audit.would, string(f.reason)) {
		r.g.metrics.Inc(metric.WouldRefuse, string(f.reason))
		r.audit.would = append(r.audit.would, string(f.reason))
	}
	return nil
}

// doubt is the configured answer to a decision that could not be made: a
// refusal, or nil to go on.
func (r *Request) doubt(cause string) *refusal {
	r.g.metrics.Inc(metric.Undecided, cause)
	r.audit.cause = cause
	if r.g.cfg.OnError == config.Allow {
		return nil
	}
	return &refusal{
		reason:  Undecided,
		message: "the request could not be checked (" + cause + ") and was not sent; try again, and give the request id to the operator if it persists",
		headers: [][2]string{{"retry-after", "1"}},
	}
}

// undecidable counts what could not be done about a request that is over.
func (g *Guard) undecidable(cause string) { g.metrics.Inc(metric.Undecided, cause) }

// undecided is doubt as a verdict.
func (r *Request) undecided(cause string) Verdict {
	if r.phase == phaseAnswered {
		return Verdict{}
	}
	if f := r.doubt(cause); f != nil {
		return r.refused(f)
	}
	return Verdict{}
}

// Unreadable is the configured answer when the host would not give the
// request's headers.
func (r *Request) Unreadable() Verdict { return r.undecided(causeHeaders) }
