package shared

import (
	"maps"
	"sync"

	"github.com/sparkward/sparkward/hostsim/internal/abi"
)

// Metrics are the metrics of all VMs, by name and kind. The zero value is empty and ready.
type Metrics struct {
	mu   sync.Mutex
	byID map[metricKey]*Metric
}

type metricKey struct {
	kind abi.MetricType
	name string
}

// Metric is one counter, gauge or histogram.
type Metric struct {
	mu    sync.Mutex
	kind  abi.MetricType
	value uint64
	count uint64 // of a histogram's values
}

// Define returns the metric of that kind and name, made if needed. All VMs that
// define it share it.
func (m *Metrics) Define(kind abi.MetricType, name string) *Metric {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := metricKey{kind, name}
	if m.byID[key] == nil {
		if m.byID == nil {
			m.byID = map[metricKey]*Metric{}
		}
		m.byID[key] = &Metric{kind: kind}
	}
	return m.byID[key]
}

// Increment adds to a counter or gauge. A counter refuses what is not positive; a
// histogram refuses all.
func (m *Metric) Increment(offset int64) abi.Status {
	if m.kind == abi.Histogram || m.kind == abi.Counter && offset <= 0 {
		return abi.BadArgument
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.value += uint64(offset)
	return abi.OK
}

// Record adds to a counter, sets a gauge, or takes a histogram's value.
func (m *Metric) Record(value uint64) abi.Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.count++
	if m.kind == abi.Gauge {
		m.value = value
	} else {
		m.value += value
	}
	return abi.OK
}

// Value reads a counter or gauge. A histogram refuses.
func (m *Metric) Value() (uint64, abi.Status) {
	if m.kind == abi.Histogram {
		return 0, abi.BadArgument
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.value, abi.OK
}

// Snapshot is the value of every metric by name. A histogram counts its values.
func (m *Metrics) Snapshot() map[string]uint64 {
	m.mu.Lock()
	all := maps.Clone(m.byID)
	m.mu.Unlock()
	values := make(map[string]uint64, len(all))
	for key, metric := range all {
		metric.mu.Lock()
		values[key.name] = metric.value
		if key.kind == abi.Histogram {
			values[key.name] = metric.count
		}
		metric.mu.Unlock()
	}
	return values
}
