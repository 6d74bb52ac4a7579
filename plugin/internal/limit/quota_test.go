package limit

import (
	"math/big"
	"strings"
	"testing"
	"time"
)

func TestQuotaValidate(t *testing.T) {
	for _, c := range []struct {
		quota Quota
		want  string // a part of the error, "" for none
	}{
		{Quota{60, time.Minute, 0}, ""},
		{Quota{60, time.Minute, 20}, ""},
		{Quota{1, MaxPeriod, 1}, ""},
		{Quota{1, MaxPeriod, 3}, ""},
		{Quota{1, time.Millisecond, maxCount}, "93 days"},
		{Quota{1_000_000, time.Millisecond, 0}, ""},
		{Quota{maxCount, time.Hour, maxCount}, ""},
		{Quota{0, time.Minute, 0}, "count must be from 1"},
		{Quota{-1, time.Minute, 0}, "count must be from 1"},
		{Quota{maxCount + 1, MaxPeriod, 0}, "count must be from 1"},
		{Quota{60, 0, 0}, "period must be"},
		{Quota{60, -time.Minute, 0}, "period must be"},
		{Quota{60, time.Microsecond, 0}, "period must be"},
		{Quota{60, MaxPeriod + 1, 0}, "period must be"},
		{Quota{1_000_001, time.Millisecond, 0}, "one a nanosecond"},
		{Quota{60, time.Minute, -1}, "burst must be"},
		{Quota{60, time.Minute, maxCount + 1}, "burst must be"},
		{Quota{1, MaxPeriod, 4}, "93 days"},
	} {
		err := c.quota.Validate()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v, want %q", c.quota, err, c.want)
		}
	}
}

func TestSeconds(t *testing.T) {
	for _, c := range []struct {
		d    time.Duration
		want int64
	}{
		{0, 1}, {1, 1}, {time.Second - 1, 1}, {time.Second, 1}, {time.Second + 1, 2}, {90 * time.Second, 90}, {-time.Hour, 1},
	} {
		if got := Seconds(c.d); got != c.want {
			t.Errorf("Seconds(%v) = %d, want %d", c.d, got, c.want)
		}
	}
}

// FuzzQuota holds what the arithmetic of a valid quota rests on: no lag
// overflows, and the rate is never above Count a Period nor 1/256 below it.
func FuzzQuota(f *testing.F) {
	f.Add(int64(60), int64(time.Minute), int64(20))
	f.Add(int64(maxCount), int64(MaxPeriod), int64(maxCount))
	f.Add(int64(1_000_000), int64(time.Millisecond), int64(0))
	f.Add(int64(7), int64(MaxPeriod), int64(20))
	f.Fuzz(func(t *testing.T, count, period, burst int64) {
		q := Quota{count, time.Duration(period), burst}
		if q.Validate() != nil {
			return
		}
		interval := q.interval()
		exact := new(big.Rat).SetFrac(big.NewInt(period<<unitBits), big.NewInt(count))
		got := new(big.Rat).SetInt(new(big.Int).SetUint64(interval))
		if got.Cmp(exact) < 0 {
			t.Fatalf("%+v: interval %d is below %v", q, interval, exact)
		}
		if got.Sub(got, exact).Cmp(new(big.Rat).Mul(exact, big.NewRat(1, 256))) > 0 {
			t.Fatalf("%+v: interval %d is far above %v", q, interval, exact)
		}
		if tolerance := cost(q.burst(), interval); tolerance >= maxLag || tolerance/interval != uint64(q.burst()) {
			t.Fatalf("%+v: tolerance %d of intervals %d", q, tolerance, interval)
		}
		if c := classOf(cost(q.burst(), interval)); c < 0 || c >= classes {
			t.Fatalf("%+v: class %d", q, c)
		}
	})
}
