package hostsim

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sparkward/sparkward/hostsim/internal/header"
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
