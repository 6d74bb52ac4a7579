package hostsim

import (
	"sync"

	"github.com/sparkward/sparkward/hostsim/internal/chain"
	"github.com/sparkward/sparkward/hostsim/internal/header"
)

// stream joins one request of the server to the chain of filters. The worker's lock
// guards it.
type stream struct {
	w       *worker
	info    *chain.Info
	chain   *chain.Stream
	request *header.Map
	route   *router
	wake    *sync.Cond // on the worker's lock

	// what waits to be written to the client
	headers  *header.Map
	data     [][]byte
	queued   int // bytes in data
	trailers *header.Map
	ended    bool // the response is complete
	answered bool // it is complete although the request is not
	reset    bool // the response was broken off

	requestBlocked  bool // a filter has too much of the request
	responseBlocked bool // a filter has too much of the response
}

// highWatermark is how much may wait to be written to the other side before reading
// stops, in bytes: Envoy's default buffer limit of connections.
const highWatermark = 1 << 20

func newStream(w *worker, info *chain.Info) *stream {
	s := &stream{w: w, info: info, wake: sync.NewCond(&w.mu)}
	s.route = &router{s: s}
	limit := w.host.opts.RequestBodyLimit
	if limit == 0 {
		limit = highWatermark
	}
	s.chain = chain.New(chain.Config{Info: info, Down: s, Terminal: s.route,
		RequestLimit: limit, ResponseLimit: limit,
		BlockRequest:  func(on bool) { s.requestBlocked = on; s.wake.Broadcast() },
		BlockResponse: func(on bool) { s.responseBlocked = on; s.wake.Broadcast() },
		Over:          s.over,
	}, w.filters())
	w.streams[s] = struct{}{}
	return s
}

// over is called when the stream ends, before the filters log.
func (s *stream) over() {
	s.info.Over, s.info.Elapsed = true, s.w.host.clock.Now().Sub(s.info.Start)
}

// SendHeaders implements chain.Downstream.
func (s *stream) SendHeaders(h *header.Map, end bool) {
	s.headers, s.ended = s.finishHeaders(h), end
	s.wake.Broadcast()
}

// SendData implements chain.Downstream.
func (s *stream) SendData(data []byte, end bool) {
	if len(data) > 0 {
		s.data = append(s.data, data)
		s.queued += len(data)
	}
	s.ended = end
	s.wake.Broadcast()
}

// SendTrailers implements chain.Downstream.
func (s *stream) SendTrailers(t *header.Map) {
	s.trailers, s.ended = t, true
	s.wake.Broadcast()
}

// Reset implements chain.Downstream.
func (s *stream) Reset(answered bool) {
	s.answered, s.reset = answered, !answered
	s.wake.Broadcast()
}

// finishHeaders is what Envoy's connection manager does to every response.
func (s *stream) finishHeaders(h *header.Map) *header.Map {
	h = h.Clone()
	for _, name := range []string{"connection", "keep-alive", "proxy-connection", "transfer-encoding"} {
		h.Remove(name)
	}
	if _, ok := h.Get("date"); !ok {
		h.Set("date", s.w.host.clock.Now().UTC().Format(httpTime))
	}
	h.Set("server", "envoy")
	return h
}

// httpTime is the form of the date header.
const httpTime = "Mon, 02 Jan 2006 15:04:05 GMT"

// finished forgets the stream and writes the access log.
func (s *stream) finished() {
	delete(s.w.streams, s)
	if log := s.w.host.opts.AccessLog; log != nil {
		log(s.entry())
	}
}
