//go:build !wasip1

package main

import "github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"

// Define makes a statistic in the SDK's emulated host.
func (host) Define(gauge bool, name string) uint32 {
	if gauge {
		return uint32(proxywasm.DefineGaugeMetric(name))
	}
	return uint32(proxywasm.DefineCounterMetric(name))
}

// Add changes a statistic.
func (host) Add(id uint32, gauge bool, delta int64) {
	if gauge {
		proxywasm.MetricGauge(id).Add(delta)
		return
	}
	proxywasm.MetricCounter(id).Increment(uint64(delta))
}

// Value returns a statistic's total over all workers.
func (host) Value(id uint32) uint64 { return proxywasm.MetricCounter(id).Value() }
