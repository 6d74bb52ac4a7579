package guard

import (
	"strconv"
	"strings"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/breaker"
	"github.com/sparkward/sparkward/plugin/internal/config"
)

// ResponseHeaders judges the answer's headers and returns the edits that every
// answer gets, the filter's own included. end says that no body follows.
func (r *Request) ResponseHeaders(headers [][2]string, end bool, now time.Time) []Edit {
	h := fields(headers)
	r.status, _ = strconv.Atoi(h.get(":status"))
	r.complete = end
	if r.sent && r.phase != phaseAnswered {
		r.elapsed = since(r.started, now)
		r.judge(h)
		r.watch(h)
		r.capture(h)
	}
	return r.answerEdits(h.get("x-request-id") != "", now)
}

// ReplyEdits returns the edits that every answer gets, for a reply of the
// filter's own: so the reply takes them along, and ResponseHeaders need not be
// asked about it.
func (r *Request) ReplyEdits(now time.Time) []Edit { return r.answerEdits(false, now) }

func (r *Request) answerEdits(named bool, now time.Time) []Edit {
	edits := r.g.edits[:0]
	for _, header := range r.g.cfg.ResponseHeaders {
		edits = append(edits, Edit{Name: header[0], Value: header[1]})
	}
	if r.id != "" && !named {
		edits = append(edits, Edit{Name: "x-request-id", Value: r.id})
	}
	if r.cache != nil {
		edits = append(edits, Edit{Name: cacheHeader, Value: r.cache.state})
	}
	r.g.edits = r.limitHeaders(edits, now)
	return r.g.edits
}

// ResponseBody sees a piece of the answer go by, if it is Watching; end is set
// with the last one or with the trailers. Nothing is ever held back.
func (r *Request) ResponseBody(piece []byte, end bool, now time.Time) {
	if r.usage != nil && len(piece) > 0 {
		r.listen(piece, now)
	}
	if r.captures() {
		r.keep(piece)
	}
	if end {
		r.complete = true
		r.store(now)
		r.landed()
		r.publishTokens()
	}
}

// judge decides what the answer says about the upstream.
func (r *Request) judge(h fields) {
	if r.breaker == nil {
		return
	}
	_, policy := r.g.breakerFor(r.cluster)
	r.outcome = breaker.Success
	switch {
	case r.status >= 500 || policy.Settings.IsFailure(r.status):
		r.outcome = r.judgeFailure(policy)
		r.retry = retryAfter(h.get("retry-after"))
	case r.method != "POST" && r.stream.Property("response", "code_details") != "via_upstream":
		r.outcome = breaker.Excluded // a later filter answered, such as Envoy's cache
	}
	r.judged = true
}

// judgeFailure tells the upstream's failures from the proxy's own refusals.
func (r *Request) judgeFailure(policy *config.Breaker) breaker.Outcome {
	details := r.stream.Property("response", "code_details")
	switch {
	case details == "via_upstream" && !policy.Settings.IsFailure(r.status):
		return breaker.Success
	case details == "via_upstream", upstreamFault(details):
		return breaker.Failure
	}
	return breaker.Excluded
}

// upstreamFault says whether a local answer of the proxy stands for a failure
// of the upstream: no connection, a reset or a timeout. The prefixes are those
// of Envoy's response code details. Overflow of the proxy's own circuit
// breakers, a missing route or cluster and refusals by other filters are not.
func upstreamFault(details string) bool {
	switch {
	case strings.Contains(details, "overflow"):
		return false
	case strings.HasPrefix(details, "upstream_reset_before_response_started"),
		strings.HasPrefix(details, "upstream_reset_after_response_started"),
		details == "upstream_response_timeout",
		details == "upstream_per_try_timeout",
		details == "upstream_per_try_idle_timeout",
		details == "response_timeout",
		details == "stream_idle_timeout",
		details == "max_duration_timeout",
		details == "upstream_max_stream_duration_reached",
		details == "no_healthy_upstream":
		return true
	}
	return false
}

// retryAfter reads the header in its seconds form; anything else is 0.
func retryAfter(text string) time.Duration {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Second
}
