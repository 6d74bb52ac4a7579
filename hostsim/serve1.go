package hostsim

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/sparkward/sparkward/hostsim/internal/chain"
	"github.com/sparkward/sparkward/hostsim/internal/header"
	"github.com/sparkward/sparkward/hostsim/internal/http1"
	"github.com/sparkward/sparkward/hostsim/internal/http2"
)

func itoa(n int) string { return strconv.Itoa(n) }

func (r *router) method() string { return r.s.request.Value(":method") }

// serveConn serves one connection.
func (h *Host) serveConn(conn net.Conn) {
	if !h.listeners.add(conn, true) {
		return
	}
	defer h.listeners.remove(conn)
	secure, err := handshake(conn)
	if err != nil {
		return
	}
	h.listeners.mu.Lock()
	w := h.workers[h.listeners.next%len(h.workers)]
	h.listeners.next++
	h.listeners.mu.Unlock()
	c := &server1{host: h, w: w, conn: conn, reader: http1.NewReader(conn), id: connections.Add(1), secure: secure}
	if c.reader.Begins(http2.Preface) {
		(&server2{c}).serve()
	} else {
		c.serve()
	}
}

// server1 is an HTTP/1.1 connection of a client.
type server1 struct {
	host   *Host
	w      *worker
	conn   net.Conn
	reader *http1.Reader
	id     uint64
	secure *tls.ConnectionState
}

// handshakeTimeout is Envoy's transport_socket_connect_timeout as it is usually set.
const handshakeTimeout = 10 * time.Second

// handshake makes a connection ready that is one of TLS; others it leaves alone.
func handshake(conn net.Conn) (*tls.ConnectionState, error) {
	c, ok := conn.(*tls.Conn)
	if !ok {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), handshakeTimeout)
	defer cancel()
	if err := c.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	state := c.ConnectionState()
	return &state, nil
}

func (c *server1) serve() {
	for {
		if c.reader.Wait() != nil || !c.host.listeners.setIdle(c.conn, false) {
			return
		}
		head, err := c.reader.Request()
		if err != nil {
			c.refuse(err)
			return
		}
		if !c.exchange(head) || !c.host.listeners.setIdle(c.conn, true) {
			return
		}
	}
}

// refuse answers what is no request.
func (c *server1) refuse(err error) {
	var parse *http1.ParseError
	if !errors.As(err, &parse) {
		return
	}
	refused := refuse(parse.Status, http1.Reason(parse.Status), parse.Details, chain.DownstreamProtocolError)
	c.w.mu.Lock()
	s := c.w.newStream(c.info(protocolHTTP1), &writer1{conn: c.conn})
	s.closing = true
	c.w.mu.Unlock()
	c.w.do(s, func() { s.chain.Refuse(refused.Reply, refused.flag, nil, false) })
	s.drain(c.conn)
}

// exchange serves one request. It reports whether the connection can be used again.
func (c *server1) exchange(head *http1.Head) bool {
	request := head.Headers
	w := c.worker(request)
	info := c.info([2]string{protocolHTTP10, protocolHTTP1}[head.Minor])
	out := &writer1{conn: c.conn, head: request.Value(":method") == "HEAD"}
	if head.Expect {
		c.conn.Write([]byte("HTTP/1.1 100 Continue\r\n\r\n"))
	}
	parts, end, err := c.buffered(head)
	s := w.serve(info, out, head.Close || c.host.listeners.isDraining(), parts...)
	if err != nil {
		return c.broken(s, err)
	}
	if !end && !c.readBody(s, &head.Body) {
		return false
	}
	if err := c.reader.Wait(); err != nil {
		s.gone()
		return false
	}
	s.waitClosed()
	return !s.isClosing()
}

func (c *server1) info(protocol string) *chain.Info {
	return &chain.Info{Protocol: protocol, Remote: c.conn.RemoteAddr().String(),
		Local: c.conn.LocalAddr().String(), ConnectionID: c.id, TLS: c.secure, Start: c.host.clock.Now()}
}

