package wasm

import (
	"github.com/sparkward/sparkward/hostsim/internal/abi"
	"github.com/sparkward/sparkward/hostsim/internal/chain"
	"github.com/sparkward/sparkward/hostsim/internal/header"
)

// NewStream makes the plugin's filter for one stream. If the VM failed the filter fails
// the stream.
func NewStream(vm *VM, plugin *Plugin, handle *chain.Handle) chain.Filter {
	root := vm.roots[plugin.Key]
	if vm.err != nil || root == nil {
		return &failedFilter{handle: handle}
	}
	c := vm.newContext(root, plugin)
	c.handle = handle
	return c
}

// failedFilter stands in for a filter whose VM is gone.
type failedFilter struct {
	handle *chain.Handle
}

func (f *failedFilter) DecodeHeaders(*header.Map, bool) chain.HeadersStatus {
	f.handle.SendLocalReply(failReply)
	return chain.HeadersStopAllWatermark
}

func (f *failedFilter) DecodeData(*chain.Buffer, bool) chain.DataStatus { return chain.DataContinue }
func (f *failedFilter) DecodeTrailers(*header.Map) chain.TrailersStatus {
	return chain.TrailersContinue
}
func (f *failedFilter) EncodeHeaders(*header.Map, bool) chain.HeadersStatus {
	return chain.HeadersContinue
}
func (f *failedFilter) EncodeData(*chain.Buffer, bool) chain.DataStatus { return chain.DataContinue }
func (f *failedFilter) EncodeTrailers(*header.Map) chain.TrailersStatus {
	return chain.TrailersContinue
}
func (f *failedFilter) Log()     {}
func (f *failedFilter) Destroy() {}

// failReply is what a stream gets whose filter failed.
var failReply = chain.Reply{Code: 503, GRPCStatus: 14, Details: "wasm_fail_stream"}

// checkFail ends the stream if the VM failed, whatever the failure policy says of later
// requests. It reports whether it did, and so whether the callback's own result counts.
func (c *Context) checkFail() (failed bool) {
	if c.vm.err == nil {
		return false
	}
	if !c.failed {
		c.failed, c.failureSent = true, true
		c.handle.SendLocalReply(failReply)
	}
	return true
}

// DecodeHeaders implements chain.Filter.
func (c *Context) DecodeHeaders(h *header.Map, end bool) chain.HeadersStatus {
	c.onCreate()
	c.requestHeaders, c.endOfStream = h, end
	status := c.headersCallback(onRequestHeaders, h, end)
	if status == chain.HeadersContinue {
		c.requestHeaders = nil
	}
	return status
}

func (c *Context) headersCallback(id callbackID, h *header.Map, end bool) chain.HeadersStatus {
	if c.checkFail() {
		return chain.HeadersStopAllWatermark
	}
	if !c.vm.has(id) {
		return chain.HeadersContinue
	}
	defer c.vm.finish()
	result, _ := c.vm.call(id, c, c.id, uint32(h.Len()), flag(end))
	if c.checkFail() {
		return chain.HeadersStopAllWatermark
	}
	return c.headersStatus(result)
}

func (c *Context) headersStatus(result uint32) chain.HeadersStatus {
	status := chain.HeadersStatus(result)
	if c.vm.stopIteration || status > chain.HeadersStopAllWatermark {
		return chain.HeadersStopAllWatermark
	}
	if status == chain.HeadersStop && !c.plugin.StopOnHeaders {
		return chain.HeadersStopAllWatermark
	}
	return status
}

func flag(on bool) uint32 {
	if on {
		return 1
	}
	return 0
}

// DecodeData implements chain.Filter.
func (c *Context) DecodeData(b *chain.Buffer, end bool) chain.DataStatus {
	if !c.created {
		return chain.DataContinue
	}
	if c.bufferingRequest {
		c.handle.AddDecodedData(b)
		if c.destroyed {
			return chain.DataStopBuffer
		}
	}
	c.requestBody, c.endOfStream = b, end
	status := c.dataCallback(onRequestBody, c.body(abi.RequestBody), end)
	c.bufferingRequest = status == chain.DataStopBuffer
	if status == chain.DataContinue {
		c.requestBody = nil
	}
	return status
}

func (c *Context) dataCallback(id callbackID, b *chain.Buffer, end bool) chain.DataStatus {
	if c.checkFail() {
		return chain.DataStopNoBuffer
	}
	if !c.vm.has(id) {
		return chain.DataContinue
	}
	defer c.vm.finish()
	result, _ := c.vm.call(id, c, c.id, uint32(b.Len()), flag(end))
	if c.checkFail() {
		return chain.DataStopNoBuffer
	}
	if c.vm.stopIteration || chain.DataStatus(result) > chain.DataStopNoBuffer {
		return chain.DataStopNoBuffer
	}
	return chain.DataStatus(result)
}

