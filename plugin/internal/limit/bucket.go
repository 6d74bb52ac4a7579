package limit

import "time"

const (
	// ways is how many budgets a bucket holds.
	ways = 6
	// classes of budgets by the time a full burst takes to refill. A floor of
	// one class never touches another, so that month budgets in an overfull
	// bucket cannot hold up minute budgets.
	classes = 3

	// unitBits: lags are counted in 1/256 ns, so that a budget of 10^9 a minute
	// still has an interval that is right to 4 %, and one of 10^6 to 10^-7.
	unitBits = 8
	// maxLag caps what a caller can owe, to 104 days. Four of them fit a uint64.
	maxLag = 1 << 61

	// skew is how far the clocks of two readings may lie apart in the wrong
	// order before it counts as a clock that was set back. Workers read the
	// same clock microseconds before they write.
	skew = int64(time.Second)

	// holdTime is the least time that a reservation is kept for a call that
	// never settles it; the most is twice that. The SDKs of OpenAI and
	// Anthropic give up on a call after 10 minutes.
	holdTime = int64(10 * time.Minute)

	// fullWait is the RetryAfter for a newcomer to a bucket where every budget
	// has holds.
	fullWait = time.Second
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

// entry is one budget. Its lag is how far its use is ahead of its rate: 0 when
// the whole burst is free, falling as time passes. Held is what calls under way
// have reserved in the running holdTime and in the one before; it does not fall.
// The two lowest bits of tag are the class, the next is 0.
type entry struct {
	tag  uint64
	lag  uint64
	held [2]uint64
}

func (e *entry) class() int { return int(e.tag & 3) }

// used is what a new charge must fit on top of.
func (e *entry) used() uint64 { return e.lag + e.held[0] + e.held[1] }

// bucket is the decoded form of one value. All lags are as of base. When a live
// entry is evicted its lag raises the floor of its class, and a budget that is
// not found starts at that floor: whoever was evicted comes back with at least
// the lag he left with. Entries with held units are never evicted.
type bucket struct {
	base    int64 // Unix nanoseconds
	floors  [classes]uint64
	entries [ways]entry
	n       int
}

// advance moves base to now and lets all lags fall by the time that passed.
// Entries that fell to 0 go. A clock that was set back passes no time; then it
// returns true and the bucket must be stored, or no time would pass until the
// clock has caught up.
func (b *bucket) advance(now int64) (setBack bool) {
	passed := now - b.base
	if passed < 0 && passed > -skew {
		return false
	}
	turns := now/holdTime - b.base/holdTime
	b.base = now
	drained := min(uint64(max(passed, 0)), maxLag>>unitBits) << unitBits
	for c := range b.floors {
		b.floors[c] -= min(drained, b.floors[c])
	}
	kept := 0
	for _, e := range b.entries[:b.n] {
		e.lag -= min(drained, e.lag)
		e.turn(turns)
		if e.used() > 0 {
			b.entries[kept] = e
			kept++
		}
	}
	b.n = kept
	return passed < 0
}

// turn lets holds lapse when one or more holdTimes ended.
func (e *entry) turn(turns int64) {
	switch {
	case turns == 1:
		e.held = [2]uint64{0, e.held[0]}
	case turns > 1:
		e.held = [2]uint64{}
	}
}

// holdAge says in which place of held the reservations made in the holdTime of
// this number are, and whether they are still there.
func (b *bucket) holdAge(number int64) (int, bool) {
	age := b.base/holdTime - number
	return int(age), age == 0 || age == 1
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
// that are not in keep and hold nothing; if there is none it returns -1.
func (b *bucket) insert(tag uint64, keep uint) int {
	e := entry{tag: tag}
	e.lag = b.floors[e.class()]
	i := b.n
	if b.n < ways {
		b.n++
	} else if i = b.victim(keep); i < 0 {
		return -1
	} else {
		floor := &b.floors[b.entries[i].class()]
		*floor = max(*floor, b.entries[i].lag)
	}
	b.entries[i] = e
	return i
}

func (b *bucket) victim(keep uint) int {
	best, bestShare := -1, uint64(0)
	for i := range b.entries[:b.n] {
		e := &b.entries[i]
		if keep>>i&1 != 0 || e.used() != e.lag {
			continue
		}
		// The share of the class's limit, in 2^-20.
		if share := e.lag / (classLimit[e.class()] >> 20); best < 0 || share < bestShare {
			best, bestShare = i, share
		}
	}
	return best
}
