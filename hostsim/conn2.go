package hostsim

import (
	"errors"

	"github.com/sparkward/sparkward/hostsim/internal/chain"
	"github.com/sparkward/sparkward/hostsim/internal/http2"
)

// exchange2 serves an exchange on the cluster's HTTP/2 connection.
func (c *cluster) exchange2(e exchange) {
	st, local, err := c.open2()
	if err != nil {
		e.fail(dialFailure(err))
		return
	}
	e.connected(upstream2{st}, local)
	for {
		parts, err := st.Next()
		if err != nil {
			e.fail(streamFailure(err))
			return
		}
		more := e.answer(parts)
		st.Ack(sizeOf(parts))
		if !more || parts[len(parts)-1].End {
			return
		}
	}
}

// open2 opens a stream, on a new connection if need be.
func (c *cluster) open2() (*http2.Stream, string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.two == nil || !c.two.Usable() {
		conn, err := c.dial()
		if err != nil {
			return nil, "", err
		}
		if c.two, err = http2.NewClient(conn); err != nil {
			return nil, "", err
		}
		c.from = conn.LocalAddr().String()
	}
	st, err := c.two.Open()
	return st, c.from, err
}

// streamFailure puts the end of a stream in Envoy's words.
func streamFailure(err error) failure {
	var reset *http2.ResetError
	if errors.As(err, &reset) {
		return failure{reason: "remote reset", flag: chain.UpstreamRemoteReset, code: 503}
	}
	return failure{reason: "connection termination", flag: chain.UpstreamConnectionTermination, code: 503}
}

// upstream2 is a stream of an HTTP/2 connection.
type upstream2 struct{ st *http2.Stream }

// send implements upstream.
func (u upstream2) send(parts []part) error { return u.st.Send(parts) }

// cancel implements upstream.
func (u upstream2) cancel() { go u.st.Reset(cancelled) }
