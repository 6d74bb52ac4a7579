package guard

import (
	"time"
	"unsafe"

	"github.com/sparkward/sparkward/plugin/internal/apikey"
	"github.com/sparkward/sparkward/plugin/internal/config"
	"github.com/sparkward/sparkward/plugin/internal/limit"
	"github.com/sparkward/sparkward/plugin/internal/respcache"
)

// A question that comes again byte for byte while its answer is kept is not
// read and judged again: that is two thirds of the work of a hit. What was
// found harmless is remembered in the VM that judged it, for as long as it has
// this policy.

// memoSize is how many questions a VM remembers; each takes about 80 bytes. Two
// that fall on one place forget each other, which costs time and nothing else.
const memoSize = 256

// memo are the questions that were judged. It is only there with a cache.
type memo [memoSize]judged

// judged is a question in which nothing was found.
type judged struct {
	question limit.Key   // a hash of 128 bits, keyed, of all that the verdict depends on
	caller   *apikey.Key // but for this
	answer   respcache.Key
	score    int
}

func (m *memo) at(question limit.Key) *judged { return &m[question.Low()%memoSize] }

// questionOf hashes the question: the body, what decides the answer beside it,
// who asks, and how the body is to be read.
func (r *Request) questionOf(body []byte) limit.Key {
	c := r.cache
	parts := append(r.g.parts[:0], r.method, r.user, r.address, c.tenant, r.media, r.encoding)
	parts = append(parts, c.decides...)
	parts = append(parts, unsafe.String(unsafe.SliceData(body), len(body))) // not changed meanwhile; a copy takes as long as the rest
	key := limit.KeyOf(r.g.seed, parts...)
	clear(parts) // or the body would stay in memory
	r.g.parts = parts
	return key
}

// askedAgain returns the answer that is kept for a question which was judged
// before, or nil.
func (r *Request) askedAgain(body []byte, now time.Time) *Reply {
	c := r.cache
	if c == nil || r.g.cfg.Cache.Mode != config.Enforce || c.request.NoStore || len(body) == 0 || len(body) > keptBuffer {
		return nil
	}
	c.question = r.questionOf(body)
	j := r.g.memo.at(c.question)
	if j.question != c.question || j.caller != r.key {
		return nil
	}
	c.key = j.answer
	reply := r.lookUp(now)
	if reply != nil {
		r.audit.score = j.score
	}
	return reply
}

// remember notes a question that was judged and has a key, if there was nothing
// to say about it.
func (r *Request) remember(v Verdict) {
	c := r.cache
	if c == nil || c.state == cacheBypass || c.question == (limit.Key{}) || len(v.Edits) > 0 || !r.audit.silent() {
		return
	}
	*r.g.memo.at(c.question) = judged{c.question, r.key, c.key, r.audit.score}
}
