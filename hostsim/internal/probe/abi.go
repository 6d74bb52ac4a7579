//go:build wasip1

package main

import "unsafe"

type ptr = unsafe.Pointer

//go:wasmimport env proxy_log
func proxyLog(level uint32, text ptr, size uint32) uint32

//go:wasmimport env proxy_get_log_level
func proxyGetLogLevel(level ptr) uint32

//go:wasmimport env proxy_get_current_time_nanoseconds
func proxyGetTime(t ptr) uint32

//go:wasmimport env proxy_set_tick_period_milliseconds
func proxySetTick(period uint32) uint32

//go:wasmimport env proxy_set_effective_context
func proxySetEffectiveContext(id uint32) uint32

//go:wasmimport env proxy_done
func proxyDone() uint32

//go:wasmimport env proxy_get_status
func proxyGetStatus(code ptr, data, size ptr) uint32

//go:wasmimport env proxy_get_property
func proxyGetProperty(path ptr, pathSize uint32, data, size ptr) uint32

//go:wasmimport env proxy_set_property
func proxySetProperty(path ptr, pathSize uint32, data ptr, size uint32) uint32

//go:wasmimport env proxy_get_header_map_pairs
func proxyGetPairs(which uint32, data, size ptr) uint32

//go:wasmimport env proxy_set_header_map_pairs
func proxySetPairs(which uint32, data ptr, size uint32) uint32

//go:wasmimport env proxy_get_header_map_value
func proxyGetHeader(which uint32, key ptr, keySize uint32, data, size ptr) uint32

//go:wasmimport env proxy_add_header_map_value
func proxyAddHeader(which uint32, key ptr, keySize uint32, data ptr, size uint32) uint32

//go:wasmimport env proxy_replace_header_map_value
func proxyReplaceHeader(which uint32, key ptr, keySize uint32, data ptr, size uint32) uint32

//go:wasmimport env proxy_remove_header_map_value
func proxyRemoveHeader(which uint32, key ptr, keySize uint32) uint32

//go:wasmimport env proxy_get_header_map_size
func proxyHeaderSize(which uint32, size ptr) uint32

//go:wasmimport env proxy_get_buffer_bytes
func proxyGetBuffer(which, start, length uint32, data, size ptr) uint32

//go:wasmimport env proxy_get_buffer_status
func proxyBufferStatus(which uint32, length, flags ptr) uint32

//go:wasmimport env proxy_set_buffer_bytes
func proxySetBuffer(which, start, length uint32, data ptr, size uint32) uint32

//go:wasmimport env proxy_send_local_response
func proxySendLocalResponse(code uint32, details ptr, detailsSize uint32, body ptr, bodySize uint32,
	headers ptr, headersSize uint32, grpcStatus int32) uint32

//go:wasmimport env proxy_continue_stream
func proxyContinueStream(which uint32) uint32

//go:wasmimport env proxy_close_stream
func proxyCloseStream(which uint32) uint32

//go:wasmimport env proxy_get_shared_data
func proxyGetSharedData(key ptr, keySize uint32, data, size, cas ptr) uint32

//go:wasmimport env proxy_set_shared_data
func proxySetSharedData(key ptr, keySize uint32, data ptr, size uint32, cas uint32) uint32

//go:wasmimport env proxy_register_shared_queue
func proxyRegisterQueue(name ptr, nameSize uint32, token ptr) uint32

//go:wasmimport env proxy_resolve_shared_queue
func proxyResolveQueue(vm ptr, vmSize uint32, name ptr, nameSize uint32, token ptr) uint32

//go:wasmimport env proxy_enqueue_shared_queue
func proxyEnqueue(token uint32, data ptr, size uint32) uint32

//go:wasmimport env proxy_dequeue_shared_queue
func proxyDequeue(token uint32, data, size ptr) uint32

//go:wasmimport env proxy_define_metric
func proxyDefineMetric(kind uint32, name ptr, nameSize uint32, id ptr) uint32

//go:wasmimport env proxy_increment_metric
func proxyIncrementMetric(id uint32, offset int64) uint32

//go:wasmimport env proxy_record_metric
func proxyRecordMetric(id uint32, value uint64) uint32

//go:wasmimport env proxy_get_metric
func proxyGetMetric(id uint32, value ptr) uint32

//go:wasmimport env proxy_http_call
func proxyHTTPCall(cluster ptr, clusterSize uint32, headers ptr, headersSize uint32, body ptr, bodySize uint32,
	trailers ptr, trailersSize uint32, timeout uint32, id ptr) uint32

//go:wasmimport env proxy_grpc_call
func proxyGRPCCall(cluster ptr, clusterSize uint32, service ptr, serviceSize uint32, method ptr, methodSize uint32,
	metadata ptr, metadataSize uint32, message ptr, messageSize uint32, timeout uint32, id ptr) uint32

//go:wasmimport env proxy_grpc_stream
func proxyGRPCStream(cluster ptr, clusterSize uint32, service ptr, serviceSize uint32, method ptr, methodSize uint32,
	metadata ptr, metadataSize uint32, id ptr) uint32

//go:wasmimport env proxy_grpc_send
func proxyGRPCSend(id uint32, message ptr, size uint32, end uint32) uint32

//go:wasmimport env proxy_grpc_close
func proxyGRPCClose(id uint32) uint32

//go:wasmimport env proxy_grpc_cancel
func proxyGRPCCancel(id uint32) uint32

//go:wasmimport env proxy_call_foreign_function
func proxyForeign(name ptr, nameSize uint32, args ptr, argsSize uint32, data, size ptr) uint32

// at is the address of a string's bytes, nil for none.
func at(s string) (ptr, uint32) {
	if s == "" {
		return nil, 0
	}
	return ptr(unsafe.StringData(s)), uint32(len(s))
}

// result is where a host call leaves bytes.
type result struct {
	data *byte
	size uint32
}

func (r *result) args() (data, size ptr) { return ptr(&r.data), ptr(&r.size) }

func (r *result) String() string {
	if r.size == 0 {
		return ""
	}
	return string(unsafe.Slice(r.data, r.size))
}
