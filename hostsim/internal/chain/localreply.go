package chain

import (
	"strconv"
)

// SendLocalReply answers the request. Before any response headers the answer goes
// through the filters; after they are sent all that is left is to reset the stream.
func (s *Stream) SendLocalReply(r Reply) {
	if s.destroyed {
		return
	}
	switch {
	case s.decCalls > 0:
		s.decAborted = true
	case s.encCalls > 0:
		s.enc.aborted = true
	}
	s.Info.SetDetails(r.Details)
	if s.prepared != nil {
		return // the first one counts, but for its details
	}
	if s.rewrite != nil {
		s.rewrite(&r)
	}
	s.down.LocalReply(r.Code)
	switch {
	case s.enc.headers == nil && s.decCalls > 0:
		s.prepared = &r
	case s.enc.headers == nil:
		s.replyThroughFilters(r)
	case !s.headersSent:
		s.replyDirectly(r)
	default:
		s.Reset()
	}
}

func (s *Stream) replyThroughFilters(r Reply) {
	h, body := r.encode(s.isGRPC, s.isHead)
	end := s.isHead || body == ""
	s.startResponse(h, end)
	if !end && !s.destroyed {
		s.enc.observedEnd = true
		s.enc.runData(nil, &Buffer{[]byte(body)}, true)
	}
}

// replyDirectly bypasses the filters, whose response callbacks have already begun.
func (s *Stream) replyDirectly(r Reply) {
	h, body := r.encode(s.isGRPC, s.isHead)
	s.enc.headers, s.enc.aborted, s.headersSent = h, true, true
	s.Info.ResponseCode, _ = strconv.Atoi(h.Value(":status"))
	end := s.isHead || body == ""
	s.down.SendHeaders(h, end)
	if !end {
		s.Info.ResponseBytes += uint64(len(body))
		s.down.SendData([]byte(body), true)
	}
	s.maybeEnd(true)
}

// Reset breaks the stream off from this side.
func (s *Stream) Reset() {
	if s.destroyed {
		return
	}
	s.down.Reset(false)
	s.destroy()
}

// ClientGone ends a stream that the client broke off.
func (s *Stream) ClientGone(details string, flag Flags) {
	if s.destroyed {
		return
	}
	if !s.Info.HasDetails || s.Info.Details == "via_upstream" {
		s.Info.SetDetails(details)
	}
	s.Info.Flags |= flag
	s.destroy()
}

// destroy ends the stream: upstream given up, filters told.
func (s *Stream) destroy() {
	if s.destroyed {
		return
	}
	s.destroyed = true
	s.over()
	s.terminal.Cancel()
	for _, f := range s.filters {
		f.Log()
	}
	s.logged()
	for _, f := range s.filters {
		f.Destroy()
	}
}
