package wasm

import (
	"github.com/sparkward/sparkward/hostsim/internal/abi"
	"github.com/sparkward/sparkward/hostsim/internal/chain"
)

// body is the request or response body as the filter sees it.
func (c *Context) body(which abi.BufferType) *chain.Buffer {
	if which == abi.RequestBody {
		return c.request.data()
	}
	return c.response.data()
}

// buffer finds the bytes of a buffer. known is false for a buffer that cannot be read
// here at all; stream buffers that are absent read as empty.
func (c *Context) buffer(which abi.BufferType) (data []byte, known bool) {
	switch which {
	case abi.RequestBody, abi.ResponseBody:
		if b := c.body(which); b != nil {
			return b.B, true
		}
		return nil, true
	case abi.DownstreamData, abi.UpstreamData:
		return c.tcp.data(which), true
	case abi.VMConfiguration:
		return c.vm.Spec.Configuration, true
	case abi.PluginConfiguration:
		if c.configuring {
			return c.plugin.Configuration, true
		}
		return nil, false
	case abi.HTTPCallResponseBody:
		if response := c.root.callResponse; response != nil {
			return response.Body, true
		}
		return nil, false
	case abi.GRPCReceiveBuffer:
		return c.root.grpcReceived.message, true
	}
	return c.vm.callouts.data, true // call data
}

func (f *frame) getBuffer() abi.Status {
	data, known := f.ctx.buffer(abi.BufferType(f.u32(0)))
	if !known {
		return abi.NotFound
	}
	start, length := uint64(f.u32(1)), uint64(f.u32(2))
	if start > uint64(len(data)) {
		return abi.OK
	}
	f.out = data[start:min(start+length, uint64(len(data)))]
	return abi.OK
}

func (f *frame) bufferStatus() abi.Status {
	data, known := f.ctx.buffer(abi.BufferType(f.u32(0)))
	if !known {
		return abi.NotFound
	}
	f.out32[0] = uint32(len(data))
	return abi.OK
}

// setBuffer changes a body: start 0 replaces length bytes at the front, a start at or
// behind the end appends; anything between is refused.
func (f *frame) setBuffer() abi.Status {
	which := abi.BufferType(f.u32(0))
	if _, known := f.ctx.buffer(which); !known {
		return abi.NotFound
	}
	b := f.ctx.mutable(which)
	if b == nil {
		return abi.BadArgument
	}
	start, length := int(f.u32(1)), int(f.u32(2))
	switch {
	case start == 0:
		b.Drain(length)
		b.Prepend(f.in[0])
	case start >= b.Len():
		b.Append(f.in[0])
	default:
		return abi.BadArgument
	}
	return abi.OK
}

// mutable returns a buffer that can be changed, nil for none.
func (c *Context) mutable(which abi.BufferType) *chain.Buffer {
	switch which {
	case abi.RequestBody, abi.ResponseBody:
		return c.body(which)
	case abi.DownstreamData, abi.UpstreamData:
		return c.tcp.buffer(which)
	}
	return nil
}
