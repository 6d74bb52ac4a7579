package hostsim

import (
	"errors"

	"github.com/sparkward/sparkward/hostsim/internal/chain"
	"github.com/sparkward/sparkward/hostsim/internal/http2"
)

// server2 is an HTTP/2 connection of a client.
type server2 struct{ *server1 }

func (c *server2) serve() {
	conn := http2.Serve(c.conn, c.reader.Rest(), func(st *http2.Stream) { go c.stream(st) })
	drain := drainer{conn}
	c.host.listeners.setIdle(c.conn, false)
	c.host.listeners.add(drain, false)
	defer c.host.listeners.remove(drain)
	conn.Run()
}

// drainer is a connection as Shutdown sees it.
type drainer struct{ *http2.Conn }

func (d drainer) Close() error {
	d.Conn.Close()
	return nil
}

// stream serves one request.
func (c *server2) stream(st *http2.Stream) {
	parts, err := st.Next()
	var refused *http2.RefusedError
	if errors.As(err, &refused) {
		c.refused2(refused.Details)
	}
	if err != nil {
		return
	}
	request := parts[0].Headers
	w := c.worker(request)
	s := w.serve(c.info(protocolHTTP2), &writer2{st}, false, parts...)
	st.OnFail(func(err error) { s.failed2(err) })
	for !parts[len(parts)-1].End {
		if parts, err = st.Next(); err != nil {
			return
		}
		s.requestParts(parts...)
		st.Ack(sizeOf(parts))
	}
}

// refused2 logs a request that was reset because of its headers. No filter knew it.
func (c *server2) refused2(details string) {
	if c.host.opts.AccessLog == nil {
		return
	}
	info := c.info(protocolHTTP2)
	info.SetDetails(details)
	info.Flags = chain.DownstreamRemoteReset // Envoy's flag for it
	c.host.opts.AccessLog((&stream{w: c.w, info: info}).entry())
}

func sizeOf(parts []part) (n int) {
	for _, p := range parts {
		n += len(p.Data)
	}
	return n
}

// failed2 ends a stream that the client broke off.
func (s *stream) failed2(err error) {
	details, flag := "downstream_remote_disconnect", chain.DownstreamConnectionTermination
	if _, reset := err.(*http2.ResetError); reset {
		details, flag = "http2.remote_reset", chain.DownstreamRemoteReset
	}
	s.w.run(func() {
		if !s.closed {
			s.clientGone(details, flag)
		}
	})
}

// writer2 writes a response to a stream.
type writer2 struct{ st *http2.Stream }

// write implements client.
func (w *writer2) write(p piece) error {
	err := w.st.Send(p.parts)
	switch {
	case p.reset:
		w.st.Reset(internalError)
	case p.early:
		w.st.Reset(noError)
	}
	return err
}

// Codes of resets in HTTP/2.
const (
	noError       = 0
	internalError = 2
	cancelled     = 8
)
