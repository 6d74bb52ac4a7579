//go:build !wasip1

package main

import (
	"time"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"

	"github.com/sparkward/sparkward/plugin/internal/guard"
)

// The same calls through the SDK, to compile and vet outside of a module.

func now() time.Time { return time.Now() }

func headerMap(kind headerKind, _ *memory, _ [][2]string) ([][2]string, bool) {
	read := proxywasm.GetHttpRequestHeaders
	if kind == responseHeaderMap {
		read = proxywasm.GetHttpResponseHeaders
	}
	pairs, err := read()
	return pairs, err == nil
}

func addHeader(kind headerKind, name, value string) bool {
	add := proxywasm.AddHttpRequestHeader
	if kind == responseHeaderMap {
		add = proxywasm.AddHttpResponseHeader
	}
	return add(name, value) == nil
}

func removeHeader(kind headerKind, name string) bool {
	remove := proxywasm.RemoveHttpRequestHeader
	if kind == responseHeaderMap {
		remove = proxywasm.RemoveHttpResponseHeader
	}
	return remove(name) == nil
}

func setBody(_ bodyKind, body []byte) bool { return proxywasm.ReplaceHttpRequestBody(body) == nil }

func setProperty(name string, value []byte) bool {
	return proxywasm.SetProperty([]string{name}, value) == nil
}

func setTick(period uint32) bool { return proxywasm.SetTickPeriodMilliSeconds(period) == nil }

func setContext(id uint32) bool { return proxywasm.SetEffectiveContext(id) == nil }

func resumeRequest() bool { return proxywasm.ResumeHttpRequest() == nil }

func configuration() ([]byte, bool) {
	json, err := proxywasm.GetPluginConfiguration()
	return json, err == nil || err == types.ErrorStatusNotFound
}

func writeLog(level logLevel, line string) {
	switch level {
	case logInfo:
		proxywasm.LogInfo(line)
	case logWarn:
		proxywasm.LogWarn(line)
	case logError:
		proxywasm.LogError(line)
	default:
		proxywasm.LogCritical(line)
	}
}

func sendReply(status uint32, headers [][2]string, body []byte) bool {
	return proxywasm.SendHttpResponse(status, headers, body, -1) == nil
}

func bodyBytes(kind bodyKind, size int) []byte {
	read := proxywasm.GetHttpRequestBody
	if kind == responseBodyBuffer {
		read = proxywasm.GetHttpResponseBody
	}
	body, err := read(0, size)
	if err != nil {
		return nil
	}
	return body
}

func property(path []string) string {
	value, err := proxywasm.GetProperty(path)
	if err != nil {
		return ""
	}
	return string(value)
}

// Get reads shared data.
func (host) Get(key string) ([]byte, uint32, error) {
	value, cas, err := proxywasm.GetSharedData(key)
	if err == types.ErrorStatusNotFound {
		return nil, 0, guard.ErrAbsent
	}
	return value, cas, err
}

// Set writes shared data if it is unchanged since cas.
func (host) Set(key string, value []byte, cas uint32) error {
	err := proxywasm.SetSharedData(key, value, cas)
	if err == types.ErrorStatusCasMismatch {
		return guard.ErrMismatch
	}
	return err
}

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
