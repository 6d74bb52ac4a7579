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
	c.request = half{hold: handle.AddDecodedData, held: handle.DecodingBuffer, addTrailers: handle.AddDecodedTrailers}
	c.response = half{hold: handle.AddEncodedData, held: handle.EncodingBuffer, addTrailers: handle.AddEncodedTrailers}
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
	return c.seeHeaders(&c.request, onRequestHeaders, h, end)
}

// DecodeData implements chain.Filter.
func (c *Context) DecodeData(b *chain.Buffer, end bool) chain.DataStatus {
	if !c.created {
		return chain.DataContinue
	}
	return c.seeData(&c.request, onRequestBody, b, end)
}

// DecodeTrailers implements chain.Filter.
func (c *Context) DecodeTrailers(t *header.Map) chain.TrailersStatus {
	if !c.created {
		return chain.TrailersContinue
	}
	return c.seeTrailers(&c.request, onRequestTrailers, t)
}

// EncodeHeaders implements chain.Filter.
func (c *Context) EncodeHeaders(h *header.Map, end bool) chain.HeadersStatus {
	if !c.created || c.failureSent {
		return chain.HeadersContinue
	}
	return c.seeHeaders(&c.response, onResponseHeaders, h, end)
}

// EncodeData implements chain.Filter.
func (c *Context) EncodeData(b *chain.Buffer, end bool) chain.DataStatus {
	if !c.created || c.failureSent {
		return chain.DataContinue
	}
	return c.seeData(&c.response, onResponseBody, b, end)
}

// EncodeTrailers implements chain.Filter.
func (c *Context) EncodeTrailers(t *header.Map) chain.TrailersStatus {
	if !c.created || c.failureSent {
		return chain.TrailersContinue
	}
	return c.seeTrailers(&c.response, onResponseTrailers, t)
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
	c.request.headers, c.request.body, c.request.trailers = nil, nil, nil
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
