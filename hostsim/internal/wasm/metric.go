package wasm

import (
	"github.com/sparkward/sparkward/hostsim/internal/abi"
	"github.com/sparkward/sparkward/hostsim/internal/shared"
)

// metricTable gives out the ids of one VM's metrics: the low two bits are the kind.
type metricTable struct {
	byID map[uint32]*shared.Metric
	next [3]uint32
}

const metricStep = 4

func (vm *VM) defineMetric(kind abi.MetricType, name string) (id uint32, status abi.Status) {
	if kind > abi.Histogram {
		return 0, abi.BadArgument
	}
	t := &vm.metrics
	if t.byID == nil {
		t.byID = map[uint32]*shared.Metric{}
		t.next = [3]uint32{0, 1, 2}
	}
	t.next[kind] += metricStep
	t.byID[t.next[kind]] = vm.Spec.Host.Metrics.Define(kind, name)
	return t.next[kind], abi.OK
}

func (vm *VM) incrementMetric(id uint32, offset int64) abi.Status {
	metric := vm.metrics.byID[id]
	switch {
	case abi.MetricType(id%metricStep) >= abi.Histogram:
		return abi.BadArgument
	case metric == nil:
		return abi.NotFound
	}
	return metric.Increment(offset)
}

func (vm *VM) recordMetric(id uint32, value uint64) abi.Status {
	if metric := vm.metrics.byID[id]; metric != nil {
		return metric.Record(value)
	}
	return abi.NotFound
}

func (vm *VM) getMetric(id uint32) (uint64, abi.Status) {
	metric := vm.metrics.byID[id]
	switch {
	case abi.MetricType(id%metricStep) >= abi.Histogram:
		return 0, abi.BadArgument
	case metric == nil:
		return 0, abi.NotFound
	}
	return metric.Value()
}
