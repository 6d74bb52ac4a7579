package wasm

import (
	"github.com/sparkward/sparkward/hostsim/internal/chain"
	"github.com/sparkward/sparkward/hostsim/internal/header"
)

// half is the request or the response of a stream, as far as its filter may touch it now.
type half struct {
	headers, trailers *header.Map
	body              *chain.Buffer
	buffering         bool // the filter holds the body, and it is kept for it

	// The stream's own, for this half.
	hold        func(*chain.Buffer)
	held        func() *chain.Buffer
	addTrailers func() *header.Map
}

// data is the body as the filter sees it: all that is held while it pauses, else the
// piece at hand.
func (h *half) data() *chain.Buffer {
	if h.buffering && h.held != nil {
		return h.held()
	}
	return h.body
}

// writableTrailers makes trailers, if it must, when the filter has the body's end at hand.
func (h *half) writableTrailers(end bool) *header.Map {
	if h.trailers == nil && h.body != nil && end && h.addTrailers != nil {
		h.trailers = h.addTrailers()
	}
	return h.trailers
}

// seeHeaders shows headers to the filter.
func (c *Context) seeHeaders(h *half, id callbackID, m *header.Map, end bool) chain.HeadersStatus {
	h.headers, c.endOfStream = m, end
	status := c.headersCallback(id, m, end)
	if status == chain.HeadersContinue {
		h.headers = nil
	}
	return status
}

func (c *Context) headersCallback(id callbackID, m *header.Map, end bool) chain.HeadersStatus {
	return ask(c, id, chain.HeadersContinue, chain.HeadersStopAllWatermark, c.headersStatus, uint32(m.Len()), flag(end))
}

func (c *Context) headersStatus(result uint32) chain.HeadersStatus {
	status := chain.HeadersStatus(result)
	if status > chain.HeadersStopAllWatermark {
		return chain.HeadersStopAllWatermark
	}
	if status == chain.HeadersStop && !c.plugin.StopOnHeaders {
		return chain.HeadersStopAllWatermark
	}
	return status
}

// seeData shows a piece of a body to the filter, behind what it holds already.
func (c *Context) seeData(h *half, id callbackID, b *chain.Buffer, end bool) chain.DataStatus {
	if h.buffering {
		h.hold(b)
		if c.destroyed {
			return chain.DataStopBuffer
		}
	}
	h.body, c.endOfStream = b, end
	status := c.dataCallback(id, h.data(), end)
	h.buffering = status == chain.DataStopBuffer
	if status == chain.DataContinue {
		h.body = nil
	}
	return status
}

func (c *Context) dataCallback(id callbackID, b *chain.Buffer, end bool) chain.DataStatus {
	return ask(c, id, chain.DataContinue, chain.DataStopNoBuffer, func(result uint32) chain.DataStatus {
		return min(chain.DataStatus(result), chain.DataStopNoBuffer)
	}, uint32(b.Len()), flag(end))
}

// seeTrailers shows trailers to the filter.
func (c *Context) seeTrailers(h *half, id callbackID, t *header.Map) chain.TrailersStatus {
	h.trailers = t
	status := c.trailersCallback(id, t)
	if status == chain.TrailersContinue {
		h.trailers = nil
	}
	return status
}

func (c *Context) trailersCallback(id callbackID, t *header.Map) chain.TrailersStatus {
	return ask(c, id, chain.TrailersContinue, chain.TrailersStop, func(result uint32) chain.TrailersStatus {
		return min(chain.TrailersStatus(result), chain.TrailersStop)
	}, uint32(t.Len()))
}

// ask calls one of the filter's functions and reads its result: going on if there is
// none of this name, and all stopped if the VM failed or the filter wants nothing more.
func ask[S any](c *Context, id callbackID, goOn, stopAll S, read func(result uint32) S, args ...uint32) S {
	if c.checkFail() {
		return stopAll
	}
	if !c.vm.has(id) {
		return goOn
	}
	defer c.vm.finish()
	result, _ := c.vm.call(id, c, append([]uint32{c.id}, args...)...)
	if c.checkFail() || c.vm.stopIteration {
		return stopAll
	}
	return read(result)
}

func flag(on bool) uint32 {
	if on {
		return 1
	}
	return 0
}
