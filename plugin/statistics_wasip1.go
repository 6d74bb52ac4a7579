package main

import (
	"unsafe"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
)

// The SDK's metric functions panic through fmt, which with all it needs is
// 0.3 MB of the module. These are the same three host calls without it.

//go:wasmimport env proxy_define_metric
func proxyDefineMetric(kind uint32, name unsafe.Pointer, size int32, id unsafe.Pointer) uint32

//go:wasmimport env proxy_increment_metric
func proxyIncrementMetric(id uint32, offset int64) uint32

//go:wasmimport env proxy_get_metric
func proxyGetMetric(id uint32, value unsafe.Pointer) uint32

const (
	metricCounter = 0
	metricGauge   = 1
)

// Define makes a statistic in the host.
func (host) Define(gauge bool, name string) (id uint32) {
	kind := uint32(metricCounter)
	if gauge {
		kind = metricGauge
	}
	if st := proxyDefineMetric(kind, unsafe.Pointer(unsafe.StringData(name)), int32(len(name)), unsafe.Pointer(&id)); st != 0 {
		proxywasm.LogError("the host would not define the metric " + name)
	}
	return id
}

// Add changes a statistic.
func (host) Add(id uint32, _ bool, delta int64) {
	if st := proxyIncrementMetric(id, delta); st != 0 {
		proxywasm.LogError("the host refused to count")
	}
}

// Value returns a statistic's total over all workers.
func (host) Value(id uint32) (value uint64) {
	if st := proxyGetMetric(id, unsafe.Pointer(&value)); st != 0 {
		proxywasm.LogError("the host would not read a metric")
	}
	return value
}
