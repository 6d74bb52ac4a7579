package guard

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/config"
	"github.com/sparkward/sparkward/plugin/internal/limit"
	"github.com/sparkward/sparkward/plugin/internal/metric"
	"github.com/sparkward/sparkward/plugin/internal/respcache"
)

// What the cache did for a call; the value of x-sparkward-cache.
const (
	cacheHit    = "hit"
	cacheMiss   = "miss"
	cacheBypass = "bypass"
)

// cacheHeader tells the client what the cache did.
const cacheHeader = internal + "cache"

// cacheCall is what the cache needs to know of one call. It is only made for
// calls that the policy wants cached.
type cacheCall struct {
	state   string // hit, miss or bypass
	tenant  string
	decides []string // what decides the answer beside the body
	request respcache.Directives
	asked   int64 // Unix nanoseconds
	key     respcache.Key
	// question is the hash by which the memo knows the call.
	question limit.Key
	flight   bool // this call asks the upstream for others too
	seat     int  // its place in Guard.flying
	kept     bool // the answer was offered to the cache
	answer   respcache.Response
}

// versioned are the request headers that choose a version of the API, or a
// part of an account.
var versioned = [...]string{"accept", "anthropic-version", "anthropic-beta", "openai-beta", "openai-organization", "openai-project"}

// prepareCache takes from the headers what decides the answer. A caller
// without a key of the policy may have one of the provider's: answers are kept
// apart by it.
func (r *Request) prepareCache(h fields) {
	c := &r.g.cfg.Cache
	if c.Mode == config.Off || r.method != "POST" || !slices.ContainsFunc(c.Paths, func(p config.Pattern) bool { return p.Match(r.path) }) {
		return
	}
	call := &r.call
	call.state, call.request = cacheBypass, respcache.Parse(h.all("cache-control")...)
	call.decides = append(call.decides, r.api.String(), h.get(":path"), h.get(":authority"))
	for _, name := range versioned {
		call.decides = append(call.decides, h.get(name))
	}
	switch {
	case c.Settings.ShareTenants:
	case r.user != "":
		call.tenant = "user:" + r.user
	default:
		call.tenant = "address:" + r.address
	}
	if r.key == nil {
		for _, l := range r.g.cfg.Auth.Locations {
			call.decides = append(call.decides, h.get(l.Header))
		}
	}
	r.cache = call
}

// fromCache looks the call up and returns the answer that was kept, or nil.
func (r *Request) fromCache(now time.Time) *Reply {
	c := r.cache
	if c == nil || len(r.body) == 0 || c.state == cacheMiss { // askedAgain has looked
		return nil
	}
	key, err := r.g.hasher.Key(c.tenant, c.decides, r.body)
	if err != nil || c.request.NoStore {
		r.g.metrics.Inc(metric.Cache, cacheBypass)
		return nil
	}
	c.key, c.state = key, cacheMiss
	return r.lookUp(now)
}

// lookUp returns the answer that is kept for the call's key, or nil.
func (r *Request) lookUp(now time.Time) *Reply {
	c := r.cache
	c.asked = now.UnixNano()
	answer, found := r.g.cache.Get(c.key, c.request, now)
	r.g.countCorruptCache()
	if !found {
		return nil
	}
	r.g.metrics.Inc(metric.Cache, cacheHit)
	r.g.metrics.Add(metric.CacheSaved, "", answer.Used.Prompt+answer.Used.Completion)
	if r.g.cfg.Cache.Mode == config.Shadow {
		return nil
	}
	c.state = cacheHit
	return &Reply{
		Status:  200,
		Headers: [][2]string{{"content-type", answer.ContentType}, {"age", strconv.FormatInt(int64(answer.Age/time.Second), 10)}},
		Body:    answer.Body,
	}
}

// onlyIfCached refuses a miss that the client does not want answered upstream.
func (r *Request) onlyIfCached() *refusal {
	if r.cache == nil || !r.cache.request.OnlyIfCached {
		return nil
	}
	return refuse(NotCached, "there is no stored answer, and Cache-Control: only-if-cached asks for no other")
}

// capture gets ready to keep an answer that is coming.
func (r *Request) capture(h fields) {
	c := r.cache
	if c == nil || c.state != cacheMiss {
		return
	}
	r.g.metrics.Inc(metric.Cache, cacheMiss)
	length, err := strconv.ParseInt(h.get("content-length"), 10, 64)
	if err != nil {
		length = -1
	}
	c.answer = respcache.Response{
		Status:          r.status,
		ContentType:     strings.Clone(h.get("content-type")),
		ContentEncoding: strings.Clone(h.get("content-encoding")),
		ContentLength:   length,
		Control:         respcache.Parse(h.all("cache-control")...),
	}
	if refusal := r.g.cache.Foresee(c.request, &c.answer); refusal != respcache.Kept {
		r.dropAnswer(refusal)
	}
}

// dropAnswer gives up keeping the answer. Who waits for it need not any more.
func (r *Request) dropAnswer(why respcache.Refusal) {
	r.cache.kept, r.cache.answer.Body = true, nil
	r.g.metrics.Inc(metric.CacheStored, string(why))
	r.landed()
}

// captures says whether the pieces of the answer are wanted for the cache.
func (r *Request) captures() bool {
	return r.cache != nil && r.cache.state == cacheMiss && r.cache.answer.Status != 0 && !r.cache.kept
}

// keep takes a piece of the answer, up to what an entry may hold.
func (r *Request) keep(piece []byte) {
	c := r.cache
	if len(c.answer.Body)+len(piece) > r.g.cfg.Cache.Settings.MaxEntry {
		r.dropAnswer(respcache.TooLarge)
		return
	}
	c.answer.Body = append(c.answer.Body, piece...)
}

// store offers an answer that has ended to the cache, once.
func (r *Request) store(now time.Time) {
	if !r.captures() {
		return
	}
	c := r.cache
	c.kept, c.answer.Ended = true, r.complete
	if r.usage != nil {
		u := r.usage.Result()
		c.answer.Used = respcache.Usage{Prompt: u.Input, Completion: u.Output}
	}
	refused := r.g.cache.Put(c.key, c.tenant, c.request, &c.answer, time.Unix(0, c.asked), now)
	c.answer.Body = nil
	reason := string(refused)
	if refused == respcache.Kept {
		reason = "stored"
	}
	r.g.metrics.Inc(metric.CacheStored, reason)
}

func (g *Guard) countCorruptCache() {
	n := g.cache.Corrupt()
	g.metrics.Add(metric.Corrupt, "cache", int64(n-g.corruptCache))
	g.corruptCache = n
}

// sweepStep is how many buckets of the cache one tick goes through. Even the
// largest cache is gone round in minutes, and a tick reads some hundred values
// at most.
const sweepStep = 4

// Tick does what is due from time to time.
func (g *Guard) Tick(now time.Time) {
	g.wakeBreakers(now)
	if g.cache != nil {
		g.stillFlying(now)
		g.cache.Sweep(sweepStep, now)
	}
}
