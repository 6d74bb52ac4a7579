package hostsim

import (
	"errors"
	"io"
	"net"
	"strings"
	"sync"

	"github.com/sparkward/sparkward/hostsim/internal/chain"
	"github.com/sparkward/sparkward/hostsim/internal/http1"
)

// conn1 is an HTTP/1.1 connection to an upstream. It serves one exchange at a time.
type conn1 struct {
	cluster *cluster
	conn    net.Conn
	local   string
	reader  *http1.Reader
	current exchange // guarded by the cluster

	mu      sync.Mutex // guards what follows
	framing http1.Framing
	sent    bool // the request was sent whole
}

func newConn1(c *cluster, conn net.Conn, e exchange) *conn1 {
	return &conn1{cluster: c, conn: conn, local: conn.LocalAddr().String(), reader: http1.NewReader(conn), current: e}
}

// send implements upstream.
func (c *conn1) send(parts []part) error {
	var out []byte
	c.mu.Lock()
	for _, part := range parts {
		switch {
		case part.Headers != nil:
			out, c.framing = http1.AppendRequest(out, part.Headers, part.End)
			c.sent = false
		case part.Trailers != nil:
			out = c.framing.AppendTrailers(out, part.Trailers, false)
		default:
			out = c.framing.AppendData(out, part.Data, part.End)
		}
		c.sent = c.sent || part.End
	}
	c.mu.Unlock()
	_, err := c.conn.Write(out)
	return err
}

// cancel implements upstream.
func (c *conn1) cancel() { c.conn.Close() }

// read serves exchanges until the connection ends.
func (c *conn1) read() {
	defer c.conn.Close()
	for {
		err := c.reader.Wait()
		c.cluster.mu.Lock()
		e := c.current
		c.cluster.mu.Unlock()
		if e == nil { // idle: closed, or bytes that nobody asked for
			c.cluster.forget(c)
			return
		}
		if err == nil {
			err = c.answer(e)
		}
		if err != nil {
			c.cluster.forget(c)
			if err != errClose {
				e.fail(readFailure(err))
			}
			return
		}
	}
}

// errClose ends a connection that cannot be used again.
var errClose = errors.New("the connection is used up")

// readFailure puts a broken answer in Envoy's words. An end in the middle of a message is
// bad HTTP to Envoy, a reset is not.
func readFailure(err error) failure {
	var parse *http1.ParseError
	if errors.As(err, &parse) || err == io.ErrUnexpectedEOF {
		return failure{reason: "protocol error", flag: chain.UpstreamProtocolError, code: 502}
	}
	return failure{reason: "connection termination", flag: chain.UpstreamConnectionTermination, code: 503}
}

// answer reads one response.
func (c *conn1) answer(e exchange) error {
	head, err := c.reader.Response(e.method())
	for err == nil && strings.HasPrefix(head.Headers.Value(":status"), "1") {
		head, err = c.reader.Response(e.method()) // informational
	}
	if err != nil {
		return err
	}
	parts := []part{{Headers: head.Headers, End: head.Body.None()}}
	read := c.reader.Take
	for {
		data, end, _, err := read(&head.Body)
		if err != nil {
			e.answer(parts)
			return err
		}
		if len(data) > 0 {
			parts = append(parts, part{Data: data})
		}
		if end {
			return c.finish(e, head, parts)
		}
		if !e.answer(parts) {
			return errClose
		}
		parts, read = nil, c.reader.Read
	}
}

// finish ends an exchange whose answer is complete. The connection is kept if both
// sides are done with it.
func (c *conn1) finish(e exchange, head *http1.Head, parts []part) error {
	if len(parts) == 0 || !parts[len(parts)-1].End {
		parts = append(parts, part{End: true})
	}
	c.mu.Lock()
	keep := c.sent && !head.Close && !c.reader.Buffered()
	c.mu.Unlock()
	if keep {
		c.cluster.release(c)
	} else {
		c.cluster.forget(c)
	}
	e.answer(parts)
	if !keep {
		return errClose
	}
	return nil
}
