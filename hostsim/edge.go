package hostsim

import (
	"github.com/sparkward/sparkward/hostsim/internal/header"
)

// hopHeaders are dropped between the two connections.
var hopHeaders = []string{"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"}

// httpTime is the form of the date header.
const httpTime = "Mon, 02 Jan 2006 15:04:05 GMT"

// completeRequest does to a request what Envoy's connection manager does before the
// filters see it.
func (h *Host) completeRequest(m *header.Map) {
	for _, name := range hopHeaders {
		m.Remove(name)
	}
	m.Remove("expect")
	if _, ok := m.Get(":scheme"); !ok {
		m.Add(":scheme", "http")
	}
	if _, ok := m.Get("x-forwarded-proto"); !ok {
		m.Add("x-forwarded-proto", "http")
	}
	if _, ok := m.Get("x-request-id"); !ok {
		m.Add("x-request-id", h.uuid())
	}
}

// finishHeaders does to a response what Envoy's connection manager does behind the
// filters.
func (s *stream) finishHeaders(h *header.Map) *header.Map {
	for _, name := range hopHeaders {
		h.Remove(name)
	}
	h.Put("date", s.w.host.clock.Now().UTC().Format(httpTime))
	h.Put("server", "envoy")
	if s.http1 && (s.closing || !s.chain.RequestComplete()) {
		s.closing = true
		h.Put("connection", "close")
	}
	return h
}
