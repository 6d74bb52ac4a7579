package limit

import (
	"testing"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/kv"
)

var start = time.Unix(1_800_000_000, 0)

func TestTakeTimeline(t *testing.T) {
	table := NewTable(kv.NewMemory(), "requests", 64)
	key := KeyOf(Seed{}, "alice")
	quota := Quota{Count: 60, Period: time.Minute, Burst: 3}
	for i, step := range []struct {
		at   time.Duration
		n    int64
		want Result
	}{
		{0, 0, Result{Allowed: true, Limit: 3, Remaining: 3}},
		{0, 1, Result{Allowed: true, Limit: 3, Remaining: 2, ResetAfter: time.Second}},
		{0, 2, Result{Allowed: true, Limit: 3, Remaining: 0, ResetAfter: 3 * time.Second}},
		{0, 1, Result{Limit: 3, RetryAfter: time.Second, ResetAfter: 3 * time.Second}},
		{0, 3, Result{Limit: 3, RetryAfter: 3 * time.Second, ResetAfter: 3 * time.Second}},
		{0, 4, Result{TooLarge: true, Limit: 3, RetryAfter: 3 * time.Second, ResetAfter: 3 * time.Second}},
		{time.Second - 1, 1, Result{Limit: 3, RetryAfter: 1, ResetAfter: 2*time.Second + 1}},
		{time.Second, 1, Result{Allowed: true, Limit: 3, ResetAfter: 3 * time.Second}},
		{2500 * time.Millisecond, 0, Result{Allowed: true, Limit: 3, Remaining: 1, ResetAfter: 1500 * time.Millisecond}},
		{time.Hour, 3, Result{Allowed: true, Limit: 3, ResetAfter: 3 * time.Second}},
	} {
		got, err := table.Take(key, quota, step.n, start.Add(step.at))
		if err != nil || got != step.want {
			t.Fatalf("step %d: got %+v, %v, want %+v", i, got, err, step.want)
		}
	}
}

func BenchmarkTake(b *testing.B) {
	table := NewTable(kv.NewMemory(), "requests", MaxBuckets)
	quota := Quota{Count: 60, Period: time.Minute, Burst: 20}
	now := start
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(time.Millisecond)
		if _, err := table.Take(KeyOf(Seed{}, "requests", "alice"), quota, 1, now); err != nil {
			b.Fatal(err)
		}
	}
}
