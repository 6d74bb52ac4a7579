package limit

import (
	"testing"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/kv"
	"github.com/sparkward/sparkward/plugin/internal/kv/kvtest"
)

// workersOf makes n workers, each with a table of its own over the shared store.
func workersOf(n int, work func(worker int, table *Table)) []func(kv.Store) {
	var workers []func(kv.Store)
	for i := range n {
		workers = append(workers, func(s kv.Store) { work(i, NewTable(s, "t", 1)) })
	}
	return workers
}

// TestBurstIsExactOverWorkers: of what 8 workers ask for at one moment exactly
// the burst passes, in whatever order their reads and writes meet.
func TestBurstIsExactOverWorkers(t *testing.T) {
	key := KeyOf(Seed{}, "alice")
	quotas := []Quota{{60, time.Minute, 50}, {1000, time.Hour, 80}, {10_000, 24 * time.Hour, 70}}
	for order := range uint64(40) {
		var passed [8]int
		steps := kvtest.Interleave(kv.NewMemory(), order, workersOf(8, func(worker int, table *Table) {
			for range 10 {
				charges := make([]Charge, len(quotas))
				for i, q := range quotas {
					charges[i] = Charge{Key: key.Window(i), Quota: q, N: 1}
				}
				ok, err := table.TakeAll(charges, start)
				if err != nil {
					t.Error(err)
				}
				if ok {
					passed[worker]++
				}
			}
		})...)
		total := 0
		for _, n := range passed {
			total += n
		}
		if total != 50 {
			t.Fatalf("order %d: %d of 80 requests passed a burst of 50 (%d steps)", order, total, steps)
		}
	}
}

// TestParallelStreamsStayInBudget: 100 streams over 8 workers reserve, use what
// they like up to their maximum, and settle; a few use more than they declared.
func TestParallelStreamsStayInBudget(t *testing.T) {
	key, q := KeyOf(Seed{}, "alice"), Quota{Count: 10_000, Period: time.Hour}
	for order := range uint64(30) {
		store := kv.NewMemory()
		var used, excess [8]int64
		kvtest.Interleave(store, order, workersOf(8, func(worker int, table *Table) {
			for i := range 13 {
				n := int64(100 + 50*(i+worker))
				c := []Charge{{Key: key, Quota: q, N: n}}
				ok, err := table.Reserve(c, start)
				if err != nil {
					t.Error(err)
				}
				if !ok {
					continue
				}
				actual := n / int64(1+(worker+i)%4)
				if i == 3 {
					actual = n + 20
					excess[worker] += 20
				}
				if err := table.Settle(c, actual, start); err != nil {
					t.Error(err)
				}
				used[worker] += actual
			}
		})...)
		var sum, over int64
		for i := range used {
			sum, over = sum+used[i], over+excess[i]
		}
		if sum > 10_000+over {
			t.Fatalf("order %d: %d tokens used of 10000, %d of them beyond what was declared", order, sum, over)
		}
		left, _ := NewTable(store, "t", 1).Take(key, q, 0, start)
		if want := max(10_000-sum, 0); left.Remaining != want {
			t.Fatalf("order %d: %d tokens remain after %d, want %d", order, left.Remaining, sum, want)
		}
	}
}

// TestRefusalGivesBack: budgets in two buckets; what the first gave for a
// request that the second refused is there again.
func TestRefusalGivesBack(t *testing.T) {
	for name, take := range map[string]func(*Table, []Charge, time.Time) (bool, error){
		"take": (*Table).TakeAll, "reserve": (*Table).Reserve,
	} {
		table := NewTable(kv.NewMemory(), "t", 64)
		wide, narrow := Quota{100, time.Minute, 0}, Quota{1, time.Minute, 0}
		ask := func(at time.Duration) (bool, []Charge) {
			charges := []Charge{
				{Key: KeyOf(Seed{}, "global"), Quota: wide, N: 1},
				{Key: KeyOf(Seed{}, "alice"), Quota: narrow, N: 1},
			}
			ok, err := take(table, charges, start.Add(at))
			if err != nil {
				t.Fatal(err)
			}
			return ok, charges
		}
		if ok, _ := ask(0); !ok {
			t.Fatalf("%s: the first request was refused", name)
		}
		for range 10 {
			ok, charges := ask(0)
			if first := charges[0].Result; ok || !first.Allowed || first.Remaining != 99 {
				t.Fatalf("%s: allowed %v, first budget %+v, want it to be back at 99", name, ok, first)
			}
			if second := charges[1].Result; second.Allowed || second.RetryAfter <= 0 {
				t.Fatalf("%s: second budget %+v", name, second)
			}
		}
	}
}

