package shared

import (
	"strconv"
	"sync"
	"testing"

	"github.com/sparkward/sparkward/hostsim/internal/abi"
)

func TestData(t *testing.T) {
	var d Data
	if _, _, status := d.Get("vm", "k"); status != abi.NotFound {
		t.Errorf("an absent key: %v", status)
	}
	set := func(value string, cas uint32, want abi.Status) {
		t.Helper()
		if got := d.Set("vm", "k", value, cas); got != want {
			t.Errorf("Set(%q, %d): got %v, want %v", value, cas, got, want)
		}
	}
	set("1", 12345, abi.OK) // an absent key takes any cas
	_, cas, _ := d.Get("vm", "k")
	set("2", cas+1, abi.CasMismatch)
	set("2", 0xffffffff, abi.CasMismatch)
	set("2", cas, abi.OK)
	set("3", cas, abi.CasMismatch) // it has changed
	set("4", 0, abi.OK)            // overwrites
	if value, _, _ := d.Get("vm", "k"); value != "4" {
		t.Errorf("got %q, want 4", value)
	}
	if _, _, status := d.Get("other", "k"); status != abi.NotFound {
		t.Error("VM ids must not share keys")
	}
}

// The cas never becomes 0, which would overwrite blindly.
func TestCasWraps(t *testing.T) {
	d := Data{last: 0xfffffffe}
	d.Set("", "a", "", 0)
	d.Set("", "b", "", 0)
	_, a, _ := d.Get("", "a")
	_, b, _ := d.Get("", "b")
	if a != 0xffffffff || b != 1 {
		t.Errorf("got %d and %d, want 4294967295 and 1", a, b)
	}
}

func TestDataIsExact(t *testing.T) {
	var d Data
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 500 {
				for {
					value, cas, status := d.Get("", "n")
					if status == abi.NotFound {
						cas = 0xffffffff
					}
					n, _ := strconv.Atoi(value)
					if d.Set("", "n", strconv.Itoa(n+1), cas) == abi.OK {
						break
					}
				}
			}
		})
	}
	all.Wait()
	if value, _, _ := d.Get("", "n"); value != "2000" {
		t.Errorf("got %s, want 2000", value)
	}
}

func TestQueues(t *testing.T) {
	var q Queues
	told := ""
	register := func(who string) uint32 { return q.Register("vm", "q", func(uint32) { told += who }) }
	token := register("a")
	q.Enqueue(token, "1")
	if again := register("b"); again != token {
		t.Errorf("registered anew as %d, want %d", again, token)
	}
	q.Enqueue(token, "2")
	if told != "ab" {
		t.Errorf("told %q, want ab: the last registration wins", told)
	}
	for _, want := range []string{"1", "2"} {
		if item, status := q.Dequeue(token); item != want || status != abi.OK {
			t.Errorf("got %q %v, want %q", item, status, want)
		}
	}
	if _, status := q.Dequeue(token); status != abi.Empty {
		t.Errorf("an empty queue: %v", status)
	}
	if _, status := q.Dequeue(99); status != abi.NotFound || q.Enqueue(99, "") != abi.NotFound {
		t.Error("an unknown queue must not be found")
	}
	if q.Resolve("vm", "q") != token || q.Resolve("other", "q") != 0 {
		t.Error("queues are found by VM id and name")
	}
}

func TestMetrics(t *testing.T) {
	var m Metrics
	counter, gauge, histogram := m.Define(abi.Counter, "c"), m.Define(abi.Gauge, "g"), m.Define(abi.Histogram, "h")
	if m.Define(abi.Counter, "c") != counter {
		t.Error("one name and kind is one metric")
	}
	for _, c := range []struct {
		metric *Metric
		offset int64
		want   abi.Status
	}{{counter, 5, abi.OK}, {counter, 0, abi.BadArgument}, {counter, -1, abi.BadArgument},
		{gauge, 5, abi.OK}, {gauge, -2, abi.OK}, {gauge, 0, abi.OK}, {histogram, 1, abi.BadArgument}} {
		if got := c.metric.Increment(c.offset); got != c.want {
			t.Errorf("Increment(%d): got %v, want %v", c.offset, got, c.want)
		}
	}
	counter.Record(2)
	histogram.Record(100)
	if got := m.Snapshot(); got["c"] != 7 || got["g"] != 3 || got["h"] != 1 {
		t.Errorf("got %v", got)
	}
	gauge.Record(42)
	if value, status := gauge.Value(); value != 42 || status != abi.OK {
		t.Errorf("gauge: %d %v", value, status)
	}
	if _, status := histogram.Value(); status != abi.BadArgument {
		t.Errorf("a histogram has no value: %v", status)
	}
}
