package chain

import (
	"strconv"
	"strings"

	"github.com/sparkward/sparkward/hostsim/internal/header"
)

// Stream is one request and its answer on their way through the filters.
type Stream struct {
	Info *Info

	filters  []Filter
	down     Downstream
	terminal Terminal
	dec, enc side
	over     func()
	logged   func()

	decCalls, encCalls int // filter callbacks running
	decAborted         bool
	prepared           *Reply
	headersSent        bool // final response headers are with the client
	localComplete      bool // the response is complete
	destroyed          bool
	routeCleared       bool
	isHead, isGRPC     bool
	rewrite            func(*Reply)
}

// Config is what a stream is made of.
type Config struct {
	Info     *Info
	Down     Downstream
	Terminal Terminal
	// Limit is the buffer limit of each direction, in bytes; 0 is none.
	RequestLimit, ResponseLimit int
	// Blocked is told when the request, or the response, must wait for a filter.
	BlockRequest, BlockResponse func(on bool)
	// Over is called when the stream ends, before the filters log; Logged after that,
	// before they are destroyed.
	Over, Logged func()
	// LocalReply, if not nil, may change an answer of the proxy's own.
	LocalReply func(*Reply)
}

// New makes a stream. Its filters are made by the given functions, in the order in
// which they see the request.
func New(c Config, filters []func(*Handle) Filter) *Stream {
	s := &Stream{Info: c.Info, down: c.Down, terminal: c.Terminal, over: c.Over, logged: c.Logged, rewrite: c.LocalReply}
	s.dec.callbacks = s.decoding(c)
	s.enc.callbacks = s.encoding(c)
	s.dec.limit, s.enc.limit = c.RequestLimit, c.ResponseLimit
	for _, make := range filters {
		handle := &Handle{s: s}
		filter := make(handle)
		if filter == nil {
			continue
		}
		handle.dec, handle.enc = &entry{filter: filter}, &entry{filter: filter}
		s.filters = append(s.filters, filter)
		s.dec.entries = append(s.dec.entries, handle.dec)
		s.enc.entries = append([]*entry{handle.enc}, s.enc.entries...)
	}
	for i := range s.dec.entries {
		s.dec.entries[i].at, s.enc.entries[i].at = i, i
	}
	return s
}

func (s *Stream) decoding(c Config) callbacks {
	return callbacks{
		headers:  Filter.DecodeHeaders,
		data:     Filter.DecodeData,
		trailers: Filter.DecodeTrailers,
		doneHeaders: func(end bool) {
			s.route()
			s.terminal.Headers(s.dec.headers, end)
		},
		doneData:     func(b *Buffer, end bool) { s.terminal.Data(b.take(), end) },
		doneTrailers: func() { s.terminal.Trailers(s.dec.trailers) },
		begin:        func() { s.decCalls++ },
		after:        s.afterDecodeCall,
		stopped:      s.requestStopped,
		overflow: func() {
			s.SendLocalReply(Reply{Code: 413, Body: "Payload Too Large",
				GRPCStatus: NoGRPCStatus, Details: "request_payload_too_large"})
		},
		blocked: c.BlockRequest,
	}
}

func (s *Stream) encoding(c Config) callbacks {
	return callbacks{
		headers:      Filter.EncodeHeaders,
		data:         Filter.EncodeData,
		trailers:     Filter.EncodeTrailers,
		doneHeaders:  s.sendHeaders,
		doneData:     s.sendData,
		doneTrailers: s.sendTrailers,
		begin:        func() { s.encCalls++ },
		after: func() bool {
			s.encCalls--
			return s.enc.abortedOrOver(s)
		},
		stopped: func() bool { return s.enc.abortedOrOver(s) },
		overflow: func() {
			s.SendLocalReply(Reply{Code: 500, Body: "Internal Server Error",
				GRPCStatus: NoGRPCStatus, Details: "response_payload_too_large"})
		},
		blocked: c.BlockResponse,
	}
}

func (b *Buffer) take() []byte {
	data := b.B
	b.B = nil
	return data
}

// afterDecodeCall ends a request callback. A local reply made inside it goes out now.
func (s *Stream) afterDecodeCall() bool {
	s.decCalls--
	if reply := s.prepared; reply != nil && s.decCalls == 0 {
		s.prepared = nil
		s.replyThroughFilters(*reply)
	}
	return s.requestStopped()
}

func (s *Stream) requestStopped() bool { return s.decAborted || s.localComplete || s.destroyed }