// TestManyWindows charges more budgets in one request than a bucket holds.
func TestManyWindows(t *testing.T) {
	for _, c := range []struct{ buckets, least int }{{64, 2}, {1, 1}} {
		table := NewTable(kv.NewMemory(), "t", c.buckets)
		passed := 0
		for range 5 {
			charges := make([]Charge, 20)
			for i := range charges {
				charges[i] = Charge{Key: KeyOf(Seed{}, "alice").Window(i), Quota: Quota{Count: 5, Period: time.Minute}, N: 1}
			}
			charges[19].Quota.Count = 2
			ok, err := table.TakeAll(charges, start)
			if err != nil {
				t.Fatal(err)
			}
			if ok {
				passed++
			}
		}
		if passed < c.least || passed > 2 {
			t.Errorf("%d buckets: %d requests passed budgets of 5 and 2", c.buckets, passed)
		}
	}
}

// TestSameBudgetTwice: one request may name a budget twice and pays twice.
func TestSameBudgetTwice(t *testing.T) {
	table := NewTable(kv.NewMemory(), "t", 1)
	c := Charge{Key: KeyOf(Seed{}, "alice"), Quota: Quota{3, time.Minute, 0}, N: 1}
	for i, want := range []bool{true, false} {
		charges := []Charge{c, c}
		if ok, err := table.TakeAll(charges, start); ok != want || err != nil {
			t.Errorf("request %d: got %v, %v, want %v", i, ok, err, want)
		}
	}
	if r, _ := table.Take(c.Key, c.Quota, 0, start); r.Remaining != 1 {
		t.Errorf("%d remain after a refusal, want 1", r.Remaining)
	}
}

// TestContention: a store that always loses is a named outcome and no pass, and
// leaves nothing in the results.
func TestContention(t *testing.T) {
	store := &kvtest.Losing{Store: kv.NewMemory(), Losses: -1}
	table := NewTable(store, "t", 1)
	charges := []Charge{{Key: KeyOf(Seed{}, "alice"), Quota: Quota{3, time.Minute, 0}, N: 1}}
	for name, take := range map[string]func([]Charge, time.Time) (bool, error){"take": table.TakeAll, "reserve": table.Reserve} {
		if ok, err := take(charges, start); ok || err != kv.ErrContended || charges[0].Result != (Result{}) {
			t.Errorf("%s: got %v, %v, %+v", name, ok, err, charges[0].Result)
		}
	}
	if r, err := table.Take(charges[0].Key, charges[0].Quota, 1, start); r != (Result{}) || err != kv.ErrContended {
		t.Errorf("Take: got %+v, %v", r, err)
	}
	store.Losses = 0
	if ok, err := table.Reserve(charges, start); !ok || err != nil {
		t.Fatalf("got %v, %v", ok, err)
	}
	store.Losses = -1
	if err := table.Settle(charges, 2, start); err != kv.ErrContended {
		t.Errorf("Settle: got %v", err)
	}
	store.Losses = 0
	if err := table.Settle(charges, 2, start); err != nil {
		t.Errorf("Settle again: got %v", err)
	}
	if r, _ := table.Take(charges[0].Key, charges[0].Quota, 0, start); r.Remaining != 1 {
		t.Errorf("%d remain of 3 after using 2", r.Remaining)
	}
}

// TestSecondBucketContended: an error in a later bucket gives back what earlier
// ones took.
func TestSecondBucketContended(t *testing.T) {
	memory := kv.NewMemory()
	first, second := KeyOf(Seed{}, "a"), KeyOf(Seed{}, "b")
	q := Quota{3, time.Minute, 0}
	free := NewTable(memory, "t", MaxBuckets)
	table := NewTable(failing{memory, free.key(second)}, "t", MaxBuckets)
	charges := []Charge{{Key: first, Quota: q, N: 1}, {Key: second, Quota: q, N: 1}}
	if ok, err := table.TakeAll(charges, start); ok || err != kv.ErrContended {
		t.Fatalf("got %v, %v", ok, err)
	}
	if r, err := free.Take(first, q, 0, start); err != nil || r.Remaining != 3 {
		t.Errorf("first budget: %+v, %v, want all 3 back", r, err)
	}
}

// failing loses every race for one key.
type failing struct {
	kv.Store
	key string
}

func (s failing) Set(key string, value []byte, cas uint32) error {
	if key == s.key {
		return kv.ErrMismatch
	}
	return s.Store.Set(key, value, cas)
}
