package main

import (
	"math"
	"time"
	"unsafe"

	"github.com/sparkward/sparkward/plugin/internal/guard"
)

// The host calls, without the SDK around them: its functions allocate three
// values a call and a copy of each header map, those for metrics link fmt, which
// with all it needs is 0.3 MB of the module, and its entries come along with them.

//go:wasmimport env proxy_log
func proxyLog(level uint32, text unsafe.Pointer, size int32) uint32

//go:wasmimport wasi_snapshot_preview1 clock_time_get
func clockTimeGet(clock uint32, precision uint64, nanos unsafe.Pointer) uint32

//go:wasmimport env proxy_get_header_map_pairs
func proxyGetHeaderMapPairs(kind uint32, data, size unsafe.Pointer) uint32

//go:wasmimport env proxy_add_header_map_value
func proxyAddHeaderMapValue(kind uint32, name unsafe.Pointer, nameSize int32, value unsafe.Pointer, valueSize int32) uint32

//go:wasmimport env proxy_remove_header_map_value
func proxyRemoveHeaderMapValue(kind uint32, name unsafe.Pointer, size int32) uint32

//go:wasmimport env proxy_set_buffer_bytes
func proxySetBufferBytes(kind uint32, start, most int32, data unsafe.Pointer, size int32) uint32

//go:wasmimport env proxy_set_property
func proxySetProperty(path unsafe.Pointer, pathSize int32, value unsafe.Pointer, size int32) uint32

//go:wasmimport env proxy_set_tick_period_milliseconds
func proxySetTickPeriodMilliseconds(period uint32) uint32

//go:wasmimport env proxy_set_effective_context
func proxySetEffectiveContext(id uint32) uint32

//go:wasmimport env proxy_continue_stream
func proxyContinueStream(kind uint32) uint32

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
	data  *byte // in room
	size  int32
	cas   uint32
	nanos int64
}

// What the host returns goes into one memory for each kind, where nothing is in
// use any more when the next value of the kind is asked for.
var bodies, properties, sharedValues memory

// now reads the host's clock. time.Now would read two.
func now() time.Time {
	clockTimeGet(0, 0, unsafe.Pointer(&got.nanos))
	return time.Unix(0, got.nanos)
}

// headerMap reads a header map into pairs, whose memory is used again; names and
// values are in text, until it is lent again.
func headerMap(kind headerKind, text *memory, pairs [][2]string) (_ [][2]string, ok bool) {
	lend(*text)
	if proxyGetHeaderMapPairs(uint32(kind), unsafe.Pointer(&got.data), unsafe.Pointer(&got.size)) != statusOK || got.data == nil {
		return nil, false
	}
	return decodePairs(pairs, text.take(int(got.size))), true
}

func lend(m memory) {
	m.lend()
	got.data = nil
}

// addHeader adds a header. It returns false when the host refuses, as all of
// the following do.
func addHeader(kind headerKind, name, value string) bool {
	return proxyAddHeaderMapValue(uint32(kind), unsafe.Pointer(unsafe.StringData(name)), int32(len(name)),
		unsafe.Pointer(unsafe.StringData(value)), int32(len(value))) == statusOK
}

// removeHeader removes all values of a header.
func removeHeader(kind headerKind, name string) bool {
	return proxyRemoveHeaderMapValue(uint32(kind), unsafe.Pointer(unsafe.StringData(name)), int32(len(name))) == statusOK
}

// setBody replaces a body.
func setBody(kind bodyKind, body []byte) bool {
	return proxySetBufferBytes(uint32(kind), 0, math.MaxInt32, unsafe.Pointer(unsafe.SliceData(body)), int32(len(body))) == statusOK
}

// setProperty sets a property of the current stream.
func setProperty(name string, value []byte) bool {
	return proxySetProperty(unsafe.Pointer(unsafe.StringData(name)), int32(len(name)),
		unsafe.Pointer(unsafe.SliceData(value)), int32(len(value))) == statusOK
}

// setTick has the host tick every so many milliseconds.
func setTick(period uint32) bool { return proxySetTickPeriodMilliseconds(period) == statusOK }

// setContext makes a stream the one that host calls are about.
func setContext(id uint32) bool { return proxySetEffectiveContext(id) == statusOK }

// resumeRequest lets the current stream's request go on.
func resumeRequest() bool { return proxyContinueStream(0) == statusOK }

// configuration returns the plugin's configuration, in memory of its own.
func configuration() ([]byte, bool) {
	var own memory
	lend(own)
	switch proxyGetBufferBytes(uint32(configurationBuffer), 0, math.MaxInt32, unsafe.Pointer(&got.data), unsafe.Pointer(&got.size)) {
	case statusOK, statusNotFound:
		if got.data == nil {
			return nil, true
		}
		return own.take(int(got.size)), true
	}
	return nil, false
}

// writeLog writes a line to the host's log.
func writeLog(level logLevel, line string) {
	proxyLog(uint32(level), unsafe.Pointer(unsafe.StringData(line)), int32(len(line)))
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

// bodyBytes reads the first size bytes of a body, or returns nil. They are good
// until the next body is read.
func bodyBytes(kind bodyKind, size int) []byte {
	lend(bodies)
	if proxyGetBufferBytes(uint32(kind), 0, int32(size), unsafe.Pointer(&got.data), unsafe.Pointer(&got.size)) != statusOK || got.data == nil {
		return nil
	}
	return bodies.take(int(got.size))
}

// property reads a property of the current stream, or returns "".
func property(path []string) string {
	written = joinPath(written[:0], path)
	lend(properties)
	if proxyGetProperty(unsafe.Pointer(&written[0]), int32(len(written)), unsafe.Pointer(&got.data), unsafe.Pointer(&got.size)) != statusOK || got.data == nil {
		return ""
	}
	return string(properties.take(int(got.size)))
}

// Get reads shared data. The value is good until the next Get.
func (host) Get(key string) ([]byte, uint32, error) {
	lend(sharedValues)
	switch proxyGetSharedData(unsafe.Pointer(unsafe.StringData(key)), int32(len(key)),
		unsafe.Pointer(&got.data), unsafe.Pointer(&got.size), unsafe.Pointer(&got.cas)) {
	case statusOK:
		if got.data == nil {
			return nil, got.cas, nil
		}
		return sharedValues.take(int(got.size)), got.cas, nil
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
		writeLog(logError, "the host would not define the metric "+name)
	}
	return id
}

// Add changes a statistic.
func (host) Add(id uint32, _ bool, delta int64) {
	if proxyIncrementMetric(id, delta) != statusOK {
		writeLog(logError, "the host refused to count")
	}
}

// Value returns a statistic's total over all workers.
func (host) Value(id uint32) (value uint64) {
	if proxyGetMetric(id, unsafe.Pointer(&value)) != statusOK {
		writeLog(logError, "the host would not read a metric")
	}
	return value
}
