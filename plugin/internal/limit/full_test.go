package limit

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/kv"
)

// TestFullBucketNeverLetsThroughEarly crowds one bucket with far more callers
// than it holds, of all classes, who take, reserve, settle and die, and holds
// each against a model that forgets nothing.
func TestFullBucketNeverLetsThroughEarly(t *testing.T) {
	quotas := []Quota{{60, time.Minute, 20}, {10, time.Second, 0}, {1000, time.Hour, 0}, {5, 10 * time.Minute, 0}, {100_000, 24 * time.Hour, 0}, {3_000_000, 30 * 24 * time.Hour, 0}}
	for seed := range uint64(6) {
		random := rand.New(rand.NewPCG(seed, 11))
		table, now := NewTable(kv.NewMemory(), "t", 1), start
		var models []*model
		var underWay []reserved
		passed, early := 0, 0
		for i := range 30 {
			models = append(models, newModel(quotas[i%len(quotas)]))
		}
		for i := 1; i <= 3000; i++ {
			who := random.IntN(1 + random.IntN(len(models)))
			m, key := models[who], KeyOf(Seed{}, strconv.Itoa(who))
			now = now.Add(time.Duration(random.Int64N(1 << random.UintN(37))))
			m.forward(now)
			n := min(size(random, m.quota), m.quota.burst())
			charges := []Charge{{Key: key, Quota: m.quota, N: n}}
			switch random.IntN(4) {
			case 0:
				if ok, err := table.Reserve(charges, now); err != nil {
					t.Fatal(err)
				} else if ok {
					if !m.take(n, i).Allowed {
						early++
					}
					if random.IntN(5) > 0 {
						underWay = append(underWay, reserved{who, i, charges})
					}
				}
			case 1:
				if len(underWay) == 0 {
					continue
				}
				c := underWay[0]
				underWay = underWay[1:]
				actual := random.Int64N(c.charges[0].N*5/4 + 1)
				if err := table.Settle(c.charges, actual, now); err != nil {
					t.Fatal(err)
				}
				models[c.who].forward(now)
				models[c.who].settle(c.id, actual)
			default:
				ok, err := table.TakeAll(charges, now)
				if err != nil {
					t.Fatal(err)
				}
				if ok {
					passed++
					if !m.take(n, 0).Allowed {
						early++
					}
				}
			}
		}
		if early > 0 || passed < 50 || table.Corrupt() > 0 {
			t.Errorf("seed %d: %d let through too early, %d passed, %d corrupt", seed, early, passed, table.Corrupt())
		}
	}
}

type reserved struct {
	who, id int
	charges []Charge
}

// TestSixCallersFit: up to six budgets of a bucket do not touch each other.
func TestSixCallersFit(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	table, now := NewTable(kv.NewMemory(), "t", 1), start
	var models [ways]*model
	for i := range models {
		models[i] = newModel(exactQuotas[i])
	}
	for i := range 5000 {
		who := random.IntN(ways)
		m := models[who]
		now = now.Add(step(random, m.quota) / 50)
		m.forward(now)
		n := size(random, m.quota)
		got, err := table.Take(KeyOf(Seed{}, strconv.Itoa(who)), m.quota, n, now)
		if want := m.take(n, 0); err != nil || got != want {
			t.Fatalf("step %d, caller %d: got %+v, %v, want %+v", i, who, got, err, want)
		}
	}
}

// TestMillionCallers: a million callers leave shared data at the size that the
// documentation says, and a hot caller never gets more than his rate while they
// fill the table.
func TestMillionCallers(t *testing.T) {
	const callers = 1_000_000
	store := kv.NewMemory()
	table := NewTable(store, "requests", MaxBuckets)
	hot, m := KeyOf(Seed{}, "user", "hot"), newModel(Quota{60, time.Minute, 20})
	var sizes [2]int
	for i := range callers {
		now := start.Add(time.Duration(i) * 20 * time.Microsecond)
		// Each fills its own budget, so that none drains meanwhile.
		if _, err := table.Take(KeyOf(Seed{}, "address", strconv.Itoa(i)), m.quota, 15, now); err != nil {
			t.Fatal(err)
		}
		if i%100 == 0 {
			m.forward(now)
			if got, _ := table.Take(hot, m.quota, 1, now); got.Allowed && !m.take(1, 0).Allowed {
				t.Fatalf("after %d callers the hot one was let through too early", i)
			}
		}
		if i == callers/2 || i == callers-1 {
			keys, bytes := store.Size()
			sizes[i/(callers-1)] = bytes
			if total := bytes + 100*keys; keys > MaxBuckets || total > 4<<20 {
				t.Fatalf("after %d callers: %d keys, %d bytes, %d with the host's nodes", i, keys, bytes, total)
			}
		}
	}
	if grown := sizes[1] - sizes[0]; grown > sizes[0]/20 {
		t.Errorf("grew by %d bytes from %d in the second half", grown, sizes[0])
	}
	t.Logf("%d callers: %d bytes of keys and values", callers, sizes[1])
}

