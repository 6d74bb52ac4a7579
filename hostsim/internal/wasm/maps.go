package wasm

import (
	"strings"

	"github.com/sparkward/sparkward/hostsim/internal/abi"
	"github.com/sparkward/sparkward/hostsim/internal/header"
)

// writable returns the map that a filter may change now, nil for none.
func (c *Context) writable(which abi.MapType) *header.Map {
	switch which {
	case abi.RequestHeaders:
		return c.request.headers
	case abi.RequestTrailers:
		return c.request.writableTrailers(c.endOfStream)
	case abi.ResponseHeaders:
		return c.response.headers
	case abi.ResponseTrailers:
		return c.response.writableTrailers(c.endOfStream)
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
		return c.request.headers
	case abi.RequestTrailers:
		return c.request.trailers
	case abi.ResponseHeaders:
		return c.response.headers
	}
	return c.response.trailers
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
