package limit

import (
	"math/bits"
	"strconv"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/kv"
)

// MaxBuckets is the largest number of buckets in a Table: 98,304 budgets. A
// value has at most 130 bytes; with its key and the host's map node of about
// 100 bytes the whole table stays under 4 MiB.
const MaxBuckets = 1 << 14

// Table holds the budgets of all callers in a fixed number of values of a
// kv.Store. Every worker has a Table of its own over the shared Store; a Table
// is not safe for concurrent use.
//
// When more than six budgets of one bucket are in use at the same time, those
// used least, for their kind, are forgotten in favour of a floor: a caller that
// is not found is charged as if he had used as much as the busiest forgotten
// one of the same kind (budgets that refill within 69 s, within 73 min, or
// longer). So a full table can refuse a caller too early, for as long as the
// floor takes to drain, and never lets one through too early.
type Table struct {
	store   kv.Store
	prefix  string
	mask    uint64
	corrupt uint64

	// What update works on, kept here so that it allocates nothing.
	bucket bucket
	places [ways]int
	value  [maxValue]byte
}

// NewTable returns the table called name in store, with buckets rounded down to
// a power of two, from 1 to MaxBuckets. All workers must use the same number.
func NewTable(store kv.Store, name string, buckets int) *Table {
	n := min(max(buckets, 1), MaxBuckets)
	return &Table{
		store:  store,
		prefix: "sparkward/1/limit/" + name + "/",
		mask:   1<<(bits.Len(uint(n))-1) - 1,
	}
}

// Corrupt returns how many foreign or damaged values this Table has met. Each
// was taken for an empty bucket.
func (t *Table) Corrupt() uint64 { return t.corrupt }

// Charge is one budget to be charged N units, and what came of it. After
// TakeAll it is the reservation that Settle corrects.
type Charge struct {
	Key    Key
	Quota  Quota
	N      int64 // 0 only looks
	Result Result

	settled int64  // what is charged now
	end     int64  // Unix nanoseconds when it has drained; 0 if nothing can be given back
	endPart uint64 // in further units
}

// Result tells what a Charge found.
type Result struct {
	Allowed bool
	// TooLarge means that N is above the quota's burst and can never pass.
	TooLarge bool
	// Limit is the burst and Remaining what is left of it, never negative.
	Limit, Remaining int64
	// RetryAfter is the time until the refused N will fit, if nothing else is
	// charged: above 0 when refused, else 0.
	RetryAfter time.Duration
	// ResetAfter is the time until the whole burst is free again.
	ResetAfter time.Duration
}

// Seconds rounds d up to whole seconds, at least 1, as Retry-After wants them.
func Seconds(d time.Duration) int64 {
	return max(1, int64((d+time.Second-1)/time.Second))
}

// Take charges one budget. See TakeAll.
func (t *Table) Take(key Key, q Quota, n int64, now time.Time) (Result, error) {
	charges := [1]Charge{{Key: key, Quota: q, N: n}}
	_, err := t.TakeAll(charges[:], now)
	return charges[0].Result, err
}

// TakeAll charges all of charges or none and says which. Quotas must be valid.
// On a refusal the results say which budgets had room; those after the first
// bucket without room stay zero.
//
// Windows of one caller that share a bucket (see Key.Window) and follow each
// other in charges are charged in one atomic step. Otherwise a refusal gives
// back what earlier charges took, which others may miss for that moment.
//
// An error, such as kv.ErrContended, means that no decision could be made.
// Nothing is charged then, unless giving back failed too; what could not be
// given back drains by itself.
func (t *Table) TakeAll(charges []Charge, now time.Time) (bool, error) {
	for i := range charges {
		charges[i].Result, charges[i].end = Result{}, 0
	}
	for done := 0; done < len(charges); {
		group := together(charges[done:])
		allowed, err := t.take(group, now)
		if err != nil || !allowed {
			t.giveBack(charges[:done], now)
			return false, err
		}
		done += len(group)
	}
	return true, nil
}

func (t *Table) take(group []Charge, now time.Time) (allowed bool, err error) {
	err = t.update(group, now, func() (changed bool) {
		allowed, changed = t.bucket.take(group, &t.places)
		return changed
	})
	if err != nil {
		for i := range group {
			group[i].Result, group[i].end = Result{}, 0
		}
	}
	return allowed && err == nil, err
}

func (t *Table) giveBack(charges []Charge, now time.Time) {
	_ = t.Settle(charges, 0, now) // what cannot be given back drains
	for i := range charges {
		r := &charges[i].Result
		r.Remaining = min(r.Remaining+charges[i].N, r.Limit)
	}
}

// Settle corrects what TakeAll charged, at any time before, to what was used in
// fact: it charges the rest, even above the budget, or gives back what is too
// much, as far as that has not drained since. Settling again with a greater
// number charges the difference.
func (t *Table) Settle(charges []Charge, actual int64, now time.Time) error {
	actual = max(actual, 0)
	for done := 0; done < len(charges); {
		group := together(charges[done:])
		err := t.update(group, now, func() bool {
			return t.bucket.settle(group, &t.places, actual)
		})
		if err != nil {
			return err
		}
		for i := range group {
			group[i].settled, group[i].end = actual, 0
		}
		done += len(group)
	}
	return nil
}

// together returns the charges at the start that share a bucket, few enough
// that none evicts another.
func together(charges []Charge) []Charge {
	n := 1
	for n < len(charges) && n < ways-1 && charges[n].Key.place == charges[0].Key.place {
		n++
	}
	return charges[:n]
}

// update runs change on t.bucket, the bucket of group as of now, and stores it
// if change says so. t.places has where the budgets of group are.
func (t *Table) update(group []Charge, now time.Time, change func() bool) error {
	return kv.Update(t.store, t.key(group[0].Key), func(old []byte) ([]byte, error) {
		if !t.bucket.decode(old) {
			t.bucket = bucket{}
			if old != nil {
				t.corrupt++
			}
		}
		t.bucket.advance(max(now.UnixNano(), 0))
		t.bucket.locate(group, &t.places)
		if !change() {
			return nil, nil
		}
		return t.bucket.encode(t.value[:0]), nil
	})
}

func (t *Table) key(k Key) string {
	var buf [64]byte
	return string(strconv.AppendUint(append(buf[:0], t.prefix...), k.place&t.mask, 36))
}
