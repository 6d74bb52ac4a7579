package chain

import "github.com/sparkward/sparkward/hostsim/internal/header"

// Filter is one filter of the chain, made for one stream.
type Filter interface {
	DecodeHeaders(h *header.Map, end bool) HeadersStatus
	DecodeData(b *Buffer, end bool) DataStatus
	DecodeTrailers(t *header.Map) TrailersStatus
	EncodeHeaders(h *header.Map, end bool) HeadersStatus
	EncodeData(b *Buffer, end bool) DataStatus
	EncodeTrailers(t *header.Map) TrailersStatus
	// Log is called once when the stream is over, before Destroy.
	Log()
	Destroy()
}

// Downstream is the client's side of a stream. Calls must not block.
type Downstream interface {
	SendHeaders(h *header.Map, end bool)
	SendData(data []byte, end bool)
	SendTrailers(t *header.Map)
	// LocalReply is told that a local reply will be the answer.
	LocalReply(code int)
	// Reset breaks the response off. It is also the end of a stream whose request was
	// never read to its end: answered reports whether the response was complete.
	Reset(answered bool)
}

// Terminal is the router: what comes after the last filter. Calls must not block.
type Terminal interface {
	Headers(h *header.Map, end bool)
	Data(data []byte, end bool)
	Trailers(t *header.Map)
	// Cancel gives the upstream request up. The stream is over.
	Cancel()
	// Route finds the route again after the filter dropped it.
	Route(h *header.Map)
	ClearRoute()
}

// Handle is what a filter may do to its stream, at any time until Destroy.
type Handle struct {
	s        *Stream
	dec, enc *entry
}

// Info returns the stream's facts.
func (h *Handle) Info() *Info { return h.s.Info }

// ContinueDecoding goes on where the filter held the request.
func (h *Handle) ContinueDecoding() { h.s.dec.resume(h.dec) }

// ContinueEncoding goes on where the filter held the response.
func (h *Handle) ContinueEncoding() { h.s.enc.resume(h.enc) }

// AddDecodedData puts data behind what the filter has buffered of the request.
func (h *Handle) AddDecodedData(b *Buffer) { h.s.dec.addData(h.dec, b) }

// AddEncodedData puts data behind what the filter has buffered of the response.
func (h *Handle) AddEncodedData(b *Buffer) { h.s.enc.addData(h.enc, b) }

// DecodingBuffer is what is held of the request body, nil for nothing.
func (h *Handle) DecodingBuffer() *Buffer { return h.s.dec.buffered }

// EncodingBuffer is what is held of the response body, nil for nothing.
func (h *Handle) EncodingBuffer() *Buffer { return h.s.enc.buffered }

// AddDecodedTrailers makes request trailers. It may be called in the data callback
// that ends the request.
func (h *Handle) AddDecodedTrailers() *header.Map { return h.s.dec.addTrailers() }

// AddEncodedTrailers makes response trailers, likewise.
func (h *Handle) AddEncodedTrailers() *header.Map { return h.s.enc.addTrailers() }

// SendLocalReply answers the request from here.
func (h *Handle) SendLocalReply(r Reply) { h.s.SendLocalReply(r) }

// Reset breaks the stream off.
func (h *Handle) Reset() { h.s.Reset() }

// ClearRouteCache drops the chosen route. It is chosen again when next needed.
func (h *Handle) ClearRouteCache() { h.s.clearRoute() }

// Maps returns the maps of the whole stream, for the log callback; any may be nil.
func (h *Handle) Maps() (request, response, responseTrailers *header.Map) {
	return h.s.dec.headers, h.s.enc.headers, h.s.enc.trailers
}