// worker is the connection's, unless the options pick another.
func (c *server1) worker(m *header.Map) *worker {
	if c.host.opts.PickWorker == nil {
		return c.w
	}
	r := &http.Request{Method: m.Value(":method"), Host: m.Value(":authority"), RemoteAddr: c.conn.RemoteAddr().String(),
		RequestURI: m.Value(":path"), Header: http.Header{}, URL: &url.URL{}}
	if u, err := url.ParseRequestURI(m.Value(":path")); err == nil {
		r.URL = u
	}
	for _, f := range m.Fields() {
		if !strings.HasPrefix(f.Name, ":") {
			r.Header.Add(f.Name, f.Value)
		}
	}
	return c.host.pick(r)
}

// buffered is what came of the request already: its headers, and maybe its body.
func (c *server1) buffered(head *http1.Head) (parts []part, end bool, err error) {
	if head.Body.None() {
		return []part{{Headers: head.Headers, End: true}}, true, nil
	}
	data, end, _, err := c.reader.Take(&head.Body)
	if err != nil {
		return []part{{Headers: head.Headers}}, false, err
	}
	parts = []part{{Headers: head.Headers}, {Data: data}}
	if end {
		parts = append(parts, part{End: true})
	}
	return parts, end, err
}

// readBody feeds a body to the filters. It reports false when the connection is over.
func (c *server1) readBody(s *stream, body *http1.Body) bool {
	for {
		data, end, _, err := c.reader.Read(body)
		if err != nil {
			return c.broken(s, err)
		}
		parts := []part{{Data: data}}
		if end {
			parts = append(parts, part{End: true})
		}
		over := s.requestParts(parts...)
		switch {
		case end:
			return true
		case over:
			return s.drain(c.conn)
		}
	}
}

// broken ends a stream whose request broke off in its body. What is no HTTP is answered,
// if no answer has begun.
func (c *server1) broken(s *stream, err error) bool {
	var parse *http1.ParseError
	if !errors.As(err, &parse) {
		s.gone()
		return false
	}
	s.w.do(s, func() {
		s.info.Flags |= chain.DownstreamProtocolError
		s.closing = true
		s.chain.SendLocalReply(chain.Reply{Code: parse.Status, Body: http1.Reason(parse.Status),
			GRPCStatus: chain.NoGRPCStatus, Details: parse.Details})
	})
	return s.drain(c.conn)
}

// drain waits for the response to a request that was not read to its end. The
// connection cannot be used again.
func (s *stream) drain(conn net.Conn) bool {
	s.waitClosed()
	if tcp, ok := conn.(*net.TCPConn); ok { // let the client read the answer before the reset
		tcp.CloseWrite()
		conn.SetReadDeadline(time.Now().Add(drainTime))
		io.Copy(io.Discard, conn)
	}
	return false
}

// drainTime is how long a client may go on sending after an early answer: Envoy's
// delayed_close_timeout.
const drainTime = time.Second

func (s *stream) isClosing() bool {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	return s.closing || s.cut
}

// gone ends a stream whose client closed the connection.
func (s *stream) gone() {
	s.w.run(func() {
		if !s.closed {
			s.disconnected()
		}
	})
}

// writer1 writes a response to an HTTP/1.1 connection.
type writer1 struct {
	conn    net.Conn
	head    bool // the request was HEAD
	framing http1.Framing
	close   bool
}

// write implements client.
func (w *writer1) write(p piece) error {
	var out []byte
	for _, part := range p.parts {
		switch {
		case part.Headers != nil:
			w.close = part.Headers.Value("connection") == "close"
			out, w.framing = http1.AppendResponse(out, part.Headers, part.End, w.head)
		case part.Trailers != nil:
			out = w.framing.AppendTrailers(out, part.Trailers, false)
		default:
			out = w.framing.AppendData(out, part.Data, part.End)
		}
	}
	_, err := w.conn.Write(out)
	if p.reset || p.ended && w.close && !p.early {
		w.conn.Close()
	}
	return err
}
