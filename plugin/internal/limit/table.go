package limit

import (
	"strconv"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/kv"
)

// MaxBuckets is the largest number of buckets in a Table, enough for 60,000
// budgets in use at once. With values of at most 226 bytes, keys of about 30 and
// the host's map nodes of about 100 a full table takes less than 4 MiB.
const MaxBuckets = 10_000

// Table holds the budgets of all callers in a fixed number of values of a
// kv.Store. Every worker has a Table of its own over the shared Store; a Table
// is not safe for concurrent use.
//
// When more than six budgets of one bucket are in use at the same time, those
// used least, for their kind, are forgotten in favour of a floor: a caller that
// is not found is charged as if he had used as much as the busiest forgotten
// one of the same kind (budgets that refill within 69 s, within 73 min, or
// longer). So a full table can refuse a caller too early, for as long as the
// floor takes to drain, and never lets one through too early. While calls are
// under way their reservations are never forgotten; a newcomer to a bucket of
// six such budgets has to wait.
type Table struct {
	store   kv.Store
	prefix  string
	buckets uint64
	corrupt uint64

	// What update works on, kept here so that it allocates nothing.
	bucket bucket
	places [ways]int
	value  [maxValue]byte
}

// NewTable returns the table called name in store, with 1 to MaxBuckets buckets.
// All workers must use the same number.
func NewTable(store kv.Store, name string, buckets int) *Table {
	return &Table{
		store:   store,
		prefix:  "sparkward/1/limit/" + name + "/",
		buckets: uint64(min(max(buckets, 1), MaxBuckets)),
	}
}

// Corrupt returns how many foreign or damaged values this Table has met. Each
// was taken for an empty bucket.
func (t *Table) Corrupt() uint64 { return t.corrupt }

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
	return t.takeAll(charges, false, now)
}

// Reserve is TakeAll for calls whose use is known only when they end: it holds
// N units of every budget until Settle. A call that never settles, because its
// worker died, loses its reservation after 10 to 20 minutes; one that settles
// later still is charged in full, so that others may have used the same units
// meanwhile and the budget then owes them.
func (t *Table) Reserve(charges []Charge, now time.Time) (bool, error) {
	return t.takeAll(charges, true, now)
}

func (t *Table) takeAll(charges []Charge, hold bool, now time.Time) (bool, error) {
	for i := range charges {
		charges[i].Result = Result{}
		charges[i].forget()
	}
	for done := 0; done < len(charges); {
		group := together(charges[done:])
		allowed, err := t.take(group, hold, now)
		if err != nil || !allowed {
			t.undo(charges[:done], now)
			return false, err
		}
		done += len(group)
	}
	return true, nil
}

func (t *Table) take(group []Charge, hold bool, now time.Time) (allowed bool, err error) {
	err = t.update(group, now, func() (changed bool) {
		allowed, changed = t.bucket.take(group, &t.places, hold)
		return changed
	})
	if err != nil {
		for i := range group {
			group[i].Result = Result{}
			group[i].forget()
		}
	}
	return allowed && err == nil, err
}

func (t *Table) undo(charges []Charge, now time.Time) {
	for done := 0; done < len(charges); {
		group := together(charges[done:])
		_ = t.update(group, now, func() bool { // what cannot be given back drains or lapses
			t.bucket.undo(group, &t.places)
			return true
		})
		for i := range group {
			r := &group[i].Result
			r.Remaining = min(r.Remaining+group[i].charged, r.Limit)
			group[i].forget()
		}
		done += len(group)
	}
}

// Settle ends the reservations of one call and charges each budget what the
// call used, even above the budget. It may be called again, with a greater
// number, to charge the difference, and after an error, to try again. On
// charges made by TakeAll it charges what goes beyond N.
func (t *Table) Settle(charges []Charge, actual int64, now time.Time) (failed error) {
	actual = max(actual, 0)
	for done := 0; done < len(charges); {
		group := together(charges[done:])
		err := t.update(group, now, func() bool {
			return t.bucket.settle(group, &t.places, actual)
		})
		if err != nil {
			failed = err
		} else {
			for i := range group {
				group[i].settled(actual)
			}
		}
		done += len(group)
	}
	return failed
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
		setBack := t.bucket.advance(max(now.UnixNano(), 0))
		t.bucket.locate(group, &t.places)
		if !change() && !setBack {
			return nil, nil
		}
		return t.bucket.encode(t.value[:0]), nil
	})
}

func (t *Table) key(k Key) string {
	var buf [64]byte
	return string(strconv.AppendUint(append(buf[:0], t.prefix...), k.place%t.buckets, 36))
}