// TestLargestTable fills every bucket with six budgets that have calls under
// way, which is as large as a table gets.
func TestLargestTable(t *testing.T) {
	store := kv.NewMemory()
	table := NewTable(store, "requests", MaxBuckets)
	q := Quota{100, time.Minute, 0}
	for round := range 2 {
		now := start.Truncate(time.Duration(holdTime)).Add(time.Duration(round) * time.Duration(holdTime))
		for i := range MaxBuckets {
			for j := range ways {
				c := []Charge{{Key: Key{uint64(i), uint64(j) << 3}, Quota: q, N: 10}}
				if ok, err := table.Reserve(c, now); !ok || err != nil {
					t.Fatalf("bucket %d, budget %d: %v, %v", i, j, ok, err)
				}
			}
		}
	}
	keys, bytes := store.Size()
	if keys != MaxBuckets || bytes < 200*MaxBuckets || bytes+100*keys > 4<<20 {
		t.Errorf("%d keys, %d bytes, %d with the host's nodes", keys, bytes, bytes+100*keys)
	}
	t.Logf("%d keys, %d bytes, %d with the host's nodes", keys, bytes, bytes+100*keys)
	newcomer := Key{0, 99 << 3}
	r, err := table.Take(newcomer, q, 1, start.Truncate(time.Duration(holdTime)).Add(time.Duration(holdTime)))
	if err != nil || r.Allowed || r.RetryAfter != fullWait || r.Remaining != 0 {
		t.Errorf("a newcomer among six budgets with calls under way: %+v, %v", r, err)
	}
}

// TestMinuteBudgetsAmongMonths: long budgets that fill a bucket do not hold up
// short ones.
func TestMinuteBudgetsAmongMonths(t *testing.T) {
	table, now := NewTable(kv.NewMemory(), "t", 1), start
	month := Quota{1_000_000, 30 * 24 * time.Hour, 0}
	for i := range 20 {
		if r, err := table.Take(KeyOf(Seed{}, "month", strconv.Itoa(i)), month, 500_000, now); err != nil || i < ways && !r.Allowed {
			t.Fatalf("month budget %d: %+v, %v", i, r, err)
		}
	}
	minute := Quota{60, time.Minute, 20}
	for i := range 20 {
		r, err := table.Take(KeyOf(Seed{}, "minute", strconv.Itoa(i)), minute, 1, now)
		if err != nil || !r.Allowed || r.ResetAfter > 20*time.Second {
			t.Fatalf("minute budget %d: %+v, %v", i, r, err)
		}
	}
}

// TestOneStepDoesNotEvictItself: a request for two budgets, of which one has to
// make room for itself, does not push out the other.
func TestOneStepDoesNotEvictItself(t *testing.T) {
	table, q := NewTable(kv.NewMemory(), "t", 1), Quota{100, time.Minute, 0}
	key := func(i int) Key { return Key{0, uint64(i) << 3} }
	for i := range ways {
		if _, err := table.Take(key(i), q, int64(10+i), start); err != nil {
			t.Fatal(err)
		}
	}
	for _, order := range [][2]int{{0, 50}, {51, 0}} {
		charges := []Charge{{Key: key(order[0]), Quota: q, N: 5}, {Key: key(order[1]), Quota: q, N: 5}}
		before, _ := table.Take(key(0), q, 0, start)
		if ok, err := table.TakeAll(charges, start); !ok || err != nil {
			t.Fatalf("%v: %v, %v", order, ok, err)
		}
		if after, _ := table.Take(key(0), q, 0, start); after.Remaining != before.Remaining-5 {
			t.Errorf("%v: the budget went from %d to %d", order, before.Remaining, after.Remaining)
		}
	}
}

// TestNewcomersDoNotEvictEachOther: a request for three new budgets in a full
// bucket charges three of them.
func TestNewcomersDoNotEvictEachOther(t *testing.T) {
	table, q := NewTable(kv.NewMemory(), "t", 1), Quota{100, time.Minute, 0}
	for i := range ways {
		if _, err := table.Take(Key{0, uint64(i) << 3}, q, 50, start); err != nil {
			t.Fatal(err)
		}
	}
	var charges []Charge
	for i := range 3 {
		charges = append(charges, Charge{Key: Key{0, uint64(100+i) << 3}, Quota: q, N: 1})
	}
	if ok, err := table.TakeAll(charges, start); !ok || err != nil {
		t.Fatal(ok, err)
	}
	for i, c := range charges {
		want := []int64{99, 49, 49}[i] // the first came before anyone was forgotten
		if r, _ := table.Take(c.Key, q, 0, start); r.Remaining != want || c.Result.Remaining != want {
			t.Errorf("newcomer %d: %d remain, was told %d, want %d", i, r.Remaining, c.Result.Remaining, want)
		}
	}
}
