package respcache

import (
	"errors"
	"time"
)

// Settings say how much is kept and for how long.
type Settings struct {
	// TTL is how long an answer is good.
	TTL time.Duration
	// MaxEntry is the largest answer kept, with 71 bytes and the content type,
	// and MaxTotal what all of them may take of the host's memory, with keys
	// and indexes; both in bytes.
	MaxEntry, MaxTotal int
	// ShareTenants says that Private answers are shared too, so they are not
	// kept. Set it if the tenant of every Key is the same.
	ShareTenants bool
	// IgnoreUpstream keeps answers whatever the upstream's Cache-Control says.
	// Providers send "no-cache" with every stream.
	IgnoreUpstream bool
}

// Bounds of Settings.
const (
	MinEntry = 4 << 10
	MaxEntry = 1 << 20
	MaxTotal = 1 << 30
	MaxTTL   = 30 * 24 * time.Hour
)

// Validate says what to change in s, or nil.
func (s Settings) Validate() error {
	switch {
	case s.TTL < time.Second || s.TTL > MaxTTL:
		return errors.New("ttl must be from 1s to 720h (30 days)")
	case s.MaxEntry < MinEntry || s.MaxEntry > MaxEntry:
		return errors.New("max_entry must be from 4KiB to 1MiB")
	case s.MaxTotal > MaxTotal || s.MaxTotal < 6*s.MaxEntry:
		return errors.New("max_total must be at least 6 times max_entry, and at most 1GiB")
	}
	return nil
}

// bucketBytes is what one bucket takes at most.
func (s Settings) bucketBytes() int {
	slots := 0
	for _, c := range classes {
		slots += c.slots * s.MaxEntry / c.part
	}
	return slots + maxIndex + (1+ways)*hostOverhead
}

// buckets is how many fit beside the flights.
func (s Settings) buckets() int {
	return max(1, (s.MaxTotal-flights*(flightSize+hostOverhead))/s.bucketBytes())
}
