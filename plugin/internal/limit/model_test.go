package limit

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/kv"
)

// model is one budget as the documentation says it, in exact fractions and
// without any table: what is used falls by Count a Period and never below 0;
// reservations stand beside it until they are settled or lapse.
type model struct {
	quota Quota
	used  *big.Rat // units
	at    time.Time
	holds map[int]hold
}

type hold struct {
	n    int64
	made time.Time
}

func newModel(q Quota) *model {
	return &model{quota: q, used: new(big.Rat), at: start, holds: map[int]hold{}}
}

func (m *model) perNano() *big.Rat { return big.NewRat(m.quota.Count, int64(m.quota.Period)) }

// forward lets time pass.
func (m *model) forward(now time.Time) {
	drained := new(big.Rat).Mul(m.perNano(), big.NewRat(int64(now.Sub(m.at)), 1))
	if m.used.Sub(m.used, drained); m.used.Sign() < 0 {
		m.used.SetInt64(0)
	}
	for id, h := range m.holds {
		if now.UnixNano()/holdTime-h.made.UnixNano()/holdTime > 1 {
			delete(m.holds, id)
		}
	}
	m.at = now
}

// taken is what is used and held together.
func (m *model) taken() *big.Rat {
	sum := new(big.Rat).Set(m.used)
	for _, h := range m.holds {
		sum.Add(sum, big.NewRat(h.n, 1))
	}
	return sum
}

// wait is how long units take to drain, rounded up to nanoseconds.
func (m *model) wait(units *big.Rat) time.Duration {
	if units.Sign() <= 0 {
		return 0
	}
	q := new(big.Rat).Quo(units, m.perNano())
	n, rest := new(big.Int).QuoRem(q.Num(), q.Denom(), new(big.Int))
	if rest.Sign() > 0 {
		n.Add(n, big.NewInt(1))
	}
	return time.Duration(n.Int64())
}

// take charges n, or holds it under id if id is not 0.
func (m *model) take(n int64, id int) Result {
	burst := m.quota.burst()
	r := Result{Limit: burst}
	over := new(big.Rat).Add(m.taken(), big.NewRat(n-burst, 1))
	switch {
	case n > burst:
		r.TooLarge, r.RetryAfter = true, max(m.wait(m.taken()), 1)
	case over.Sign() > 0:
		r.RetryAfter = m.wait(over)
	case id != 0:
		r.Allowed = true
		m.holds[id] = hold{n, m.at}
	default:
		r.Allowed = true
		m.used.Add(m.used, big.NewRat(n, 1))
	}
	left := new(big.Rat).Sub(big.NewRat(burst, 1), m.taken())
	r.Remaining = max(new(big.Int).Div(left.Num(), left.Denom()).Int64(), 0)
	r.ResetAfter = m.wait(m.taken())
	return r
}

func (m *model) settle(id int, actual int64) {
	delete(m.holds, id)
	m.used.Add(m.used, big.NewRat(actual, 1))
}

// exactQuotas have intervals that are whole numbers of 1/256 ns, so that the
// table must agree with the model to the nanosecond.
var exactQuotas = []Quota{
	{60, time.Minute, 20},
	{1, time.Second, 1},
	{1000, time.Second, 0},
	{3, 3 * time.Millisecond, 5},
	{100_000, time.Minute, 0},
	{1_000_000, time.Minute, 50_000},
	{2_000_000, 24 * time.Hour, 0},
	{10_000_000, 30 * 24 * time.Hour, 0},
	{256, time.Second, 3},
	{1 << 20, 1 << 40, 100},
}

// step draws how much time passes: none, a little, about a refill, or long.
func step(random *rand.Rand, q Quota) time.Duration {
	interval := q.Period / time.Duration(q.Count)
	switch random.IntN(10) {
	case 0, 1, 2:
		return 0
	case 3, 4, 5:
		return time.Duration(random.Int64N(int64(3*interval) + 2))
	case 6:
		return interval
	case 7:
		return time.Duration(random.Int64N(int64(q.Period)))
	case 8:
		return time.Duration(random.Int64N(holdTime))
	}
	return time.Duration(random.Int64N(2 * int64(q.Period)))
}

// size draws how many units a call asks for.
func size(random *rand.Rand, q Quota) int64 {
	burst := q.burst()
	switch random.IntN(6) {
	case 0:
		return 0
	case 1:
		return random.Int64N(2*burst) + 1
	case 2:
		return burst
	}
	return random.Int64N(burst/5+1) + 1
}

