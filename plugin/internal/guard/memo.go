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

// A VM remembers memoWays questions in each of memoSets places; each takes about
// 80 bytes. One more that falls on a place drops the oldest there, which costs
// time and nothing else.
const memoSets, memoWays = 64, 4

// memo are the questions that were judged. It is only there with a cache.
type memo [memoSets][memoWays]judged

// judged is a question in which nothing was found.
type judged struct {
	question limit.Key   // a hash of 128 bits, keyed, of all that the verdict depends on
	caller   *apikey.Key // but for this
	answer   respcache.Key
	score    int
}

// find returns what is remembered of a question, or nil.
func (m *memo) find(question limit.Key) *judged {
	set := &m[question.Low()%memoSets]
	for i := range set {
		if set[i].question == question {
			return &set[i]
		}
	}
	return nil
}

// add remembers a question, in the place of what is remembered of it or of the
// oldest.
func (m *memo) add(j judged) {
	if old := m.find(j.question); old != nil {
		*old = j
		return
	}
	set := &m[j.question.Low()%memoSets]
	copy(set[1:], set[:])
	set[0] = j
}

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
	j := r.g.memo.find(c.question)
	if j == nil || j.caller != r.key {
		return nil
	}
	c.key, c.state = j.answer, cacheMiss
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
	r.g.memo.add(judged{c.question, r.key, c.key, r.audit.score})
}
