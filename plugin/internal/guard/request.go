package guard

import (
	"time"

	"github.com/sparkward/sparkward/plugin/internal/apikey"
	"github.com/sparkward/sparkward/plugin/internal/breaker"
	"github.com/sparkward/sparkward/plugin/internal/config"
	"github.com/sparkward/sparkward/plugin/internal/limit"
	"github.com/sparkward/sparkward/plugin/internal/llm"
	"github.com/sparkward/sparkward/plugin/internal/metric"
)

// Stream is what the proxy knows of one request beside headers and body.
type Stream interface {
	// Property returns a property of the stream, or "" when it is absent.
	Property(path ...string) string
	// Publish sets a filter state of the stream for access logs and later
	// filters. An empty value is not published.
	Publish(name string, value []byte)
}

// phase is how far the story of a request has come.
type phase uint8

const (
	phaseStart    phase = iota
	phaseBody           // waiting for the end of the body
	phaseParked         // waiting for the answer to the same question
	phaseUpstream       // the upstream may have seen the request
	phaseAnswered       // this filter answered
)

// Request is the story of one request.
type Request struct {
	g      *Guard
	stream Stream
	phase  phase
	held   bool // the headers wait for the body's verdict
	sent   bool // committed: the upstream may have seen the request

	started   int64 // Unix nanoseconds
	id        string
	method    string
	path      string // without the query
	plain     bool   // the path can be read in one way only
	media     string
	encoding  string
	api       llm.API
	key       *apikey.Key // nil without a credential
	user      string      // of the key, or named by the host; "" when unknown
	address   string      // set when the user is unknown, or a limit needs it
	body      []byte      // whole, until the request is sent
	model     string
	streaming bool
	actions   config.Actions // on texts, by their role

	quota   limit.Result  // the tightest of the limits charged
	quotaOf *config.Limit // the limit it belongs to, or nil

	promptTokens int64          // estimated
	reserved     []limit.Charge // of token budgets, until settled
	tokens       limit.Result   // the tightest of them
	tokensOf     *config.Limit
	usage        *llm.UsageReader // of the answer, while it passes by
	events       bool             // the answer is a stream of events
	spoke        int64            // Unix nanoseconds of its first text, or 0

	cache *cacheCall // &call; nil for calls that are not to be cached
	call  cacheCall
	wait  *parked // nil unless phaseParked

	breaker *breaker.Breaker
	ticket  breaker.Ticket
	cluster string
	// fallback is the one chosen instead of the path's own cluster, or nil.
	fallback *config.Fallback
	outcome  breaker.Outcome
	judged   bool          // outcome is known
	elapsed  time.Duration // to the response headers
	retry    time.Duration // the upstream's Retry-After

	published bool // the tokens used

	status   int
	complete bool // the answer ended as it should
	audit    audit
}

// Start begins the story of a request in r, whose memory is used again. What
// the proxy lends the story is its to keep for so long: the request's headers
// until Done returns, the answer's headers and the pieces of bodies for one
// call, a shared value until the next Get.
func (g *Guard) Start(r *Request, stream Stream) {
	*r = Request{g: g, stream: stream, reserved: r.reserved[:0], call: cacheCall{decides: r.call.decides[:0]}}
}

// Begin decides on the request headers. end says that no body follows.
func (r *Request) Begin(headers [][2]string, end bool, now time.Time) Verdict {
	h := fields(headers)
	r.read(h, now)
	if reply, own := r.ownEndpoint(h, now); own {
		return r.answer(reply, decisionOwn)
	}
	f := r.checkHeaders(h)
	if f == nil {
		f = r.checkDeclaredSize(h)
	}
	if f != nil { // before it is known who calls
		r.useAddress(h)
		return r.refused(f)
	}
	if f := r.identify(h, now); f != nil {
		return r.refused(f)
	}
	if f := r.takeLimits(now); f != nil {
		return r.refused(f)
	}
	if !end {
		r.prepareCache(h)
	}
	r.held = !end && r.g.cfg.HeaderMode == config.Hold
	if r.held {
		r.phase = phaseBody
		return Verdict{Action: Wait, Edits: r.upstreamEdits(h)}
	}
	verdict := r.commit(Verdict{Edits: r.upstreamEdits(h)}, now)
	if !end && verdict.Action != Answer {
		r.phase = phaseBody
	}
	return verdict
}

// RequestBody decides on the body. size is what has come so far, read returns
// all of it, and end is set with the last piece or with the trailers.
func (r *Request) RequestBody(size int, read func() ([]byte, error), end bool, now time.Time) Verdict {
	if r.phase != phaseBody {
		return Verdict{}
	}
	if f := r.checkSize(int64(size)); f != nil {
		return r.refused(f)
	}
	if !end {
		return Verdict{Action: Wait}
	}
	body, f := r.wholeBody(size, read)
	if f != nil {
		return r.refused(f)
	}
	if reply := r.askedAgain(body, now); reply != nil {
		return r.answer(reply, decisionCached)
	}
	verdict, f := r.inspectAll(body)
	if f != nil {
		return r.refused(f)
	}
	reply := r.fromCache(now)
	r.remember(verdict)
	if reply != nil {
		return r.answer(reply, decisionCached)
	}
	if r.park(verdict, now) {
		return Verdict{Action: Wait}
	}
	return r.sendOn(verdict, now)
}

// sendOn takes what the call needs of its budgets and lets it go upstream.
func (r *Request) sendOn(verdict Verdict, now time.Time) Verdict {
	f := r.onlyIfCached()
	if f == nil {
		f = r.reserveTokens(now)
	}
	if f != nil {
		return r.refused(f)
	}
	r.phase = phaseUpstream
	r.publishEstimate()
	if r.held {
		verdict = r.commit(verdict, now)
	}
	r.body = nil
	return verdict
}

// Holding says that the headers of this request wait for its body.
func (r *Request) Holding() bool { return r.held && r.phase == phaseBody }

// Waited says how long ago the request began.
func (r *Request) Waited(now time.Time) time.Duration { return since(r.started, now) }

// since is the time from started, in Unix nanoseconds, to now.
func since(started int64, now time.Time) time.Duration {
	return time.Duration(now.UnixNano() - started)
}

// HoldUnsupported refuses a request whose body never came, because the host
// does not deliver bodies while headers are held. It is refused whatever
// on_error says: its body was not even seen.
func (r *Request) HoldUnsupported() Verdict {
	r.g.metrics.Inc(metric.Undecided, causeHold)
	r.audit.cause = causeHold
	return r.refused(refuse(Undecided, "the proxy is not set up to check request bodies ("+causeHold+"); tell its operator"))
}

// Crashed is the configured answer after a recovered panic: a refusal, or nil
// to go on.
func (r *Request) Crashed() Verdict {
	r.g.metrics.Inc(metric.Panics, "")
	r.unpark()
	verdict := r.undecided(causePanic)
	if verdict.Action == Continue && !r.sent {
		verdict.Edits = r.blindEdits()
	}
	return verdict
}