// RequestHeaders starts the stream.
func (s *Stream) RequestHeaders(h *header.Map, end bool) {
	s.dec.headers, s.dec.observedEnd = h, end
	s.isHead = h.Value(":method") == "HEAD"
	s.isGRPC = IsGRPC(h)
	s.terminal.Route(h)
	s.dec.runHeaders(nil, end)
}

// Refuse answers a request that the filters are not shown. Its headers, nil for none, are
// for the form of the answer and for the log.
func (s *Stream) Refuse(r Reply, flag Flags, h *header.Map, end bool) {
	s.Info.Flags |= flag
	s.dec.headers, s.dec.observedEnd = h, end
	s.isGRPC = IsGRPC(h)
	s.SendLocalReply(r)
}

// IsGRPC reports whether the answer to a request has to look like gRPC.
func IsGRPC(h *header.Map) bool {
	rest, ok := strings.CutPrefix(h.Value("content-type"), "application/grpc")
	return ok && (rest == "" || rest[0] == '+' || rest[0] == ';')
}

// RequestData carries on with the body. The stream keeps data.
func (s *Stream) RequestData(data []byte, end bool) {
	s.Info.RequestBytes += uint64(len(data))
	s.dec.observedEnd = s.dec.observedEnd || end
	s.dec.runData(nil, &Buffer{data}, end)
}

// RequestTrailers ends the request.
func (s *Stream) RequestTrailers(t *header.Map) {
	s.dec.trailers, s.dec.observedEnd = t, true
	s.dec.runTrailers(nil)
}

// ResponseHeaders starts an upstream's answer.
func (s *Stream) ResponseHeaders(h *header.Map, end bool) {
	if s.destroyed || s.enc.headers != nil {
		return
	}
	s.startResponse(h, end)
}

func (s *Stream) startResponse(h *header.Map, end bool) {
	s.enc.headers, s.enc.observedEnd = h, end
	if code, err := strconv.Atoi(h.Value(":status")); err == nil {
		s.Info.ResponseCode = code
	}
	s.enc.runHeaders(nil, end)
}

// ResponseData carries on with the upstream's answer. The stream keeps data.
func (s *Stream) ResponseData(data []byte, end bool) {
	if s.enc.abortedOrOver(s) {
		return
	}
	s.enc.observedEnd = s.enc.observedEnd || end
	s.enc.runData(nil, &Buffer{data}, end)
}

// ResponseTrailers ends the upstream's answer.
func (s *Stream) ResponseTrailers(t *header.Map) {
	if s.enc.abortedOrOver(s) {
		return
	}
	s.enc.trailers, s.enc.observedEnd = t, true
	s.enc.runTrailers(nil)
}

// abortedOrOver reports whether no more of the response may be sent.
func (s *side) abortedOrOver(stream *Stream) bool {
	return s.aborted || stream.localComplete || stream.destroyed
}

func (s *Stream) sendHeaders(end bool) {
	code, err := strconv.Atoi(s.enc.headers.Value(":status"))
	if err != nil {
		s.SendLocalReply(Reply{Code: 502, Body: "missing required header: :status", GRPCStatus: NoGRPCStatus,
			Details: "filter_removed_required_response_headers{missing_required_header:_:status}"})
		return
	}
	s.headersSent, s.Info.ResponseCode = true, code
	s.down.SendHeaders(s.enc.headers, end)
	s.maybeEnd(end)
}

func (s *Stream) sendData(b *Buffer, end bool) {
	data := b.take()
	s.Info.ResponseBytes += uint64(len(data))
	s.down.SendData(data, end)
	s.maybeEnd(end)
}

func (s *Stream) sendTrailers() {
	s.down.SendTrailers(s.enc.trailers)
	s.maybeEnd(true)
}

func (s *Stream) maybeEnd(end bool) {
	if !end || s.destroyed {
		return
	}
	s.localComplete = true
	if !s.dec.observedEnd {
		s.down.Reset(true)
	}
	s.destroy()
}

// SetRequestLimit changes the buffer limit of the request, in bytes.
func (s *Stream) SetRequestLimit(limit int) { s.dec.limit = limit }

// RequestComplete reports whether the request was received to its end.
func (s *Stream) RequestComplete() bool { return s.dec.observedEnd }

// Over reports whether the stream has ended.
func (s *Stream) Over() bool { return s.destroyed }

func (s *Stream) clearRoute() {
	s.routeCleared = true
	s.terminal.ClearRoute()
}

// route finds the route again if a filter dropped it.
func (s *Stream) route() {
	if s.routeCleared {
		s.routeCleared = false
		s.terminal.Route(s.dec.headers)
	}
}
