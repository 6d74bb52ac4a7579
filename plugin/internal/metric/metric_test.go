package metric

import (
	"strings"
	"testing"
	"time"
)

// memory is a host whose statistics are shared by every Set made on it.
type memory struct {
	names  []string
	values []int64
	byName map[string]uint32
}

func (m *memory) Define(_ bool, name string) uint32 {
	if m.byName == nil {
		m.byName = map[string]uint32{}
	}
	if id, ok := m.byName[name]; ok {
		return id
	}
	id := uint32(len(m.names))
	m.byName[name] = id
	m.names = append(m.names, name)
	m.values = append(m.values, 0)
	return id
}

func (m *memory) Add(id uint32, gauge bool, delta int64) {
	if delta == 0 || (!gauge && delta < 0) {
		panic("the host refuses this change")
	}
	m.values[id] += delta
}

func (m *memory) Value(id uint32) uint64 { return uint64(m.values[id]) }

func newSet(m *memory) *Set {
	return New(m, map[ID][]string{Refused: {"prompt_injection"}, BreakerState: {"openai"}})
}

func TestCountsAreSharedOverWorkers(t *testing.T) {
	host := &memory{}
	a, b := newSet(host), newSet(host)
	a.Inc(Refused, "prompt_injection")
	b.Inc(Refused, "prompt_injection")
	b.Add(Refused, "prompt_injection", 0)
	if got := a.Get(Refused, "prompt_injection"); got != 2 {
		t.Errorf("refused = %d, want 2", got)
	}
}

func TestUnknownLabelValueCountsAsOther(t *testing.T) {
	s := newSet(&memory{})
	s.Inc(Refused, "never heard of")
	if got := s.Get(Refused, Other); got != 1 {
		t.Errorf("other = %d, want 1", got)
	}
}

func TestGaugeMoves(t *testing.T) {
	s := newSet(&memory{})
	s.Move(BreakerState, "openai", 0, 2)
	s.Move(BreakerState, "openai", 2, 1)
	s.Move(BreakerState, "openai", 1, 1)
	if got := s.Get(BreakerState, "openai"); got != 1 {
		t.Errorf("state = %d, want 1", got)
	}
}

func TestStatisticNamesAreBounded(t *testing.T) {
	host := &memory{}
	s := newSet(host)
	defined := len(host.names)
	for i := range 1000 {
		s.Inc(Refused, strings.Repeat("x", i))
		s.Observe(Duration, time.Duration(i)*time.Second)
	}
	if len(host.names) != defined {
		t.Errorf("%d statistics after use, %d at start", len(host.names), defined)
	}
}

func TestObserveKeepsBucketsAndSum(t *testing.T) {
	s := newSet(&memory{})
	for _, d := range []time.Duration{-time.Second, 0, 2 * time.Millisecond, 400 * time.Second} {
		s.Observe(Duration, d)
	}
	text := string(s.AppendText(nil))
	for _, want := range []string{
		`sparkward_request_duration_seconds_bucket{le="0.001"} 2`,
		`sparkward_request_duration_seconds_bucket{le="0.0025"} 3`,
		`sparkward_request_duration_seconds_bucket{le="300"} 3`,
		`sparkward_request_duration_seconds_bucket{le="+Inf"} 4`,
		"sparkward_request_duration_seconds_count 4",
		"sparkward_request_duration_seconds_sum 400.002",
		`sparkward_request_duration_quantile_seconds{quantile="0.99"} 300`,
		`sparkward_breaker_state{cluster="openai"} 0`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("missing %q in\n%s", want, text)
		}
	}
}

func TestQuantile(t *testing.T) {
	counts := func(bucket, n int) []uint64 {
		c := make([]uint64, len(Bounds)+1)
		c[bucket] = uint64(n)
		return c
	}
	cases := []struct {
		name   string
		q      float64
		counts []uint64
		total  uint64
		want   float64
	}{
		{"nothing observed", 0.5, counts(0, 0), 0, 0},
		{"middle of the first bucket", 0.5, counts(0, 10), 10, 0.0005},
		{"end of a bucket", 1, counts(9, 4), 4, 1},
		{"above the last bound", 0.5, counts(len(Bounds), 3), 3, 300},
	}
	for _, c := range cases {
		if got := Quantile(c.q, c.counts, c.total); got != c.want {
			t.Errorf("%s: %g, want %g", c.name, got, c.want)
		}
	}
}

func TestTableIsComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, info := range Table {
		if info.Name == "" || info.Help == "" || seen[info.Name] {
			t.Errorf("metric %q needs a name of its own and a help text", info.Name)
		}
		seen[info.Name] = true
		if info.Kind == Counter && !strings.HasSuffix(info.Name, "_total") {
			t.Errorf("counter %q does not end in _total", info.Name)
		}
	}
}

func TestLabelValuesAreEscaped(t *testing.T) {
	got := string(appendLabel(nil, "a", "x\"y\\z\n"))
	if want := `{a="x\"y\\z\n"}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
