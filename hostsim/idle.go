package hostsim

import (
	"time"

	"github.com/sparkward/sparkward/hostsim/internal/chain"
)

// idleness ends a stream on which nothing moves, in either direction: Envoy's
// stream_idle_timeout. The worker's lock guards it.
type idleness struct {
	limit time.Duration // 0 for none
	moved time.Time
	stop  func()
}

// defaultIdle is Envoy's stream_idle_timeout where none is set.
const defaultIdle = 5 * time.Minute

func (h *Host) idleLimit() time.Duration {
	switch d := h.opts.StreamIdleTimeout; {
	case d == 0:
		return defaultIdle
	case d < 0:
		return 0
	default:
		return d
	}
}

// watchIdle begins to watch the stream.
func (s *stream) watchIdle() {
	if s.idle.limit = s.w.host.idleLimit(); s.idle.limit > 0 {
		s.move()
		s.idle.stop = s.w.AfterFunc(s.idle.limit, s.lookIdle)
	}
}

// move notes that something moved. The timer is not touched, as that would cost a
// new one for each piece of a body.
func (s *stream) move() {
	if s.idle.limit > 0 {
		s.idle.moved = s.w.host.clock.Now()
	}
}

// lookIdle ends the stream if its time is over, or looks again when it may be.
func (s *stream) lookIdle() {
	if s.chain.Over() {
		return
	}
	if left := s.idle.limit - s.w.host.clock.Now().Sub(s.idle.moved); left > 0 {
		s.idle.stop = s.w.AfterFunc(left, s.lookIdle)
		return
	}
	code := 504
	if !s.chain.RequestComplete() {
		code = 408
	}
	s.info.Flags |= chain.StreamIdleTimeout
	s.chain.SendLocalReply(chain.Reply{Code: code, Body: "stream timeout", GRPCStatus: chain.NoGRPCStatus, Details: "stream_idle_timeout"})
}

// endIdle stops watching.
func (s *stream) endIdle() {
	if s.idle.stop != nil {
		s.idle.stop()
	}
}
