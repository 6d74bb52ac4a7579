package limit

import (
	"encoding/binary"
	"time"
)

const (
	// ways is how many budgets a bucket holds.
	ways = 6
	// classes of budgets by the time a full burst takes to refill. A floor of
	// one class never touches another, so that month budgets in an overfull
	// bucket cannot hold up minute budgets.
	classes = 3

	layout     = 1  // first byte of every value; another one is foreign
	headerSize = 10 // layout, 8 bytes of base, mask of floors
	maxValue   = headerSize + 8*classes + 16*ways

	// unitBits: lags are counted in 1/256 ns, so that a budget of 10^9 a minute
	// still has an interval that is right to a percent, and one of 10^6 to 10^-7.
	unitBits = 8
	// maxLag caps what a caller can owe: 208 days.
	maxLag = 1 << 62

	// skew is how far the clocks of two readings may lie apart in the wrong
	// order before it counts as a clock that was set back. Workers read the
	// same clock microseconds before they write.
	skew = int64(time.Second)
)

// classLimit has the longest refill time of the classes, in units: about 69 s,
// 73 min and the rest.
var classLimit = [classes]uint64{1 << (36 + unitBits), 1 << (42 + unitBits), maxLag}

func classOf(tolerance uint64) int {
	c := 0
	for tolerance > classLimit[c] {
		c++
	}
	return c
}

// entry is one budget: the lag is how far its use is ahead of its rate, 0 when
// the whole burst is free. It falls as time passes. The two lowest bits of tag
// are its class.
type entry struct{ tag, lag uint64 }

func (e entry) class() int { return int(e.tag & 3) }

// bucket is the decoded form of one value. All lags are as of base. When a live
// entry is evicted its lag raises the floor of its class, and a budget that is
// not found starts at that floor: whoever was evicted comes back with at least
// the lag he left with.
type bucket struct {
	base    int64 // Unix nanoseconds
	floors  [classes]uint64
	entries [ways]entry
	n       int
}

// decode reads a value and says whether it was one of ours.
func (b *bucket) decode(v []byte) bool {
	*b = bucket{}
	if len(v) < headerSize || v[0] != layout || v[9] >= 1<<classes {
		return false
	}
	b.base = int64(binary.LittleEndian.Uint64(v[1:]))
	mask := v[9]
	v = v[headerSize:]
	for c := range classes {
		if mask>>c&1 == 0 {
			continue
		}
		if len(v) < 8 {
			return false
		}
		b.floors[c] = binary.LittleEndian.Uint64(v)
		if b.floors[c] == 0 || b.floors[c] > maxLag {
			return false
		}
		v = v[8:]
	}
	return b.base >= 0 && b.decodeEntries(v)
}

func (b *bucket) decodeEntries(v []byte) bool {
	if len(v)%16 != 0 || len(v) > 16*ways {
		return false
	}
	for ; len(v) > 0; v = v[16:] {
		e := entry{binary.LittleEndian.Uint64(v), binary.LittleEndian.Uint64(v[8:])}
		if e.lag == 0 || e.lag > maxLag || e.class() >= classes || b.find(e.tag) >= 0 {
			return false
		}
		b.entries[b.n] = e
		b.n++
	}
	return true
}

// encode appends the value to buf.
func (b *bucket) encode(buf []byte) []byte {
	buf = append(buf, layout)
	buf = binary.LittleEndian.AppendUint64(buf, uint64(b.base))
	buf = append(buf, 0)
	for c, floor := range b.floors {
		if floor > 0 {
			buf[9] |= 1 << c
			buf = binary.LittleEndian.AppendUint64(buf, floor)
		}
	}
	for _, e := range b.entries[:b.n] {
		if e.lag > 0 {
			buf = binary.LittleEndian.AppendUint64(buf, e.tag)
			buf = binary.LittleEndian.AppendUint64(buf, e.lag)
		}
	}
	return buf
}

// advance moves base to now and lets all lags fall by the time that passed. A
// clock that was set back passes no time. Drained entries go.
func (b *bucket) advance(now int64) {
	passed := now - b.base
	if passed < 0 && passed > -skew {
		return
	}
	b.base = now
	drained := uint64(max(passed, 0))
	drained = min(drained, maxLag>>unitBits) << unitBits
	for c := range b.floors {
		b.floors[c] -= min(drained, b.floors[c])
	}
	kept := 0
	for _, e := range b.entries[:b.n] {
		if e.lag > drained {
			b.entries[kept] = entry{e.tag, e.lag - drained}
			kept++
		}
	}
	b.n = kept
}

// find returns the place of a budget, or -1.
func (b *bucket) find(tag uint64) int {
	for i := range b.n {
		if b.entries[i].tag == tag {
			return i
		}
	}
	return -1
}

// insert puts a budget at the floor of its class and returns its place. In a
// full bucket it evicts the one with the smallest lag for its class, of those
// not in keep, which must leave one.
func (b *bucket) insert(tag uint64, keep uint) int {
	e := entry{tag: tag}
	e.lag = b.floors[e.class()]
	i := b.n
	if b.n < ways {
		b.n++
	} else {
		i = b.victim(keep)
		old := b.entries[i]
		b.floors[old.class()] = max(b.floors[old.class()], old.lag)
	}
	b.entries[i] = e
	return i
}

func (b *bucket) victim(keep uint) int {
	best, bestShare := -1, uint64(0)
	for i, e := range b.entries[:b.n] {
		// The share of the class's limit, in 2^-20.
		share := e.lag / (classLimit[e.class()] >> 20)
		if keep>>i&1 == 0 && (best < 0 || share < bestShare) {
			best, bestShare = i, share
		}
	}
	return best
}
