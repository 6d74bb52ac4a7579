package main

import (
	"slices"
	"unsafe"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

// What the host calls. The SDK's entries look a context up in up to three maps,
// make a new one for each request, and give the host new memory for all that it
// returns; they also have entries for what no HTTP filter needs, and each that
// is there costs a call. A context that is not known is a mistake of the host's:
// the panic ends the VM.

var (
	plugins []*plugin // one for each configuration; seldom more than one
	streams = map[uint32]*stream{}
	recent  *stream // the one that was called last, to be found at once
)

//go:wasmexport proxy_abi_version_0_2_0
func abiVersion() {}

//go:wasmexport proxy_on_memory_allocate
func onMemoryAllocate(size uint32) unsafe.Pointer { return allocate(int(size)) }

//go:wasmexport proxy_on_vm_start
func onVMStart(uint32, int32) bool {
	tryPoll()
	return true
}

//go:wasmexport proxy_on_context_create
func onContextCreate(id, root uint32) {
	if root == 0 {
		plugins = append(plugins, newPlugin(id))
		return
	}
	recent = pluginOf(root).newStream(id)
	streams[id] = recent
}

//go:wasmexport proxy_on_configure
func onConfigure(id uint32, size int32) types.OnPluginStartStatus {
	return pluginOf(id).OnPluginStart(int(size))
}

//go:wasmexport proxy_on_tick
func onTick(id uint32) { pluginOf(id).OnTick() }

//go:wasmexport proxy_on_request_headers
func onRequestHeaders(id uint32, n int32, end bool) types.Action {
	return streamOf(id).OnHttpRequestHeaders(int(n), end)
}

//go:wasmexport proxy_on_request_body
func onRequestBody(id uint32, size int32, end bool) types.Action {
	return streamOf(id).OnHttpRequestBody(int(size), end)
}

//go:wasmexport proxy_on_request_trailers
func onRequestTrailers(id uint32, n int32) types.Action {
	return streamOf(id).OnHttpRequestTrailers(int(n))
}

//go:wasmexport proxy_on_response_headers
func onResponseHeaders(id uint32, n int32, end bool) types.Action {
	return streamOf(id).OnHttpResponseHeaders(int(n), end)
}

//go:wasmexport proxy_on_response_body
func onResponseBody(id uint32, size int32, end bool) types.Action {
	return streamOf(id).OnHttpResponseBody(int(size), end)
}

//go:wasmexport proxy_on_response_trailers
func onResponseTrailers(id uint32, n int32) types.Action {
	return streamOf(id).OnHttpResponseTrailers(int(n))
}

//go:wasmexport proxy_on_log
func onLog(id uint32) {
	if s := find(id); s != nil { // there is an entry for plugins too
		s.OnHttpStreamDone()
		letCollect()
	}
}

//go:wasmexport proxy_on_delete
func onDelete(id uint32) {
	s := find(id)
	if s == nil {
		plugins = slices.DeleteFunc(plugins, func(p *plugin) bool { return p.id == id })
		return
	}
	delete(streams, id)
	recent = nil
	s.plugin.recycle(s)
}

func pluginOf(id uint32) *plugin {
	for _, p := range plugins {
		if p.id == id {
			return p
		}
	}
	panic("no such plugin")
}

func streamOf(id uint32) *stream {
	s := find(id)
	if s == nil {
		panic("no such stream")
	}
	return s
}

func find(id uint32) *stream {
	if recent == nil || recent.id != id {
		recent = streams[id]
	}
	return recent
}
