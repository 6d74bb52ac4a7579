package wasm

import (
	"strings"

	"github.com/sparkward/sparkward/hostsim/internal/abi"
	"github.com/sparkward/sparkward/hostsim/internal/chain"
	"github.com/sparkward/sparkward/hostsim/internal/header"
)

// writable returns the map that a filter may change now, nil for none.
func (c *Context) writable(which abi.MapType) *header.Map {
	switch which {
	case abi.RequestHeaders:
		return c.requestHeaders
	case abi.RequestTrailers:
		if c.requestTrailers == nil && c.requestBody != nil && c.endOfStream && c.handle != nil {
			c.requestTrailers = c.handle.AddDecodedTrailers()
		}
		return c.requestTrailers
	case abi.ResponseHeaders:
		return c.responseHeaders
	case abi.ResponseTrailers:
		if c.responseTrailers == nil && c.responseBody != nil && c.endOfStream && c.handle != nil {
			c.responseTrailers = c.handle.AddEncodedTrailers()
		}
		return c.responseTrailers
	}
	return nil
}

// readable returns the map that a filter may read now, nil for none.
func (c *Context) readable(which abi.MapType) *header.Map {
	switch which {
	case abi.GRPCReceiveInitialMetadata:
		return c.root.grpcReceived.initial
	case abi.GRPCReceiveTrailingMetadata:
		return c.root.grpcReceived.trailing
	case abi.HTTPCallResponseHeaders, abi.HTTPCallResponseTrailers:
		response := c.root.callResponse
		switch {
		case response == nil:
			return nil
		case which == abi.HTTPCallResponseHeaders:
			return response.Headers
		}
		return response.Trailers
	}
	if c.logging {
		return c.loggedMap(which)
	}
	switch which {
	case abi.RequestHeaders:
		return c.requestHeaders
	case abi.RequestTrailers:
		return c.requestTrailers
	case abi.ResponseHeaders:
		return c.responseHeaders
	}
	return c.responseTrailers
}

// loggedMap is what proxy_on_log can read: everything but request trailers.
func (c *Context) loggedMap(which abi.MapType) *header.Map {
	request, response, trailers := c.handle.Maps()
	switch which {
	case abi.RequestHeaders:
		return request
	case abi.ResponseHeaders:
		return response
	case abi.ResponseTrailers:
		return trailers
	}
	return nil
}

func (f *frame) getPairs() abi.Status {
	m := f.ctx.readable(abi.MapType(f.u32(0)))
	if m.Len() > 0 {
		f.out = abi.AppendPairs(nil, pairsOf(m))
	}
	return abi.OK
}

func pairsOf(m *header.Map) []abi.Pair {
	pairs := make([]abi.Pair, m.Len())
	for i, field := range m.Fields() {
		pairs[i] = abi.Pair(field)
	}
	return pairs
}

func (f *frame) getHeader() abi.Status {
	m := f.ctx.readable(abi.MapType(f.u32(0)))
	if m == nil {
		if f.ctx.logging {
			return abi.NotFound
		}
		return abi.BadArgument
	}
	value, ok := m.Get(lower(f.in[0]))
	if !ok {
		return abi.NotFound
	}
	f.out = []byte(value)
	return abi.OK
}

func lower(name []byte) string { return strings.ToLower(string(name)) }

func (f *frame) setPairs() abi.Status {
	return f.change(func(m *header.Map) {
		pairs := abi.ParsePairs(f.in[0])
		m.Clear()
		for _, p := range pairs {
			m.Add(p.Name, p.Value)
		}
	})
}

func (f *frame) addHeader() abi.Status {
	return f.change(func(m *header.Map) { m.Add(f.str(0), f.str(1)) })
}

func (f *frame) replaceHeader() abi.Status {
	return f.change(func(m *header.Map) { m.Set(f.str(0), f.str(1)) })
}

func (f *frame) removeHeader() abi.Status {
	return f.change(func(m *header.Map) { m.Remove(f.str(0)) })
}

// change applies an edit to a map. In ABI 0.2.0 and 0.2.1 an edit of the request headers
// drops the route.
func (f *frame) change(edit func(*header.Map)) abi.Status {
	which := abi.MapType(f.u32(0))
	m := f.ctx.writable(which)
	if m == nil {
		return abi.BadArgument
	}
	edit(m)
	if which == abi.RequestHeaders {
		f.ctx.handle.ClearRouteCache()
	}
	return abi.OK
}

func (f *frame) headerSize() abi.Status {
	m := f.ctx.writable(abi.MapType(f.u32(0)))
	if m == nil {
		return abi.BadArgument
	}
	f.out32[0] = uint32(m.Bytes())
	return abi.OK
}

// body is the request or response body as the filter sees it: all that is held while
// it pauses, else the piece at hand.
func (c *Context) body(which abi.BufferType) *chain.Buffer {
	if which == abi.RequestBody {
		if c.bufferingRequest && c.handle != nil {
			return c.handle.DecodingBuffer()
		}
		return c.requestBody
	}
	if c.bufferingResponse && c.handle != nil {
		return c.handle.EncodingBuffer()
	}
	return c.responseBody
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
