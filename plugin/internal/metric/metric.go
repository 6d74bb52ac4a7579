// Package metric holds the one table of every metric, counts into the host's
// statistics, and writes them as Prometheus text.
package metric

import (
	"strconv"
	"time"
)

// Host is the part of the proxy that keeps statistics. Counters and gauges
// are shared by all workers, so what Value returns is the proxy's total.
type Host interface {
	// Define makes a statistic and returns its id. The same name gives the
	// same statistic on every worker.
	Define(gauge bool, name string) uint32
	// Add changes a statistic by delta, which is never 0: Envoy's counters
	// refuse an increment of 0.
	Add(id uint32, gauge bool, delta int64)
	// Value reads a statistic.
	Value(id uint32) uint64
}

// Set is the table defined in one host. It is not safe for concurrent use;
// a VM runs one callback at a time.
type Set struct {
	host   Host
	values [count][]string
	ids    [count][]uint32
}

// New defines every metric of the table with the label values given. A metric
// with a label that has no values is left out of the host. One value more,
// "other", is added to each, so that a value outside the set is counted
// instead of lost.
func New(host Host, values map[ID][]string) *Set {
	s := &Set{host: host}
	for i := range Table {
		id := ID(i)
		switch info := Table[i]; {
		case info.Kind == Buckets:
			s.values[i] = bucketNames()
		case info.Label == "":
			s.values[i] = []string{""}
		default:
			s.values[i] = append(append([]string(nil), values[id]...), Other)
		}
		for _, v := range s.values[i] {
			s.ids[i] = append(s.ids[i], host.Define(Table[i].Kind == Gauge, statName(id, v)))
		}
		if Table[i].Kind == Buckets { // the sum, after the buckets
			s.ids[i] = append(s.ids[i], host.Define(false, Table[i].Name+sumSuffix))
		}
	}
	return s
}

// Other is the label value of whatever is not in a metric's closed set.
const Other = "other"

// Inc adds one to the counter id at a label value, or at Other.
func (s *Set) Inc(id ID, value string) { s.Add(id, value, 1) }

// Add changes a counter or gauge at a label value, or at Other. A delta of 0
// does nothing.
func (s *Set) Add(id ID, value string, delta int64) {
	if delta == 0 {
		return
	}
	s.host.Add(s.ids[id][s.index(id, value)], Table[id].Kind == Gauge, delta)
}

// Get reads a counter or gauge at a label value.
func (s *Set) Get(id ID, value string) uint64 {
	return s.host.Value(s.ids[id][s.index(id, value)])
}

// Move sets the gauge id from one known value to another. The host has no
// gauge set, and a difference is right whichever worker applies it.
func (s *Set) Move(id ID, value string, from, to int64) { s.Add(id, value, to-from) }

// sumSuffix names the sum of a Buckets metric in the host, which keeps whole
// numbers only.
const sumSuffix = "_sum_microseconds"

// Observe counts a duration in its bucket and adds it to the sum. A negative
// one, from a clock that was set back, counts as 0.
func (s *Set) Observe(id ID, d time.Duration) {
	d = max(d, 0)
	bucket := bucketOf(d.Seconds())
	s.host.Add(s.ids[id][bucket], false, 1)
	if us := d.Microseconds(); us > 0 {
		s.host.Add(s.ids[id][len(s.ids[id])-1], false, us)
	}
}

// index finds a label value among the few of a metric; the last is Other.
func (s *Set) index(id ID, value string) int {
	last := len(s.values[id]) - 1
	for i, v := range s.values[id][:last] {
		if v == value {
			return i
		}
	}
	return last
}

// statName is the statistic's name in the host: labels are spelled as Istio's
// own are, name_key=.=value;.; and the shipped Envoy configuration turns them
// into tags.
func statName(id ID, value string) string {
	info := Table[id]
	switch {
	case info.Kind == Buckets:
		return info.Name + "_bucket_le=.=" + value + ";.;"
	case info.Label == "":
		return info.Name
	}
	return info.Name + "_" + info.Label + "=.=" + value + ";.;"
}

func bucketNames() []string {
	names := make([]string, 0, len(Bounds)+1)
	for _, b := range Bounds {
		names = append(names, strconv.FormatFloat(b, 'g', -1, 64))
	}
	return append(names, "+Inf")
}

func bucketOf(seconds float64) int {
	for i, b := range Bounds {
		if seconds <= b {
			return i
		}
	}
	return len(Bounds)
}
