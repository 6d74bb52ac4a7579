package respcache

import (
	"encoding/binary"
	"strconv"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/kv"
)

const (
	// flights is how many different questions can be under way at once before
	// two of them may take each other's place, which costs an upstream call.
	flights    = 256
	flightSize = 1 + 16 + 8
	// MaxFlight bounds how long others wait for a worker that died.
	MaxFlight = time.Minute
)

// Begin tells whether the caller is the first to ask the upstream for this key:
// then wait is 0, and End must follow when the answer is stored or will not be.
// Otherwise wait is how long the first one still has, at most MaxFlight; the
// caller may look again until then. Nobody is held up: if the store is
// contended the caller is a first one too.
func (c *Cache) Begin(key Key, lease time.Duration, now time.Time) (wait time.Duration) {
	at := max(now.UnixNano(), 0)
	until := at + int64(min(max(lease, 0), MaxFlight))
	err := kv.Update(c.store, flightName(key), func(old []byte) ([]byte, error) {
		if wait = left(old, key, at); wait > 0 {
			return nil, nil
		}
		return flight(key, until), nil
	})
	if err != nil {
		return 0
	}
	return wait
}

// Renew lets the call that Begin let go first have time until lease from now, if
// it is still the one that others wait for and has not ended.
func (c *Cache) Renew(key Key, lease time.Duration, now time.Time) {
	until := max(now.UnixNano(), 0) + int64(min(max(lease, 0), MaxFlight))
	_ = kv.Update(c.store, flightName(key), func(old []byte) ([]byte, error) { // else it ends too early
		if !isFlight(old, key) || ends(old) == 0 {
			return nil, nil
		}
		return flight(key, until), nil
	})
}

// Under returns how long the call that Begin let go first still has, 0 when
// there is none under way.
func (c *Cache) Under(key Key, now time.Time) time.Duration {
	value, _, err := c.store.Get(flightName(key))
	if err != nil {
		return 0
	}
	return left(value, key, max(now.UnixNano(), 0))
}

// left is how long the call in a flight's value still has if it is one for key.
// A time that is too far away is from before the clock was set back.
func left(value []byte, key Key, at int64) time.Duration {
	if !isFlight(value, key) {
		return 0
	}
	n := ends(value) - at
	if n <= 0 || n > int64(MaxFlight)+skew {
		return 0
	}
	return time.Duration(n)
}

// End ends what Begin began.
func (c *Cache) End(key Key) {
	_ = kv.Update(c.store, flightName(key), func(old []byte) ([]byte, error) { // else the lease ends it
		if !isFlight(old, key) {
			return nil, nil
		}
		return flight(key, 0), nil
	})
}

// isFlight says whether a value is a flight for key, and ends when it does; 0 is
// one that has ended.
func isFlight(value []byte, key Key) bool {
	return len(value) == flightSize && value[0] == layout && string(value[1:17]) == string(key[:16])
}

func ends(value []byte) int64 { return int64(binary.LittleEndian.Uint64(value[17:])) }

func flight(key Key, until int64) []byte {
	value := append(make([]byte, 0, flightSize), layout)
	value = append(value, key[:16]...)
	return binary.LittleEndian.AppendUint64(value, uint64(until))
}

func flightName(key Key) string {
	var buf [40]byte
	name := append(append(buf[:0], prefix...), "f-"...) // no number in base 36 has a hyphen
	return string(strconv.AppendUint(name, uint64(key[31])%flights, 36))
}
