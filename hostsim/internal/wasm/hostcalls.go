package wasm

import "github.com/sparkward/sparkward/hostsim/internal/abi"

// hostCalls are the functions of ABI 0.2.0 and 0.2.1 (proxy_get_log_level is 0.2.1's).
var hostCalls = map[string]*hostCall{}

func init() {
	for _, call := range []*hostCall{
		{name: "proxy_log", params: []param{one("level", abi.Levels), in("message")},
			run: func(f *frame) abi.Status { return f.ctx.log(abi.Level(f.u32(0)), f.str(0)) }},
		{name: "proxy_get_log_level", params: []param{out32("level")},
			run: func(f *frame) abi.Status { f.out32[0] = uint32(f.vm.Spec.Host.LogLevel); return abi.OK }},
		{name: "proxy_get_current_time_nanoseconds", params: []param{out64("time")},
			run: func(f *frame) abi.Status { f.out64 = uint64(f.vm.now()); return abi.OK }},
		{name: "proxy_set_tick_period_milliseconds", params: []param{num("period")},
			run: func(f *frame) abi.Status { f.ctx.root.setTick(f.u32(0)); return abi.OK }},
		{name: "proxy_set_effective_context", params: []param{num("context_id")}, run: (*frame).setEffectiveContext},
		{name: "proxy_done", run: func(f *frame) abi.Status { return f.ctx.doneNow() }},
		{name: "proxy_get_status", params: []param{out32("code"), out("message")},
			run: func(f *frame) abi.Status {
				f.out32[0], f.out = f.ctx.root.statusCode, []byte(f.ctx.root.statusMessage)
				return abi.OK
			}},

		{name: "proxy_get_property", params: []param{in("path"), out("value")},
			run: func(f *frame) (status abi.Status) {
				f.out, status = f.ctx.getProperty(f.str(0))
				return status
			}},
		{name: "proxy_set_property", params: []param{in("path"), in("value")},
			run: func(f *frame) abi.Status { return f.ctx.setProperty(f.str(0), f.in[1]) }},

		{name: "proxy_get_header_map_pairs", params: []param{one("map", abi.MapTypes), out("pairs")}, run: (*frame).getPairs},
		{name: "proxy_set_header_map_pairs", params: []param{one("map", abi.MapTypes), in("pairs")}, run: (*frame).setPairs},
		{name: "proxy_get_header_map_value", params: []param{one("map", abi.MapTypes), in("key"), out("value")}, run: (*frame).getHeader},
		{name: "proxy_add_header_map_value", params: []param{one("map", abi.MapTypes), in("key"), in("value")}, run: (*frame).addHeader},
		{name: "proxy_replace_header_map_value", params: []param{one("map", abi.MapTypes), in("key"), in("value")}, run: (*frame).replaceHeader},
		{name: "proxy_remove_header_map_value", params: []param{one("map", abi.MapTypes), in("key")}, run: (*frame).removeHeader},
		{name: "proxy_get_header_map_size", params: []param{one("map", abi.MapTypes), out32("size")}, run: (*frame).headerSize},

		{name: "proxy_get_buffer_bytes", params: []param{one("buffer", abi.BufferTypes), num("start"), num("length"), out("bytes")}, run: (*frame).getBuffer},
		{name: "proxy_get_buffer_status", params: []param{one("buffer", abi.BufferTypes), out32("length"), out32("flags")}, run: (*frame).bufferStatus},
		{name: "proxy_set_buffer_bytes", params: []param{one("buffer", abi.BufferTypes), num("start"), num("length"), in("bytes")}, run: (*frame).setBuffer},

		{name: "proxy_send_local_response", params: []param{num("status_code"), in("details"), in("body"), in("headers"), num("grpc_status")}, run: (*frame).sendLocalResponse},
		{name: "proxy_continue_stream", params: []param{one("stream", abi.StreamTypes)},
			run: func(f *frame) abi.Status { return f.ctx.continueStream(abi.StreamType(f.u32(0))) }},
		{name: "proxy_close_stream", params: []param{one("stream", abi.StreamTypes)},
			run: func(f *frame) abi.Status { return f.ctx.closeStream(abi.StreamType(f.u32(0))) }},

		{name: "proxy_get_shared_data", shared: true, params: []param{in("key"), out("value"), out32("cas")}, run: (*frame).getSharedData},
		{name: "proxy_set_shared_data", shared: true, params: []param{in("key"), in("value"), num("cas")},
			run: func(f *frame) abi.Status {
				return f.vm.Spec.Host.Data.Set(f.vm.Spec.ID, f.str(0), f.str(1), f.u32(0))
			}},
		{name: "proxy_register_shared_queue", shared: true, params: []param{in("name"), out32("token")}, run: (*frame).registerQueue},
		{name: "proxy_resolve_shared_queue", shared: true, params: []param{in("vm_id"), in("name"), out32("token")}, run: (*frame).resolveQueue},
		{name: "proxy_enqueue_shared_queue", shared: true, params: []param{num("token"), in("item")},
			run: func(f *frame) abi.Status { return f.vm.Spec.Host.Queues.Enqueue(f.u32(0), f.str(0)) }},
		{name: "proxy_dequeue_shared_queue", shared: true, params: []param{num("token"), out("item")},
			run: func(f *frame) abi.Status {
				item, status := f.vm.Spec.Host.Queues.Dequeue(f.u32(0))
				f.out = []byte(item)
				return status
			}},

		{name: "proxy_define_metric", params: []param{num("type"), in("name"), out32("metric_id")},
			run: func(f *frame) (status abi.Status) {
				f.out32[0], status = f.vm.defineMetric(abi.MetricType(f.u32(0)), f.str(0))
				return status
			}},
		{name: "proxy_increment_metric", params: []param{num("metric_id"), num64("offset")},
			run: func(f *frame) abi.Status { return f.vm.incrementMetric(f.u32(0), int64(f.num[1])) }},
		{name: "proxy_record_metric", params: []param{num("metric_id"), num64("value")},
			run: func(f *frame) abi.Status { return f.vm.recordMetric(f.u32(0), f.num[1]) }},
		{name: "proxy_get_metric", params: []param{num("metric_id"), out64("value")},
			run: func(f *frame) (status abi.Status) {
				f.out64, status = f.vm.getMetric(f.u32(0))
				return status
			}},

		{name: "proxy_http_call", always: true, params: []param{in("upstream"), in("headers"), in("body"), in("trailers"), num("timeout"), out32("call_id")}, run: (*frame).httpCall},
		{name: "proxy_grpc_call", params: []param{in("upstream"), in("service"), in("method"), in("initial_metadata"), in("message"), num("timeout"), out32("call_id")}, run: (*frame).grpcCall},
		{name: "proxy_grpc_stream", params: []param{in("upstream"), in("service"), in("method"), in("initial_metadata"), out32("call_id")}, run: (*frame).grpcStream},
		{name: "proxy_grpc_send", params: []param{num("call_id"), in("message"), num("end_of_stream")}, run: (*frame).grpcSend},
		{name: "proxy_grpc_close", params: []param{num("call_id")}, run: (*frame).grpcClose},
		{name: "proxy_grpc_cancel", params: []param{num("call_id")}, run: (*frame).grpcCancel},

		{name: "proxy_call_foreign_function", params: []param{in("function"), in("arguments"), num("results"), num("results_size")}, run: (*frame).foreignFunction},
	} {
		hostCalls[call.name] = call
	}
}

func (f *frame) setEffectiveContext() abi.Status {
	if f.vm.contexts[f.u32(0)] == nil {
		return abi.BadArgument
	}
	f.vm.override = f.u32(0)
	return abi.OK
}

func (f *frame) getSharedData() (status abi.Status) {
	value, cas, status := f.vm.Spec.Host.Data.Get(f.vm.Spec.ID, f.str(0))
	f.out, f.out32[0] = []byte(value), cas
	return status
}
