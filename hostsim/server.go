package hostsim

import (
	"context"
	"hash/fnv"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sparkward/sparkward/hostsim/internal/chain"
	"github.com/sparkward/sparkward/hostsim/internal/header"
)

// readSize is how much of a body is read at once, in bytes.
const readSize = 64 << 10

// ServeHTTP sends one request through the filters to its upstream and answers it.
func (h *Host) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w := h.pick(r)
	control := http.NewResponseController(rw)
	control.EnableFullDuplex()
	request := requestHeaders(r)
	end := r.Body == nil || r.Body == http.NoBody
	var s *stream
	w.run(func() {
		s = newStream(w, h.newInfo(r))
		s.request = h.completeHeaders(request)
		s.chain.RequestHeaders(s.request, end)
	})
	stop := context.AfterFunc(r.Context(), func() { w.run(s.clientGone) })
	defer stop()
	done := make(chan struct{})
	if end {
		close(done)
	} else {
		go func() {
			defer close(done)
			s.readBody(r)
		}()
	}
	complete := s.writeResponse(rw, control, r.ProtoMajor)
	select {
	case <-done:
	default:
		control.SetReadDeadline(time.Unix(1, 0)) // ends a pending read
		<-done
	}
	w.run(s.finished)
	if !complete {
		panic(http.ErrAbortHandler)
	}
}

// pick chooses the worker: the same for all requests of a connection.
func (h *Host) pick(r *http.Request) *worker {
	n := len(h.workers)
	if h.opts.PickWorker != nil {
		i := h.opts.PickWorker(r, n) % n
		return h.workers[max(i, 0)]
	}
	sum := fnv.New32a()
	io.WriteString(sum, r.RemoteAddr)
	return h.workers[int(sum.Sum32()%uint32(n))]
}

var connections atomic.Uint64

func (h *Host) newInfo(r *http.Request) *chain.Info {
	info := &chain.Info{Protocol: "HTTP/1.1", Remote: r.RemoteAddr, Start: h.clock.Now(),
		ConnectionID: connections.Add(1)}
	if r.ProtoMajor == 2 {
		info.Protocol = "HTTP/2"
	} else if !r.ProtoAtLeast(1, 1) {
		info.Protocol = "HTTP/1.0"
	}
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		info.Local = local.String()
	}
	return info
}

// requestHeaders makes the header map of a request. net/http does not keep the order
// of headers, so they are sorted by name.
func requestHeaders(r *http.Request) *header.Map {
	m := header.New(header.Request)
	m.Add(":authority", r.Host)
	path := r.RequestURI
	if path == "" {
		path = r.URL.RequestURI()
	}
	m.Add(":path", path)
	m.Add(":method", r.Method)
	m.Add(":scheme", "http")
	names := make([]string, 0, len(r.Header))
	for name := range r.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range r.Header[name] {
			m.Add(name, value)
		}
	}
	if _, ok := m.Get("content-length"); !ok && r.ContentLength > 0 {
		m.Add("content-length", strconv.FormatInt(r.ContentLength, 10))
	}
	for _, encoding := range r.TransferEncoding {
		m.Add("transfer-encoding", encoding)
	}
	return m
}

// completeHeaders is what Envoy's connection manager does to every request.
func (h *Host) completeHeaders(m *header.Map) *header.Map {
	for _, name := range []string{"connection", "keep-alive", "proxy-connection", "upgrade"} {
		m.Remove(name)
	}
	if _, ok := m.Get("x-forwarded-proto"); !ok {
		m.Add("x-forwarded-proto", "http")
	}
	if _, ok := m.Get("x-request-id"); !ok {
		m.Add("x-request-id", h.uuid())
	}
	return m
}

// readBody feeds the request's body to the filters.
func (s *stream) readBody(r *http.Request) {
	sent, one := int64(0), r.ProtoMajor < 2
	for {
		buffer := make([]byte, readSize)
		n, err := r.Body.Read(buffer)
		over := false
		s.w.run(func() {
			sent += int64(n)
			last := !one && sent == r.ContentLength
			if n > 0 {
				s.chain.RequestData(buffer[:n], last)
			}
			switch {
			case err == io.EOF && len(r.Trailer) > 0:
				s.chain.RequestTrailers(trailerMap(r.Trailer))
			case err == io.EOF && !last:
				s.chain.RequestData(nil, true)
			case err != nil && err != io.EOF:
				s.clientGone()
			}
			for s.mustWait() && !s.chain.Over() {
				s.wake.Wait()
			}
			over = s.chain.Over() || err != nil || last
		})
		if over {
			return
		}
	}
}

// mustWait reports whether the request has to wait: for a filter or the upstream.
func (s *stream) mustWait() bool { return s.requestBlocked || s.route.queued > highWatermark }

func trailerMap(trailer http.Header) *header.Map {
	m := header.New(header.Trailer)
	names := make([]string, 0, len(trailer))
	for name := range trailer {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range trailer[name] {
			m.Add(name, value)
		}
	}
	return m
}

// clientGone ends the stream because the client broke it off.
func (s *stream) clientGone() {
	if s.info.Protocol == "HTTP/2" {
		s.chain.ClientGone("http2.remote_reset", chain.DownstreamRemoteReset)
	} else {
		s.chain.ClientGone("downstream_remote_disconnect", chain.DownstreamConnectionTermination)
	}
	s.reset = s.reset || !s.ended
	s.wake.Broadcast()
}

// piece is what can be written at one time.
type piece struct {
	headers, trailers *header.Map
	data              [][]byte
	ended, answered   bool
	reset             bool
}

// next waits for something to write.
func (s *stream) next() (p piece) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	for s.headers == nil && s.data == nil && s.trailers == nil && !s.ended && !s.reset {
		s.wake.Wait()
	}
	p = piece{s.headers, s.trailers, s.data, s.ended, s.answered, s.reset}
	s.headers, s.trailers, s.data, s.queued = nil, nil, nil, 0
	s.wake.Broadcast()
	return p
}

// writeResponse writes what the filters let through. It reports whether the response
// was complete.
func (s *stream) writeResponse(rw http.ResponseWriter, control *http.ResponseController, major int) bool {
	for {
		p := s.next()
		if p.headers != nil {
			writeHeaders(rw, p, major)
		}
		for _, data := range p.data {
			if _, err := rw.Write(data); err != nil {
				s.w.run(s.clientGone)
				return false
			}
		}
		if p.trailers != nil {
			for _, f := range p.trailers.Fields() {
				rw.Header().Add(http.TrailerPrefix+f.Name, f.Value)
			}
		}
		if p.reset || p.ended {
			return !p.reset
		}
		control.Flush()
	}
}

func writeHeaders(rw http.ResponseWriter, p piece, major int) {
	code := http.StatusOK
	for _, f := range p.headers.Fields() {
		if f.Name == ":status" {
			if n, err := strconv.Atoi(f.Value); err == nil && n >= 200 && n <= 999 {
				code = n
			}
		} else if !strings.HasPrefix(f.Name, ":") {
			rw.Header().Add(f.Name, f.Value)
		}
	}
	if p.answered && major < 2 {
		rw.Header().Set("Connection", "close")
	}
	rw.WriteHeader(code)
}
