package provider

import (
	"context"
	"net/http"
	"sync"
)

// maxSeen is how many requests are kept; older ones are forgotten first.
const maxSeen = 10_000

// Seen is one request as it arrived.
type Seen struct {
	Method  string
	Path    string // with the query
	Host    string
	Header  http.Header
	Trailer http.Header `json:",omitempty"`
	Body    string
	Whole   bool // the body arrived to its end
}

// journal keeps what was seen. Its entries appear when the request headers
// have arrived, and are filled when the body has ended.
type journal struct {
	mu      sync.Mutex
	entries []*Seen
	arrived int // requests whose headers have arrived since the last Forget
	running int // requests not answered yet
	changed chan struct{}
}

// notify wakes all who wait; mu is held.
func (j *journal) notify() {
	if j.changed != nil {
		close(j.changed)
		j.changed = nil
	}
}

// wait blocks until cond, which runs with mu held, is true or ctx ends.
func (j *journal) wait(ctx context.Context, cond func() bool) error {
	for {
		j.mu.Lock()
		if cond() {
			j.mu.Unlock()
			return nil
		}
		if j.changed == nil {
			j.changed = make(chan struct{})
		}
		changed := j.changed
		j.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (j *journal) open(r *http.Request) *Seen {
	e := &Seen{Method: r.Method, Path: r.URL.RequestURI(), Host: r.Host, Header: r.Header.Clone()}
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.entries) >= maxSeen {
		j.entries = append(j.entries[:0], j.entries[1:]...)
	}
	j.entries = append(j.entries, e)
	j.arrived++
	j.running++
	j.notify()
	return e
}

func (j *journal) fill(e *Seen, r *http.Request, body []byte, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	e.Body, e.Whole = string(body), err == nil
	if len(r.Trailer) > 0 {
		e.Trailer = r.Trailer.Clone()
	}
	j.notify()
}

func (j *journal) done() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.running--
	j.notify()
}

// Seen returns copies of the recorded requests, oldest first.
func (s *Server) Seen() []Seen {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	out := make([]Seen, len(s.log.entries))
	for i, e := range s.log.entries {
		out[i] = *e
	}
	return out
}

// Forget drops what was recorded, and all gates.
func (s *Server) Forget() {
	s.log.mu.Lock()
	s.log.entries, s.log.arrived = nil, 0
	s.log.mu.Unlock()
	s.mu.Lock()
	clear(s.gates)
	s.mu.Unlock()
}

// WaitArrived blocks until the headers of n requests have arrived since the
// last Forget, or returns ctx's error.
func (s *Server) WaitArrived(ctx context.Context, n int) error {
	return s.log.wait(ctx, func() bool { return s.log.arrived >= n })
}

// WaitIdle blocks until every request has been answered or has gone, or
// returns ctx's error.
func (s *Server) WaitIdle(ctx context.Context) error {
	return s.log.wait(ctx, func() bool { return s.log.running == 0 })
}