// TestTableAgainstModel holds every field of every result against the model,
// over random timelines of takes, reservations and settlements.
func TestTableAgainstModel(t *testing.T) {
	for i, q := range exactQuotas {
		t.Run(fmt.Sprint(q), func(t *testing.T) {
			if err := q.Validate(); err != nil || uint64(q.Period)<<unitBits%uint64(q.Count) != 0 {
				t.Fatalf("not an exact quota: %v", err)
			}
			runAgainstModel(t, q, rand.New(rand.NewPCG(uint64(i), 7)))
		})
	}
}

func runAgainstModel(t *testing.T, q Quota, random *rand.Rand) {
	table := NewTable(kv.NewMemory(), "t", 1)
	key, m, now := KeyOf(Seed{}, "alice"), newModel(q), start
	type call struct {
		id     int
		charge []Charge
	}
	var underWay []call
	refused := 0
	for i := 1; i <= 1500; i++ {
		now = now.Add(step(random, q))
		m.forward(now)
		n := size(random, q)
		switch random.IntN(5) {
		case 0, 1:
			got, err := table.Take(key, q, n, now)
			if want := m.take(n, 0); err != nil || got != want {
				t.Fatalf("step %d: Take(%d): got %+v, %v, want %+v", i, n, got, err, want)
			}
			if !got.Allowed {
				refused++
			}
		case 2, 3:
			c := []Charge{{Key: key, Quota: q, N: n}}
			ok, err := table.Reserve(c, now)
			want := m.take(n, i)
			if err != nil || ok != want.Allowed || c[0].Result != want {
				t.Fatalf("step %d: Reserve(%d): got %+v, %v, want %+v", i, n, c[0].Result, err, want)
			}
			if ok && random.IntN(10) > 0 { // every tenth is never settled
				underWay = append(underWay, call{i, c})
			}
		default:
			if len(underWay) == 0 {
				continue
			}
			j := random.IntN(len(underWay))
			c := underWay[j]
			underWay = append(underWay[:j], underWay[j+1:]...)
			actual := random.Int64N(c.charge[0].N + c.charge[0].N/8 + 1)
			if err := table.Settle(c.charge, actual, now); err != nil {
				t.Fatal(err)
			}
			m.settle(c.id, actual)
		}
	}
	if refused < 50 || table.Corrupt() != 0 {
		t.Fatalf("%d refusals, %d corrupt values", refused, table.Corrupt())
	}
}

func randomQuota(random *rand.Rand) Quota {
	for {
		q := Quota{
			Count:  1 + random.Int64N(1<<random.UintN(30)),
			Period: time.Millisecond + time.Duration(random.Int64N(1<<(20+random.UintN(30)))),
			Burst:  random.Int64N(1 << random.UintN(20)),
		}
		if q.Validate() == nil {
			return q
		}
	}
}

// TestNeverMoreThanTheRate: for any quota, whatever passes in the table passes
// in the model.
func TestNeverMoreThanTheRate(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 8))
	key := KeyOf(Seed{}, "alice")
	for range 100 {
		q := randomQuota(random)
		table, m, now := NewTable(kv.NewMemory(), "t", 1), newModel(q), start
		for i := range 100 {
			now = now.Add(step(random, q))
			m.forward(now)
			n := size(random, q)
			if got, _ := table.Take(key, q, n, now); got.Allowed && !m.take(n, 0).Allowed {
				t.Fatalf("%+v step %d: %d units pass on top of %v", q, i, n, m.taken())
			}
		}
	}
}

// TestNearlyAllOfTheRate: for any quota, a caller who always takes what remains
// gets the rate, less the 1/256 by which an interval may be rounded up.
func TestNearlyAllOfTheRate(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 9))
	key := KeyOf(Seed{}, "alice")
	for range 100 {
		q := randomQuota(random)
		q.Burst = max(q.burst(), 2)
		table, now, total := NewTable(kv.NewMemory(), "t", 1), start, int64(0)
		// So that the budget is never idle: it is full to within a unit each time.
		most := int64(float64(q.Period) / float64(q.Count) * float64(q.Burst-1))
		for i := range 200 {
			look, _ := table.Take(key, q, 0, now)
			got, _ := table.Take(key, q, look.Remaining, now)
			if !got.Allowed || got.Remaining != 0 {
				t.Fatalf("%+v step %d: %d units remain, but taking them gives %+v", q, i, look.Remaining, got)
			}
			total += look.Remaining
			now = now.Add(time.Duration(random.Int64N(max(most, 1))))
		}
		passed := float64(now.Sub(start)) / float64(q.Period) * float64(q.Count)
		if least := (passed-float64(q.burst()))*0.995 - 1; float64(total) < least {
			t.Errorf("%+v: %d units in %v, want at least %.0f", q, total, now.Sub(start), least)
		}
	}
}
