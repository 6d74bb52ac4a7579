package main

import (
	"time"
	"unsafe"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"

	"github.com/sparkward/sparkward/plugin/internal/guard"
)

// The host calls that every request makes, without the SDK around them: its
// functions allocate three values a call and a copy of each header map, and
// those for metrics link fmt, which with all it needs is 0.3 MB of the module.

//go:wasmimport wasi_snapshot_preview1 clock_time_get
func clockTimeGet(clock uint32, precision uint64, nanos unsafe.Pointer) uint32

//go:wasmimport env proxy_get_header_map_pairs
func proxyGetHeaderMapPairs(kind uint32, data, size unsafe.Pointer) uint32

//go:wasmimport env proxy_set_header_map_pairs
func proxySetHeaderMapPairs(kind uint32, data unsafe.Pointer, size int32) uint32

//go:wasmimport env proxy_send_local_response
func proxySendLocalResponse(status uint32, details unsafe.Pointer, detailsSize int32, body unsafe.Pointer, bodySize int32,
	headers unsafe.Pointer, headersSize, grpcStatus int32) uint32

//go:wasmimport env proxy_get_buffer_bytes
func proxyGetBufferBytes(kind uint32, start, most int32, data, size unsafe.Pointer) uint32

//go:wasmimport env proxy_get_property
func proxyGetProperty(path unsafe.Pointer, length int32, data, size unsafe.Pointer) uint32

//go:wasmimport env proxy_get_shared_data
func proxyGetSharedData(key unsafe.Pointer, length int32, data, size, cas unsafe.Pointer) uint32

//go:wasmimport env proxy_set_shared_data
func proxySetSharedData(key unsafe.Pointer, length int32, data unsafe.Pointer, size int32, cas uint32) uint32

//go:wasmimport env proxy_define_metric
func proxyDefineMetric(kind uint32, name unsafe.Pointer, size int32, id unsafe.Pointer) uint32

//go:wasmimport env proxy_increment_metric
func proxyIncrementMetric(id uint32, offset int64) uint32

//go:wasmimport env proxy_get_metric
func proxyGetMetric(id uint32, value unsafe.Pointer) uint32

// What the host answers; the numbers are those of the ABI.
const (
	statusOK          = 0
	statusNotFound    = 1
	statusCasMismatch = 8
)

const (
	metricCounter = 0
	metricGauge   = 1
)

// got is where the host puts what it returns. It is no local variable: to
// return something the host has the module allocate memory, which runs Go, and
// Go could move the stack that the host has an address in.
var got struct {
	data  *byte
	size  int32
	cas   uint32
	nanos int64
}

// taken is what the host returned. It belongs to the caller.
func taken() []byte {
	b := unsafe.Slice(got.data, got.size)
	got.data = nil
	return b
}

// now reads the host's clock. time.Now would read two.
func now() time.Time {
	clockTimeGet(0, 0, unsafe.Pointer(&got.nanos))
	return time.Unix(0, got.nanos)
}

// headerMap reads a header map into pairs, whose memory is used again.
func headerMap(kind headerKind, pairs [][2]string) (_ [][2]string, ok bool) {
	if proxyGetHeaderMapPairs(uint32(kind), unsafe.Pointer(&got.data), unsafe.Pointer(&got.size)) != statusOK || got.data == nil {
		return nil, false
	}
	return decodePairs(pairs, taken()), true
}

// setHeaderMap replaces a header map. It returns false when the host refuses.
func setHeaderMap(kind headerKind, pairs [][2]string) bool {
	written = encodePairs(written[:0], pairs)
	return proxySetHeaderMapPairs(uint32(kind), unsafe.Pointer(&written[0]), int32(len(written))) == statusOK
}

// sendReply answers the current request, and returns false when the host
// refuses.
func sendReply(status uint32, headers [][2]string, body []byte) bool {
	written = encodePairs(written[:0], headers)
	return proxySendLocalResponse(status, nil, 0, unsafe.Pointer(unsafe.SliceData(body)), int32(len(body)),
		unsafe.Pointer(&written[0]), int32(len(written)), -1) == statusOK
}

// written is the memory of the last header map or path that went to the host.
var written []byte

// bodyBytes reads the first size bytes of a body, or returns nil.
func bodyBytes(kind bodyKind, size int) []byte {
	if proxyGetBufferBytes(uint32(kind), 0, int32(size), unsafe.Pointer(&got.data), unsafe.Pointer(&got.size)) != statusOK || got.data == nil {
		return nil
	}
	return taken()
}

// property reads a property of the current stream, or returns "".
func property(path []string) string {
	written = joinPath(written[:0], path)
	if proxyGetProperty(unsafe.Pointer(&written[0]), int32(len(written)), unsafe.Pointer(&got.data), unsafe.Pointer(&got.size)) != statusOK || got.data == nil {
		return ""
	}
	b := taken()
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// Get reads shared data.
func (host) Get(key string) ([]byte, uint32, error) {
	switch proxyGetSharedData(unsafe.Pointer(unsafe.StringData(key)), int32(len(key)),
		unsafe.Pointer(&got.data), unsafe.Pointer(&got.size), unsafe.Pointer(&got.cas)) {
	case statusOK:
		return taken(), got.cas, nil
	case statusNotFound:
		return nil, 0, guard.ErrAbsent
	}
	return nil, 0, errRefused
}

// Set writes shared data if it is unchanged since cas.
func (host) Set(key string, value []byte, cas uint32) error {
	switch proxySetSharedData(unsafe.Pointer(unsafe.StringData(key)), int32(len(key)),
		unsafe.Pointer(unsafe.SliceData(value)), int32(len(value)), cas) {
	case statusOK:
		return nil
	case statusCasMismatch:
		return guard.ErrMismatch
	}
	return errRefused
}

// Define makes a statistic in the host.
func (host) Define(gauge bool, name string) (id uint32) {
	kind := uint32(metricCounter)
	if gauge {
		kind = metricGauge
	}
	if proxyDefineMetric(kind, unsafe.Pointer(unsafe.StringData(name)), int32(len(name)), unsafe.Pointer(&id)) != statusOK {
		proxywasm.LogError("the host would not define the metric " + name)
	}
	return id
}

// Add changes a statistic.
func (host) Add(id uint32, _ bool, delta int64) {
	if proxyIncrementMetric(id, delta) != statusOK {
		proxywasm.LogError("the host refused to count")
	}
}

// Value returns a statistic's total over all workers.
func (host) Value(id uint32) (value uint64) {
	if proxyGetMetric(id, unsafe.Pointer(&value)) != statusOK {
		proxywasm.LogError("the host would not read a metric")
	}
	return value
}
