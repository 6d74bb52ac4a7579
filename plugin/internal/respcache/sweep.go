package respcache

import (
	"encoding/binary"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/sha256"
)

// blank is what takes the place of an answer that is gone: shared data cannot
// delete.
var blank = []byte{layout}

// Sweep frees the memory of answers that have expired, in the next n buckets,
// and returns how many. Called on every tick it goes around all of them.
func (c *Cache) Sweep(n int, now time.Time) (freed int) {
	at := max(now.UnixNano(), 0)
	for range min(uint64(max(n, 0)), c.buckets) {
		n, _ := c.clear(c.swept, 0, func(s *slot) bool { return s.dead(at, int64(c.settings.TTL)) }) // else the next time
		freed += n
		c.swept = (c.swept + 1) % c.buckets
	}
	return freed
}

// Purge drops the answers of a tenant, for all workers, and returns how many.
// Answers to requests of any tenant that were made before it are not kept any
// more. On an error some answers may be left.
func (c *Cache) Purge(tenant string, now time.Time) (dropped int, err error) {
	hash := tenantOf(tenant)
	return c.purge(now, func(s *slot) bool { return s.tenant == hash })
}

// PurgeAll is Purge for every tenant.
func (c *Cache) PurgeAll(now time.Time) (dropped int, err error) {
	return c.purge(now, func(*slot) bool { return true })
}

func (c *Cache) purge(now time.Time, gone func(*slot) bool) (dropped int, failed error) {
	for bucket := range c.buckets {
		n, err := c.clear(bucket, max(now.UnixNano(), 1), gone)
		if dropped += n; err != nil {
			failed = err
		}
	}
	return dropped, failed
}

// clear drops the slots of a bucket that gone names, notes the time of a purge
// if it is not 0, and returns how many it dropped.
func (c *Cache) clear(bucket uint64, purged int64, gone func(*slot) bool) (dropped int, err error) {
	var was [ways]slot
	err = c.update(bucket, func() bool {
		was, dropped = [ways]slot{}, 0
		for i := range c.index.slots {
			if s := &c.index.slots[i]; s.size > 0 && gone(s) {
				was[i], *s = *s, slot{}
				dropped++
			}
		}
		if purged > 0 {
			c.index.purged = purged
		}
		return dropped > 0 || purged > 0
	})
	if err != nil {
		return 0, err
	}
	for i := range was {
		if was[i].size > 0 {
			c.blank(bucket, i, &was[i])
		}
	}
	return dropped, nil
}

// blank frees the memory of a slot, unless another worker has stored in it
// meanwhile.
func (c *Cache) blank(bucket uint64, i int, was *slot) {
	name := slotName(bucket, i)
	value, cas, err := c.store.Get(name)
	if err != nil {
		return
	}
	var s stored
	if s.decode(value) && (tagOf(s.key) != was.tag || s.expires != was.expires) {
		return
	}
	_ = c.store.Set(name, blank, cas) // a lost race means that it is used again
}

// Usage returns how many answers are stored and their bytes. It reads every
// index.
func (c *Cache) Usage() (answers, bytes int) {
	for bucket := range c.buckets {
		value, _, err := c.store.Get(indexName(bucket))
		if err != nil || !c.load(value) {
			continue
		}
		for i := range c.index.slots {
			if size := c.index.slots[i].size; size > 0 {
				answers++
				bytes += int(size)
			}
		}
	}
	return answers, bytes
}

// tenantOf is the hash that a tenant is purged by.
func tenantOf(tenant string) uint64 {
	sum := sha256.Sum256(tenant)
	return binary.LittleEndian.Uint64(sum[:])
}
