package provider

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// The values of x-demo-reset.
const (
	resetHeaders = "headers"
	resetStream  = "stream"
)

// Bounds of the switches: a demo must not be made to hang or to fill memory.
const (
	maxDelay  = time.Minute
	maxChunks = 10_000
	maxPad    = 64 << 20
)

// switches are the x-demo headers of one request.
type switches struct {
	status     int           // 0 = as usual
	retryAfter string        // "" = none
	delay      time.Duration // before the response headers
	hold       string        // gate before the response headers; "" = none
	chunks     int           // 0 = one a word
	chunkDelay time.Duration // before each event after the first
	gate       string        // "" = none
	reset      string        // "", resetHeaders or resetStream
	pad        int           // further characters in the answer
	encoding   string        // of a JSON answer: "" or "gzip"
}

// parseSwitches reads the x-demo headers; the error names the header and what
// it takes.
func parseSwitches(h http.Header) (switches, error) {
	p := switchParser{h: h}
	s := switches{
		status:     p.number("x-demo-status", 200, 599),
		retryAfter: h.Get("x-demo-retry-after"),
		delay:      p.duration("x-demo-delay"),
		hold:       h.Get("x-demo-hold"),
		chunks:     p.number("x-demo-chunks", 1, maxChunks),
		chunkDelay: p.duration("x-demo-chunk-delay"),
		gate:       h.Get("x-demo-gate"),
		reset:      h.Get("x-demo-reset"),
		pad:        p.number("x-demo-pad", 0, maxPad),
		encoding:   h.Get("x-demo-encoding"),
	}
	if s.encoding != "" && s.encoding != "gzip" {
		p.fail("x-demo-encoding", s.encoding, "gzip")
	}
	if s.reset != "" && s.reset != resetHeaders && s.reset != resetStream {
		p.fail("x-demo-reset", s.reset, "headers or stream")
	}
	return s, p.err
}

// switchParser keeps the first error over several headers.
type switchParser struct {
	h   http.Header
	err error
}

func (p *switchParser) number(name string, min, max int) int {
	v := p.h.Get(name)
	if v == "" {
		return 0
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < min || n > max {
		p.fail(name, v, fmt.Sprintf("an integer from %d to %d", min, max))
	}
	return n
}

func (p *switchParser) duration(name string) time.Duration {
	v := p.h.Get(name)
	if v == "" {
		return 0
	}
	d, err := time.ParseDuration(v)
	if err != nil || d < 0 || d > maxDelay {
		p.fail(name, v, "a duration from 0s to "+maxDelay.String()+", for example 200ms")
	}
	return d
}

func (p *switchParser) fail(name, got, want string) {
	if p.err == nil {
		p.err = fmt.Errorf("%s: got %q, want %s", name, got, want)
	}
}

// sleep waits for d and tells whether the caller is still there.
func sleep(ctx context.Context, d time.Duration) bool {
	if d == 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Release lets one more event, or one held answer, pass at the named gate. A
// release that comes first is kept; at most maxChunks are.
func (s *Server) Release(gate string) {
	select {
	case s.gate(gate) <- struct{}{}:
	default:
	}
}

func (s *Server) gate(name string) chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.gates[name]
	if !ok {
		g = make(chan struct{}, maxChunks)
		s.gates[name] = g
	}
	return g
}

// pause waits before a streamed event that is not the first, as the switches
// say, and tells whether the caller is still there.
func (c *call) pause() bool {
	return c.pass(c.sw.gate) && sleep(c.r.Context(), c.sw.chunkDelay)
}

// pass waits at a gate, if there is one, and tells whether the caller is still
// there.
func (c *call) pass(gate string) bool {
	if gate == "" {
		return true
	}
	select {
	case <-c.gate(gate):
		return true
	case <-c.r.Context().Done():
		return false
	}
}
