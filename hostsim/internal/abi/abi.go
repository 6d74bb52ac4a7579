// Package abi names the numbers of the proxy-wasm ABI, versions 0.2.0 and 0.2.1,
// and packs and unpacks its serialized maps. It knows nothing of any host.
package abi

import "strconv"

// Status is what a host call returns.
type Status uint32

// The statuses of proxy-wasm 0.2.x, in the numbering of its specification.
const (
	OK                   Status = 0
	NotFound             Status = 1
	BadArgument          Status = 2
	SerializationFailure Status = 3
	ParseFailure         Status = 4
	InvalidMemoryAccess  Status = 6
	Empty                Status = 7
	CasMismatch          Status = 8
	InternalFailure      Status = 10
	BrokenConnection     Status = 11
	Unimplemented        Status = 12
)

var statusNames = []string{"ok", "not_found", "bad_argument", "serialization_failure", "parse_failure",
	"bad_expression", "invalid_memory_access", "empty", "cas_mismatch", "result_mismatch",
	"internal_failure", "broken_connection", "unimplemented"}

// String is the status as traces print it, for example cas_mismatch.
func (s Status) String() string { return name(statusNames, uint32(s)) }

// Level is a log level.
type Level uint32

// The levels of proxy_log.
const (
	Trace Level = iota
	Debug
	Info
	Warn
	Error
	Critical
	maxLevel = Critical
)

var levelNames = []string{"trace", "debug", "info", "warn", "error", "critical"}

// String is the level in lower case.
func (l Level) String() string { return name(levelNames, uint32(l)) }

// MapType says which headers, trailers or metadata a host call is about.
type MapType uint32

// The map types of proxy-wasm 0.2.x.
const (
	RequestHeaders MapType = iota
	RequestTrailers
	ResponseHeaders
	ResponseTrailers
	GRPCReceiveInitialMetadata
	GRPCReceiveTrailingMetadata
	HTTPCallResponseHeaders
	HTTPCallResponseTrailers
	maxMapType = HTTPCallResponseTrailers
)

// BufferType says which bytes a host call is about.
type BufferType uint32

// The buffer types of proxy-wasm 0.2.x.
const (
	RequestBody BufferType = iota
	ResponseBody
	DownstreamData
	UpstreamData
	HTTPCallResponseBody
	GRPCReceiveBuffer
	VMConfiguration
	PluginConfiguration
	CallData
	maxBufferType = CallData
)

// StreamType says which half of a stream a host call is about.
type StreamType uint32

// The stream types of proxy-wasm 0.2.x.
const (
	Request StreamType = iota
	Response
	Downstream
	Upstream
	maxStreamType = Upstream
)

// MetricType is the kind of a metric. It is also the low bits of a metric's id.
type MetricType uint32

// The metric types of proxy-wasm 0.2.x.
const (
	Counter MetricType = iota
	Gauge
	Histogram
	maxMetricType = Histogram
)

// Action is what a callback of the filter returns: continue or pause. Envoy
// knows further values for headers and bodies; see the chain package.
type Action uint32

// Enum is one of the ABI's numbered types: its names in order. A number past the
// last name is out of bounds.
type Enum []string

// The enums that host calls take, with the names that traces print.
var (
	Levels      = Enum(levelNames)
	MapTypes    = Enum{"request_headers", "request_trailers", "response_headers", "response_trailers", "grpc_receive_initial_metadata", "grpc_receive_trailing_metadata", "http_call_response_headers", "http_call_response_trailers"}
	BufferTypes = Enum{"request_body", "response_body", "downstream_data", "upstream_data", "http_call_response_body", "grpc_receive_buffer", "vm_configuration", "plugin_configuration", "call_data"}
	StreamTypes = Enum{"request", "response", "downstream", "upstream"}
	MetricTypes = Enum{"counter", "gauge", "histogram"}
)

// Name is the name of number n, or n itself in digits.
func (e Enum) Name(n uint32) string { return name(e, n) }

func name(names []string, n uint32) string {
	if int64(n) < int64(len(names)) && names[n] != "" {
		return names[n]
	}
	return strconv.FormatUint(uint64(n), 10)
}