// DecodeTrailers implements chain.Filter.
func (c *Context) DecodeTrailers(t *header.Map) chain.TrailersStatus {
	if !c.created {
		return chain.TrailersContinue
	}
	c.requestTrailers = t
	status := c.trailersCallback(onRequestTrailers, t)
	if status == chain.TrailersContinue {
		c.requestTrailers = nil
	}
	return status
}

func (c *Context) trailersCallback(id callbackID, t *header.Map) chain.TrailersStatus {
	if c.checkFail() {
		return chain.TrailersStop
	}
	if !c.vm.has(id) {
		return chain.TrailersContinue
	}
	defer c.vm.finish()
	result, _ := c.vm.call(id, c, c.id, uint32(t.Len()))
	if c.checkFail() {
		return chain.TrailersStop
	}
	if c.vm.stopIteration || result > 0 {
		return chain.TrailersStop
	}
	return chain.TrailersContinue
}

// EncodeHeaders implements chain.Filter.
func (c *Context) EncodeHeaders(h *header.Map, end bool) chain.HeadersStatus {
	if !c.created || c.failureSent {
		return chain.HeadersContinue
	}
	c.responseHeaders, c.endOfStream = h, end
	status := c.headersCallback(onResponseHeaders, h, end)
	if status == chain.HeadersContinue {
		c.responseHeaders = nil
	}
	return status
}

// EncodeData implements chain.Filter.
func (c *Context) EncodeData(b *chain.Buffer, end bool) chain.DataStatus {
	if !c.created || c.failureSent {
		return chain.DataContinue
	}
	if c.bufferingResponse {
		c.handle.AddEncodedData(b)
		if c.destroyed {
			return chain.DataStopBuffer
		}
	}
	c.responseBody, c.endOfStream = b, end
	status := c.dataCallback(onResponseBody, c.body(abi.ResponseBody), end)
	c.bufferingResponse = status == chain.DataStopBuffer
	if status == chain.DataContinue {
		c.responseBody = nil
	}
	return status
}

// EncodeTrailers implements chain.Filter.
func (c *Context) EncodeTrailers(t *header.Map) chain.TrailersStatus {
	if !c.created || c.failureSent {
		return chain.TrailersContinue
	}
	c.responseTrailers = t
	status := c.trailersCallback(onResponseTrailers, t)
	if status == chain.TrailersContinue {
		c.responseTrailers = nil
	}
	return status
}

// Log implements chain.Filter.
func (c *Context) Log() {
	c.onCreate()
	c.logging = true
	c.onLog()
	c.logging = false
}

// Destroy implements chain.Filter.
func (c *Context) Destroy() {
	if c.destroyed || !c.created {
		return
	}
	c.destroyed = true
	c.onDone()
	c.onDelete()
	delete(c.vm.contexts, c.id)
}

// continueStream is proxy_continue_stream.
func (c *Context) continueStream(stream abi.StreamType) abi.Status {
	switch stream {
	case abi.Request:
		if c.handle != nil {
			c.vm.later(c.handle.ContinueDecoding)
		}
	case abi.Response:
		if c.handle != nil {
			c.vm.later(c.handle.ContinueEncoding)
		}
	case abi.Downstream:
		if c.tcp != nil {
			c.vm.later(c.tcp.conn.ContinueReading)
		}
		return abi.OK
	default:
		return abi.Unimplemented
	}
	c.requestHeaders, c.requestBody, c.requestTrailers = nil, nil, nil
	return abi.OK
}

// closeStream is proxy_close_stream.
func (c *Context) closeStream(stream abi.StreamType) abi.Status {
	switch {
	case stream == abi.Request || stream == abi.Response:
		if c.handle != nil {
			if info := c.handle.Info(); !info.HasDetails {
				info.SetDetails("wasm_close_stream")
			}
			c.vm.later(c.handle.Reset)
		}
	case c.tcp != nil:
		c.vm.later(func() { c.tcp.conn.Close() })
	}
	return abi.OK
}

// sendLocalResponse is proxy_send_local_response.
func (f *frame) sendLocalResponse() abi.Status {
	reply := chain.Reply{Code: int(f.u32(0)), Body: f.str(1), GRPCStatus: chain.NoGRPCStatus,
		Details: noSpaces(f.str(0))}
	if grpc := f.u32(1); grpc <= maxGRPCStatus {
		reply.GRPCStatus = int(grpc)
	}
	for _, p := range abi.ParsePairs(f.in[2]) {
		reply.Headers = append(reply.Headers, header.Field{Name: p.Name, Value: p.Value})
	}
	if handle := f.ctx.handle; handle != nil {
		f.vm.later(func() { handle.SendLocalReply(reply) })
	}
	f.vm.stopIteration = true
	return abi.OK
}

// maxGRPCStatus is the last status that gRPC defines (unauthenticated).
const maxGRPCStatus = 16
