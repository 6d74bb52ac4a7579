package hostsim

import (
	"slices"
	"sync"

	"github.com/sparkward/sparkward/hostsim/internal/chain"
	"github.com/sparkward/sparkward/hostsim/internal/header"
	"github.com/sparkward/sparkward/hostsim/internal/localreply"
)

// client is the other end of a stream's response. Calls come one at a time, without
// any lock.
type client interface {
	// write sends a piece. It may block.
	write(p piece) error
}

// piece is what there is of a response to write at one time.
type piece struct {
	parts  []part
	queued int  // bytes of data in parts
	ended  bool // the response is complete
	early  bool // it is complete, the request is not
	reset  bool // the response was broken off
}

func (p *piece) empty() bool { return p.parts == nil && !p.reset }

// stream joins one request of a server to the chain of filters. The worker's lock
// guards it.
type stream struct {
	w       *worker
	info    *chain.Info
	chain   *chain.Stream
	request *header.Map
	route   *router
	client  client
	wake    *sync.Cond // on the worker's lock
	http1   bool
	closing bool // the connection ends after the response

	out     piece
	writing bool
	closed  bool // the last piece was written
	cut     bool // the response ended before it was complete

	requestBlocked  bool // a filter holds too much of the request
	responseBlocked bool // a filter holds too much of the response
	idle            idleness
	dirty           bool // in the worker's list of streams to pump
}

// highWatermark is how much may wait for the other side before reading stops, in
// bytes: Envoy's default buffer limit of connections.
const highWatermark = 1 << 20

func (w *worker) newStream(info *chain.Info, c client) *stream {
	s := &stream{w: w, info: info, client: c, wake: sync.NewCond(&w.mu), http1: info.Protocol != protocolHTTP2}
	s.route = &router{s: s}
	limit := w.host.bodyLimit()
	s.chain = chain.New(chain.Config{Info: info, Down: s, Terminal: s.route,
		RequestLimit: limit, ResponseLimit: limit,
		BlockRequest:  func(on bool) { s.requestBlocked = on; s.wake.Broadcast() },
		BlockResponse: func(on bool) { s.responseBlocked = on; s.wake.Broadcast() },
		Over:          s.over, Logged: s.logged, LocalReply: s.rewrite,
	}, w.filters())
	w.streams[s] = struct{}{}
	s.watchIdle()
	return s
}

// rewrite lets the options have their say on an answer of the host's own.
func (s *stream) rewrite(r *chain.Reply) {
	rules := s.w.host.localReply
	if rules == nil {
		return
	}
	reply := localreply.Reply{Status: r.Code, Body: r.Body, Headers: slices.Clone(r.Headers)}
	rules.Rewrite(&reply, localreply.View{Details: s.info.Details, HasDetails: s.info.HasDetails,
		Flags: s.info.Flags.String(), Protocol: s.info.Protocol, Request: s.request})
	r.Code, r.Body, r.Headers, r.Type = reply.Status, reply.Body, reply.Headers, reply.Type
}

func (h *Host) bodyLimit() int {
	if h.opts.RequestBodyLimit > 0 {
		return h.opts.RequestBodyLimit
	}
	return highWatermark
}

// over is called when the stream ends, before the filters log.
func (s *stream) over() {
	s.info.Over, s.info.Elapsed = true, s.w.host.clock.Now().Sub(s.info.Start)
	delete(s.w.streams, s)
	s.endIdle()
}

// logged is called when the filters have logged.
func (s *stream) logged() {
	if s.w.host.opts.AccessLog != nil {
		s.w.entries = append(s.w.entries, s.entry())
	}
}

// touch has the stream pumped when the worker is free.
func (s *stream) touch() {
	if !s.dirty {
		s.dirty = true
		s.w.dirty = append(s.w.dirty, s)
	}
}

func (s *stream) put(p part) {
	s.move()
	s.out.parts = append(s.out.parts, p)
	s.out.queued += len(p.Data)
	s.out.ended = p.End
	s.touch()
}

// SendHeaders implements chain.Downstream.
func (s *stream) SendHeaders(h *header.Map, end bool) {
	s.put(part{Headers: s.finishHeaders(h).Clone(), End: end})
}

// SendData implements chain.Downstream.
func (s *stream) SendData(data []byte, end bool) { s.put(part{Data: data, End: end}) }

// SendTrailers implements chain.Downstream.
func (s *stream) SendTrailers(t *header.Map) { s.put(part{Trailers: t.Clone(), End: true}) }

// LocalReply implements chain.Downstream. Envoy ends an HTTP/1 connection after a bad
// request.
func (s *stream) LocalReply(code int) { s.closing = s.closing || code == 400 }

// Reset implements chain.Downstream.
func (s *stream) Reset(answered bool) {
	s.out.early, s.out.reset = answered, !answered
	s.touch()
}

// clientGone ends the stream because the client broke it off.
func (s *stream) clientGone(details string, flag chain.Flags) {
	s.chain.ClientGone(details, flag)
	s.closed, s.cut = true, true
	s.wake.Broadcast()
}

// disconnected is clientGone for a closed connection.
func (s *stream) disconnected() {
	s.clientGone("downstream_remote_disconnect", chain.DownstreamConnectionTermination)
}

// pump does what waits for it outside the worker's lock: it sends to the upstream and
// to the client.
func (s *stream) pump() {
	s.route.flush()
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	for !s.writing && !s.closed && !s.out.empty() {
		p := s.out
		s.out, s.writing = piece{}, true
		s.w.mu.Unlock()
		err := s.client.write(p)
		s.w.mu.Lock()
		s.writing = false
		s.closed, s.cut = s.closed || p.ended || p.reset, s.cut || p.reset
		if err != nil && !s.closed {
			s.disconnected()
		}
		s.wake.Broadcast()
	}
}

// mustWait reports whether the request has to wait: for a filter or the upstream.
func (s *stream) mustWait() bool {
	return (s.requestBlocked || s.route.queued > highWatermark) && !s.chain.Over()
}

// responseMustWait reports whether the response has to wait: for a filter or the client.
func (s *stream) responseMustWait() bool {
	return (s.responseBlocked || s.out.queued > highWatermark) && !s.chain.Over()
}

// requestParts hands parts of the request to the filters, and waits while it must.
func (s *stream) requestParts(parts ...part) (over bool) {
	s.w.do(s, func() { s.take(parts) })
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	for s.mustWait() {
		s.wake.Wait()
	}
	return s.chain.Over()
}

func (s *stream) take(parts []part) {
	s.move()
	for _, p := range parts {
		switch {
		case p.Headers != nil:
			s.chain.RequestHeaders(p.Headers, p.End)
		case p.Trailers != nil:
			s.chain.RequestTrailers(p.Trailers)
		case len(p.Data) > 0 || p.End:
			s.chain.RequestData(p.Data, p.End)
		}
	}
}

// waitClosed blocks until the response was written, or broken off.
func (s *stream) waitClosed() {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	for !s.closed {
		s.wake.Wait()
	}
}
