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
const readSize = 32 << 10

const (
	protocolHTTP10 = "HTTP/1.0"
	protocolHTTP1  = "HTTP/1.1"
	protocolHTTP2  = "HTTP/2"
)

// ServeHTTP sends one request through the filters to its upstream and answers it.
// net/http does not keep the order of headers, so the filters see them sorted by
// name; Serve keeps it.
func (h *Host) ServeHTTP(rw http.ResponseWriter, r *http.Request) { h.serveOn(h.pick(r), rw, r) }

func (h *Host) serveOn(w *worker, rw http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(rw)
	control.EnableFullDuplex()
	info := h.infoOf(r)
	end := r.Body == nil || r.Body == http.NoBody
	request := requestHeaders(r)
	s := w.serve(info, &handlerClient{rw: rw, control: control}, false, part{Headers: request, End: end})
	stop := context.AfterFunc(r.Context(), func() {
		w.do(nil, func() {
			if !s.closed {
				s.disconnected()
			}
		})
	})
	defer stop()
	if !end {
		s.readBody(r)
	}
	s.waitClosed()
	if s.info.ResponseCode == 0 || s.broken() {
		panic(http.ErrAbortHandler)
	}
}

// serve starts a stream on this worker with what came of its request, the headers
// first. closing says that its connection ends with it.
func (w *worker) serve(info *chain.Info, c client, closing bool, parts ...part) (s *stream) {
	w.mu.Lock()
	s = w.newStream(info, c)
	s.request, s.closing = parts[0].Headers, closing
	w.mu.Unlock()
	if refused := w.host.vet(s.request, info.Protocol); refused != nil {
		w.do(s, func() {
			s.chain.Refuse(refused.Reply, refused.flag, refused.logged(s.request), parts[len(parts)-1].End)
		})
		return s
	}
	if w.host.opts.UseRemoteAddress {
		w.host.fromOutside(s.request, info.Remote)
	} else {
		info.Remote = remote(s.request, info.Remote)
	}
	w.host.completeRequest(s.request, info.TLS != nil)
	w.do(s, func() { s.take(parts) })
	return s
}

// broken reports whether the response ended before it was complete.
func (s *stream) broken() bool {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	return s.cut
}

// pick chooses the worker: the same for all requests of a connection.
func (h *Host) pick(r *http.Request) *worker {
	n := len(h.workers)
	if h.opts.PickWorker != nil {
		return h.workers[max(h.opts.PickWorker(r, n), 0)%n]
	}
	sum := fnv.New32a()
	io.WriteString(sum, r.RemoteAddr)
	return h.workers[int(sum.Sum32()%uint32(n))]
}

// connections gives out connection ids. Envoy counts per process too.
var connections atomic.Uint64

func (h *Host) infoOf(r *http.Request) *chain.Info {
	info := &chain.Info{Protocol: protocolHTTP1, Remote: r.RemoteAddr, Start: h.clock.Now(),
		ConnectionID: connections.Add(1)}
	if r.ProtoMajor == 2 {
		info.Protocol = protocolHTTP2
	} else if !r.ProtoAtLeast(1, 1) {
		info.Protocol = protocolHTTP10
	}
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		info.Local = local.String()
	}
	return info
}

// requestHeaders makes the header map of a request.
func requestHeaders(r *http.Request) *header.Map {
	m := header.New(header.Request)
	if r.Host != "" {
		m.Add(":authority", r.Host)
	}
	path := r.RequestURI
	if path == "" || strings.Contains(path, "://") && r.URL.Host != "" { // the target names the host
		path = r.URL.RequestURI()
	}
	m.Add(":path", path)
	m.Add(":method", r.Method)
	addSorted(m, r.Header)
	if _, ok := m.Get("content-length"); !ok && r.ContentLength > 0 {
		m.Add("content-length", strconv.FormatInt(r.ContentLength, 10))
	}
	return m
}

// addSorted adds headers by name.
func addSorted(m *header.Map, h http.Header) {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range h[name] {
			m.Add(name, value)
		}
	}
}

// readBody feeds the request's body to the filters.
func (s *stream) readBody(r *http.Request) {
	read := int64(0)
	for {
		buffer := make([]byte, readSize)
		n, err := r.Body.Read(buffer)
		read += int64(n)
		last := r.ProtoMajor == 2 && read == r.ContentLength
		parts := []part{{Data: buffer[:n], End: last}}
		switch {
		case err == io.EOF && !last:
			parts = append(parts, endOf(r))
		case err != nil && err != io.EOF:
			s.w.run(s.disconnected)
			return
		}
		if s.requestParts(parts...) || last || err != nil {
			return
		}
	}
}

// endOf is the end of a request: its trailers, or nothing more.
func endOf(r *http.Request) part {
	if len(r.Trailer) == 0 {
		return part{End: true}
	}
	t := header.New(header.Trailer)
	addSorted(t, r.Trailer)
	return part{Trailers: t, End: true}
}

// handlerClient writes a response with net/http.
type handlerClient struct {
	rw      http.ResponseWriter
	control *http.ResponseController
}

// write implements client.
func (c *handlerClient) write(p piece) error {
	for _, part := range p.parts {
		if part.Headers != nil {
			c.writeHeaders(part.Headers)
		}
		if len(part.Data) > 0 {
			if _, err := c.rw.Write(part.Data); err != nil {
				return err
			}
		}
		for _, f := range part.Trailers.Fields() {
			c.rw.Header().Add(http.TrailerPrefix+f.Name, f.Value)
		}
	}
	if p.early || p.reset {
		c.control.SetReadDeadline(time.Unix(1, 0)) // ends the handler's read of the body
	}
	if p.ended || p.reset {
		return nil
	}
	return c.control.Flush()
}

func (c *handlerClient) writeHeaders(m *header.Map) {
	code := http.StatusOK
	for _, f := range m.Fields() {
		if f.Name == ":status" {
			if n, err := strconv.Atoi(f.Value); err == nil && n >= 200 && n <= 999 {
				code = n
			}
		} else if !strings.HasPrefix(f.Name, ":") {
			c.rw.Header().Add(f.Name, f.Value)
		}
	}
	c.rw.WriteHeader(code)
}
