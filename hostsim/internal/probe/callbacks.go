//go:build wasip1

package main

// alive keeps what the host was given until it has written there.
var alive [64][]byte
var nextAlive int

//go:wasmexport proxy_on_memory_allocate
func allocate(size uint32) ptr {
	if refuseMemory {
		return nil
	}
	buffer := make([]byte, max(size, 1))
	nextAlive = (nextAlive + 1) % len(alive)
	alive[nextAlive] = buffer
	return ptr(&buffer[0])
}

//go:wasmexport proxy_abi_version_0_2_1
func abiVersion() {}

//go:wasmexport proxy_on_vm_start
func vmStart(id, size uint32) uint32 {
	return 1
}

//go:wasmexport proxy_on_context_create
func contextCreate(id, parent uint32) {
	c := &context{id: id}
	contexts[id] = c
	if root := contexts[parent]; parent != 0 && root != nil {
		c.script = root.script
		c.root = root
		c.run("create", false)
	} else {
		c.root = c
	}
}

//go:wasmexport proxy_on_configure
func configure(id, size uint32) uint32 {
	var r result
	data, n := r.args()
	if size > 0 {
		proxyGetBuffer(7, 0, size, data, n)
	}
	c := contexts[id]
	c.script = parse(r.String())
	return 1 - c.run("configure", false)
}

//go:wasmexport proxy_on_tick
func tick(id uint32) { contexts[id].run("tick", false) }

//go:wasmexport proxy_on_queue_ready
func queueReady(id, token uint32) {
	contexts[id].token = token
	contexts[id].run("queue_ready", false)
}

//go:wasmexport proxy_on_new_connection
func newConnection(id uint32) uint32 { return contexts[id].run("new_connection", false) }

//go:wasmexport proxy_on_downstream_data
func downstreamData(id, size, end uint32) uint32 {
	return contexts[id].run("downstream_data", end != 0)
}

//go:wasmexport proxy_on_upstream_data
func upstreamData(id, size, end uint32) uint32 { return contexts[id].run("upstream_data", end != 0) }

//go:wasmexport proxy_on_downstream_connection_close
func downstreamClose(id, source uint32) { contexts[id].run("downstream_close", false) }

//go:wasmexport proxy_on_upstream_connection_close
func upstreamClose(id, source uint32) { contexts[id].run("upstream_close", false) }

//go:wasmexport proxy_on_request_headers
func requestHeaders(id, n, end uint32) uint32 { return contexts[id].run("request_headers", end != 0) }

//go:wasmexport proxy_on_request_body
func requestBody(id, n, end uint32) uint32 { return contexts[id].run("request_body", end != 0) }

//go:wasmexport proxy_on_request_trailers
func requestTrailers(id, n uint32) uint32 { return contexts[id].run("request_trailers", false) }

//go:wasmexport proxy_on_response_headers
func responseHeaders(id, n, end uint32) uint32 { return contexts[id].run("response_headers", end != 0) }

//go:wasmexport proxy_on_response_body
func responseBody(id, n, end uint32) uint32 { return contexts[id].run("response_body", end != 0) }

//go:wasmexport proxy_on_response_trailers
func responseTrailers(id, n uint32) uint32 { return contexts[id].run("response_trailers", false) }

//go:wasmexport proxy_on_http_call_response
func httpCallResponse(id, call, headers, body, trailers uint32) {
	contexts[id].run("http_call_response", false)
}

//go:wasmexport proxy_on_grpc_receive_initial_metadata
func grpcInitial(id, call, n uint32) { contexts[id].run("grpc_initial_metadata", false) }

//go:wasmexport proxy_on_grpc_receive
func grpcReceive(id, call, size uint32) { contexts[id].run("grpc_receive", false) }

//go:wasmexport proxy_on_grpc_receive_trailing_metadata
func grpcTrailing(id, call, n uint32) { contexts[id].run("grpc_trailing_metadata", false) }

//go:wasmexport proxy_on_grpc_close
func grpcClose(id, call, status uint32) { contexts[id].run("grpc_close", false) }

//go:wasmexport proxy_on_foreign_function
func foreignFunction(id, function, size uint32) { contexts[id].run("foreign_function", false) }

//go:wasmexport proxy_on_done
func done(id uint32) uint32 { return 1 - contexts[id].run("done", false) }

//go:wasmexport proxy_on_log
func onLog(id uint32) { contexts[id].run("log", false) }

//go:wasmexport proxy_on_delete
func onDelete(id uint32) {
	contexts[id].run("delete", false)
	delete(contexts, id)
}

func main() {}
