package hostsim

import (
	"sync"
	"time"

	"github.com/sparkward/sparkward/hostsim/internal/wasm"
)

// streamCall is a gRPC request that a filter makes by itself.
type streamCall struct {
	w       *worker
	call    wasm.Call
	take    func(wasm.StreamEvent)
	over    bool // the worker's lock guards it
	sending sync.Mutex
	up      upstream
	queue   []part
	sent    time.Time
}

// StreamCall implements wasm.Worker.
func (w *worker) StreamCall(call wasm.Call, take func(wasm.StreamEvent)) (func([]byte, bool), func(), bool) {
	c := w.host.clusters[call.Cluster]
	if c == nil || !c.reachable() {
		return nil, nil, false
	}
	s := &streamCall{w: w, call: call, take: take, sent: time.Now()}
	call.Headers.Put("x-envoy-internal", "true")
	if call.Timeout > 0 {
		call.Headers.Put("x-envoy-expected-rq-timeout-ms", itoa(int(call.Timeout/time.Millisecond)))
		w.AfterFunc(call.Timeout, func() {
			s.event(wasm.StreamEvent{Failure: 504, Text: "upstream request timeout", Details: "response_timeout"})
		})
	}
	s.queue = []part{{Headers: call.Headers}}
	go c.connect(s)
	return func(data []byte, end bool) { s.send(part{Data: data, End: end}) }, s.cancel, true
}

// send queues a part of the request.
func (s *streamCall) send(p part) {
	s.sending.Lock()
	s.queue = append(s.queue, p)
	s.sending.Unlock()
	go s.flush()
}

// flush sends what is queued, in order.
func (s *streamCall) flush() {
	s.sending.Lock()
	defer s.sending.Unlock()
	if s.up != nil && len(s.queue) > 0 {
		s.up.send(s.queue)
		s.queue = nil
	}
}

// cancel gives the call up. The worker is held.
func (s *streamCall) cancel() {
	s.over = true
	go func() {
		s.sending.Lock()
		defer s.sending.Unlock()
		if s.up != nil {
			s.up.cancel()
		}
	}()
}

// event hands a part of the answer over. The worker is held.
func (s *streamCall) event(e wasm.StreamEvent) {
	if !s.over {
		s.take(e)
	}
}

func (s *streamCall) method() string { return "POST" }

func (s *streamCall) connected(up upstream, _ string) {
	s.sending.Lock()
	s.up = up
	s.sending.Unlock()
	s.w.mu.Lock()
	over := s.over
	s.w.mu.Unlock()
	if over {
		up.cancel()
		return
	}
	s.flush()
}

func (s *streamCall) answer(parts []part) (more bool) {
	s.w.run(func() {
		for _, p := range parts {
			if p.Headers != nil {
				p.Headers.Put("x-envoy-upstream-service-time", itoa(int(time.Since(s.sent)/time.Millisecond)))
			}
			s.event(wasm.StreamEvent{Headers: p.Headers, Trailers: p.Trailers, Data: p.Data, End: p.End})
		}
		more = !s.over
	})
	return more
}

func (s *streamCall) fail(f failure) {
	s.w.run(func() { s.event(wasm.StreamEvent{Failure: f.code, Text: f.text(), Details: f.details()}) })
}
