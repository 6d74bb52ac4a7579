package chain

import "github.com/sparkward/sparkward/hostsim/internal/header"

// iteration says how a filter holds its side of the stream.
type iteration uint8

const (
	flowing iteration = iota
	stopSingle
	stopAllBuffer
	stopAllWatermark
)

// entry is one filter's place on one side.
type entry struct {
	filter           Filter
	at               int
	state            iteration
	headersContinued bool
	endSeen          bool // the filter was told the end
	fromCurrent      bool // the next callback is this filter's own, not the one behind
}

func (e *entry) stoppedAll() bool { return e.state == stopAllBuffer || e.state == stopAllWatermark }

// callbacks are how a side calls a filter, and what comes after the last filter.
type callbacks struct {
	headers  func(f Filter, h *header.Map, end bool) HeadersStatus
	data     func(f Filter, b *Buffer, end bool) DataStatus
	trailers func(f Filter, t *header.Map) TrailersStatus

	doneHeaders  func(end bool)
	doneData     func(b *Buffer, end bool)
	doneTrailers func()

	begin    func()                // a filter is about to be called
	after    func() (aborted bool) // a filter was called
	stopped  func() bool           // nothing may go on
	overflow func()                // more than limit is buffered
	blocked  func(on bool)         // back-pressure
}

// side is one direction of a stream: the request or the response.
type side struct {
	callbacks
	entries     []*entry
	headers     *header.Map
	trailers    *header.Map
	buffered    *Buffer
	streaming   bool // what is buffered is held with back-pressure, not up to the limit
	observedEnd bool
	limit       int
	inData      bool // a data callback is running
	aborted     bool // a local reply ended the iteration
	over        bool // buffered is above the limit
}

// runHeaders shows the headers to the filters behind from, or to all for nil.
func (s *side) runHeaders(from *entry, end bool) {
	for i := next(from, false); i < len(s.entries); i++ {
		e := s.entries[i]
		e.endSeen = end
		s.begin()
		status := s.callbacks.headers(e.filter, s.headers, end)
		if s.after() {
			return
		}
		if !e.afterHeaders(status) {
			return
		}
	}
	s.doneHeaders(end)
}

func (e *entry) afterHeaders(status HeadersStatus) bool {
	switch status {
	case HeadersStop:
		e.state = stopSingle
	case HeadersStopAllBuffer:
		e.state = stopAllBuffer
	case HeadersStopAllWatermark:
		e.state = stopAllWatermark
	default:
		e.headersContinued = true
		return true
	}
	return false
}

// next is the place of the first filter to call after from.
func next(from *entry, canStartFromCurrent bool) int {
	switch {
	case from == nil:
		return 0
	case canStartFromCurrent && from.fromCurrent:
		return from.at
	}
	return from.at + 1
}

// runData shows a piece of the body to the filters.
func (s *side) runData(from *entry, b *Buffer, end bool) {
	if s.stopped() {
		return
	}
	hadTrailers := s.trailers != nil
	var added *entry
	for i := next(from, true); i < len(s.entries); i++ {
		e := s.entries[i]
		if e.stoppedAll() {
			s.streaming = e.state == stopAllWatermark
			s.hold(b)
			return
		}
		if e.endSeen {
			return
		}
		e.endSeen = end && s.trailers == nil
		status, aborted := s.callData(e, b)
		if aborted {
			return
		}
		if !hadTrailers && s.trailers != nil && added == nil {
			end, added = false, e
		}
		if !s.afterData(e, status, b) {
			s.runAddedTrailers(added)
			return
		}
	}
	s.doneData(b, end)
	s.runAddedTrailers(added)
}

func (s *side) callData(e *entry, b *Buffer) (status DataStatus, aborted bool) {
	s.begin()
	s.inData = true
	status = s.callbacks.data(e.filter, b, e.endSeen)
	s.inData = false
	return status, s.after()
}

// runAddedTrailers goes on with trailers that a filter made in its data callback.
func (s *side) runAddedTrailers(added *entry) {
	if added != nil {
		s.runTrailers(added)
	}
}

func (s *side) afterData(e *entry, status DataStatus, b *Buffer) bool {
	if status == DataContinue {
		if e.state == stopSingle {
			s.hold(b)
			s.resume(e)
			return false
		}
		return true
	}
	e.state = stopSingle
	switch {
	case status == DataStopBuffer || status == DataStopWatermark:
		s.streaming = status == DataStopWatermark
		s.hold(b)
	case s.observedEnd && s.trailers == nil && s.buffered == nil:
		s.buffered = &Buffer{} // so that resume has an empty end to send
	}
	return false
}

// hold moves b behind what is buffered, unless it is the buffer itself.
func (s *side) hold(b *Buffer) {
	if s.buffered == b {
		return
	}
	if s.buffered == nil {
		s.buffered = &Buffer{}
	}
	s.buffered.move(b)
	s.checked()
}

// checked looks whether what is buffered crossed the limit, upwards or downwards.
func (s *side) checked() {
	over := s.limit > 0 && s.buffered.Len() > s.limit
	if over == s.over {
		return
	}
	s.over = over
	switch {
	case !over || s.streaming:
		s.blocked(over)
	default:
		s.overflow()
	}
}
