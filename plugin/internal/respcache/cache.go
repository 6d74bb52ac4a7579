package respcache

import (
	"encoding/binary"
	"strconv"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/kv"
)

// Cache is one worker's view of the answers that all workers share in a
// kv.Store. They are in a fixed number of buckets, each an index and 22 slots
// of three sizes, so that neither keys nor bytes can grow beyond the settings,
// whatever is stored. A Cache is not safe for concurrent use.
type Cache struct {
	store    kv.Store
	settings Settings
	buckets  uint64
	corrupt  uint64
	swept    uint64 // the bucket that Sweep looks at next

	index index
	value [maxIndex]byte
}

const prefix = "sparkward/1/cache/"

// New returns the cache in store. Settings must be valid and those of all
// workers the same; others find other slots, and the old ones stay.
func New(store kv.Store, settings Settings) *Cache {
	return &Cache{store: store, settings: settings, buckets: uint64(settings.buckets())}
}

// Corrupt returns how many foreign or damaged values this Cache has met. Each
// was a miss.
func (c *Cache) Corrupt() uint64 { return c.corrupt }

// Get returns the answer for key that the request's directives accept, and
// whether there is one.
func (c *Cache) Get(key Key, request Directives, now time.Time) (Answer, bool) {
	if request.NoStore || request.NoCache {
		return Answer{}, false
	}
	at := max(now.UnixNano(), 0)
	bucket := c.bucket(key)
	value, _, err := c.store.Get(indexName(bucket))
	if err != nil || !c.load(value) {
		return Answer{}, false
	}
	i := c.index.find(tagOf(key))
	if i < 0 || c.index.slots[i].expires <= at {
		return Answer{}, false
	}
	if value, _, err = c.store.Get(slotName(bucket, i)); err != nil {
		return Answer{}, false
	}
	var s stored
	if !s.decode(value) {
		c.countCorrupt(value)
		return Answer{}, false
	}
	// Another worker may have taken the slot for another key meanwhile.
	if s.key != key || !s.accepts(request, at) {
		return Answer{}, false
	}
	return Answer{
		ContentType: string(s.contentType), Body: s.body, Stream: s.stream, Used: s.used,
		Age: time.Duration(max(at-s.since, 0)),
	}, true
}

// accepts says whether the answer is good now and as the request wants it. One
// from the future is from before the clock was set back.
func (s *stored) accepts(request Directives, now int64) bool {
	age, left := now-s.since, s.expires-now
	return left > 0 && age > -skew &&
		(request.MaxAge < 0 || age <= int64(request.MaxAge)) &&
		(request.MinFresh < 0 || left >= int64(request.MinFresh))
}

// Foresee says, of a response whose headers alone have come, why Put will not
// keep it; Kept if it may.
func (c *Cache) Foresee(request Directives, r *Response) Refusal {
	switch _, refusal := r.judgeHead(); {
	case refusal != Kept:
		return refusal
	case c.ttl(request, r.Control) <= 0:
		return Directive
	case r.ContentLength > int64(c.settings.MaxEntry):
		return TooLarge
	}
	return Kept
}

// Put keeps the response to a request that was asked at asked, unless there is
// a reason not to, which it returns.
func (c *Cache) Put(key Key, tenant string, request Directives, r *Response, asked, now time.Time) Refusal {
	stream, refusal := r.judge()
	if refusal != Kept {
		return refusal
	}
	ttl := c.ttl(request, r.Control)
	if ttl <= 0 {
		return Directive
	}
	at := max(now.UnixNano(), 0)
	s := stored{key: key, since: at, expires: at + int64(ttl), stream: stream, used: r.Used,
		contentType: []byte(r.ContentType), body: r.Body}
	first, fits := classOf(s.size(), c.settings.MaxEntry)
	if !fits || len(r.ContentType) > 255 {
		return TooLarge
	}
	bucket, i := c.bucket(key), -1
	err := c.update(bucket, func() bool {
		if i = -1; asked.UnixNano() <= c.index.purged && c.index.purged <= at+skew {
			return false
		}
		// The old answer to the same question goes; its slot may be reused.
		if old := c.index.find(tagOf(key)); old >= 0 {
			c.index.slots[old] = slot{}
		}
		i = c.index.place(first, at, int64(c.settings.TTL))
		c.index.slots[i] = slot{tagOf(key), s.expires, tenantOf(tenant), uint32(s.size())}
		return true
	})
	switch {
	case err != nil:
		return Contended
	case i < 0:
		return Purged
	}
	if c.store.Set(slotName(bucket, i), s.encode(), 0) != nil {
		return Contended
	}
	return Kept
}

// ttl is how long an answer may be kept, 0 for not at all.
func (c *Cache) ttl(request, response Directives) time.Duration {
	if request.NoStore {
		return 0
	}
	if c.settings.IgnoreUpstream {
		return c.settings.TTL
	}
	if response.NoStore || response.NoCache || response.Private && c.settings.ShareTenants {
		return 0
	}
	if response.MaxAge >= 0 {
		return min(c.settings.TTL, response.MaxAge)
	}
	return c.settings.TTL
}

func (c *Cache) bucket(key Key) uint64 { return binary.LittleEndian.Uint64(key[8:]) % c.buckets }

func tagOf(key Key) uint64 { return binary.LittleEndian.Uint64(key[:]) }

// countCorrupt counts a slot's value that is not ours. A blank one is.
func (c *Cache) countCorrupt(value []byte) {
	if string(value) != string(blank) {
		c.corrupt++
	}
}

// load decodes an index value and counts a foreign one.
func (c *Cache) load(value []byte) bool {
	if c.index.decode(value) {
		return true
	}
	c.index = index{}
	c.corrupt++
	return false
}

// update runs change on c.index, the index of a bucket, and stores it if change
// says so.
func (c *Cache) update(bucket uint64, change func() bool) error {
	return kv.Update(c.store, indexName(bucket), func(old []byte) ([]byte, error) {
		if c.index = (index{}); old != nil {
			c.load(old)
		}
		if !change() {
			return nil, nil
		}
		return c.index.encode(c.value[:0]), nil
	})
}

func indexName(bucket uint64) string {
	var buf [40]byte
	return string(strconv.AppendUint(append(buf[:0], prefix...), bucket, 36))
}

func slotName(bucket uint64, i int) string {
	var buf [48]byte
	name := append(strconv.AppendUint(append(buf[:0], prefix...), bucket, 36), '/')
	return string(strconv.AppendInt(name, int64(i), 36))
}
