package chain

import "github.com/sparkward/sparkward/hostsim/internal/header"

// runTrailers shows the trailers to the filters.
func (s *side) runTrailers(from *entry) {
	if s.stopped() {
		return
	}
	for i := next(from, true); i < len(s.entries); i++ {
		e := s.entries[i]
		if e.stoppedAll() {
			return
		}
		s.begin()
		status := s.callbacks.trailers(e.filter, s.trailers)
		e.endSeen = true
		if s.after() {
			return
		}
		if !s.afterTrailers(e, status) {
			return
		}
	}
	s.doneTrailers()
}

func (s *side) afterTrailers(e *entry, status TrailersStatus) bool {
	if status == TrailersContinue {
		if e.state == stopSingle {
			s.resume(e)
			return false
		}
		return true
	}
	if e.state == flowing {
		e.state = stopSingle
	}
	return false
}

// resume goes on where e held the stream: headers, then what is buffered, then
// trailers, as far as each was seen.
func (s *side) resume(e *entry) {
	if s.stopped() || e.state == flowing {
		return
	}
	e.fromCurrent = e.stoppedAll()
	e.state = flowing
	if !e.headersContinued {
		e.headersContinued = true
		s.runHeaders(e, s.observedEnd && s.buffered == nil && s.trailers == nil)
	}
	hadTrailers := s.trailers != nil
	if s.buffered != nil {
		s.runData(e, s.buffered, s.observedEnd && !hadTrailers)
		s.checked()
	}
	if hadTrailers {
		s.runTrailers(e)
	}
	e.fromCurrent = false
}

// addData puts b behind the filter's buffered data.
func (s *side) addData(e *entry, b *Buffer) {
	s.streaming = false
	s.hold(b)
}

func (s *side) addTrailers() *header.Map {
	if s.trailers == nil {
		s.trailers = header.New(header.Trailer)
	}
	return s.trailers
}
