package hostsim

import (
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/sparkward/sparkward/hostsim/internal/chain"
	"github.com/sparkward/sparkward/hostsim/internal/wasm"
)

// ServeTCP passes the connections of a listener through the filters to a cluster, byte by
// byte, until Shutdown or Close: the filters' TCP callbacks instead of the HTTP ones.
func (h *Host) ServeTCP(l net.Listener, clusterName string) error {
	c := h.clusters[clusterName]
	if c == nil || c.url == nil {
		l.Close()
		return fmt.Errorf("cluster %q: there is no such cluster with a URL", clusterName)
	}
	return h.accept(l, func(conn net.Conn) { h.serveTCP(conn, c) })
}

// tcpConn is one connection through the filters. The worker's lock guards it.
type tcpConn struct {
	w       *worker
	cluster *cluster
	info    *chain.Info
	wake    *sync.Cond
	filters []*tcpFilter
	down    net.Conn
	up      net.Conn

	in, out         chain.Buffer // what a filter holds of either direction
	inEnd, outEnd   bool
	reached         bool // the end of the chain was reached: the upstream is wanted
	dialing, closed bool
	toUp, toDown    queue
	endedBy         wasm.CloseSource // whose half ended last
}

// tcpFilter is one filter's part of a connection.
type tcpFilter struct {
	context *wasm.Context
	conn    *tcpConn
	at      int
	started bool
	ended   bool // it saw the end of what the client sends
}

// Info implements wasm.Conn.
func (f *tcpFilter) Info() *chain.Info { return f.conn.info }

// ContinueReading implements wasm.Conn.
func (f *tcpFilter) ContinueReading() { f.conn.read(f.at + 1) }

// Close implements wasm.Conn.
func (f *tcpFilter) Close() { f.conn.close(wasm.CloseLocal) }

// queue is what waits to be written to one side.
type queue struct {
	data []byte
	end  bool // close our half behind it
	sent bool
}

func (h *Host) serveTCP(conn net.Conn, c *cluster) {
	if !h.listeners.add(conn, false) {
		return
	}
	defer h.listeners.remove(conn)
	h.listeners.mu.Lock()
	w := h.workers[h.listeners.next%len(h.workers)]
	h.listeners.next++
	h.listeners.mu.Unlock()
	t := &tcpConn{w: w, cluster: c, down: conn, wake: sync.NewCond(&w.mu), info: &chain.Info{
		Remote: conn.RemoteAddr().String(), Local: conn.LocalAddr().String(), ConnectionID: connections.Add(1),
		Start: h.clock.Now(), ClusterName: c.Name}}
	w.run(func() {
		t.addFilters()
		t.read(0)
	})
	var both sync.WaitGroup
	both.Go(func() { t.pump(&t.toDown, func() net.Conn { return t.down }) })
	both.Go(func() { t.pump(&t.toUp, func() net.Conn { return t.up }) })
	t.readDown()
	both.Wait()
}

// addFilters makes a context for each plugin whose VM works. One that failed closes the
// connection, or is left out if it fails open.
func (t *tcpConn) addFilters() {
	for i, p := range t.w.host.plugins {
		t.w.reload(i)
		f := &tcpFilter{conn: t, at: len(t.filters)}
		f.context = wasm.NewTCP(t.w.handles[i].vm, p.wasm, f)
		switch {
		case f.context != nil:
			t.filters = append(t.filters, f)
		case p.FailurePolicy != FailOpen:
			t.close(wasm.CloseLocal)
			return
		}
	}
}

// read shows what came from the client to the filters from one on, then to the upstream.
func (t *tcpConn) read(from int) {
	for i := from; i < len(t.filters); i++ {
		f := t.filters[i]
		if t.closed {
			return
		}
		if !f.started {
			f.started = true
			if !f.context.OnNewConnection() {
				return
			}
		}
		if t.in.Len() > 0 || t.inEnd && !f.ended {
			f.ended = t.inEnd
			if !f.context.OnDownstreamData(&t.in, t.inEnd) {
				return
			}
		}
	}
	if t.closed {
		return
	}
	if !t.reached {
		t.reached, t.dialing, t.info.Attempts = true, true, 1
		go t.dial()
	}
	t.toUp.data = append(t.toUp.data, t.in.B...)
	t.in.B = nil
	t.toUp.end = t.toUp.end || t.inEnd
	t.wake.Broadcast()
}

// write shows what came from the upstream to the filters, the last one first, then to the
// client.
func (t *tcpConn) write() {
	for i := len(t.filters) - 1; i >= 0; i-- {
		if t.closed || !t.filters[i].context.OnUpstreamData(&t.out, t.outEnd) {
			return
		}
	}
	t.toDown.data = append(t.toDown.data, t.out.B...)
	t.out.B = nil
	t.toDown.end = t.toDown.end || t.outEnd
	t.wake.Broadcast()
}

func (t *tcpConn) dial() {
	conn, err := t.cluster.dial()
	t.w.run(func() {
		t.dialing = false
		switch {
		case err != nil:
			t.close(wasm.CloseLocal)
			return
		case t.closed:
			conn.Close()
			return
		}
		t.up = conn
		t.info.UpstreamAddress, t.info.UpstreamLocal = t.cluster.url.Host, conn.LocalAddr().String()
		t.wake.Broadcast()
	})
	if err == nil {
		t.readUp(conn)
	}
}

// readDown reads from the client until its end. It does not read before a filter that
// stopped the new connection goes on, while the upstream is being connected to, or while
// that is too slow.
func (t *tcpConn) readDown() {
	for {
		if !t.wait(func() bool { return t.reached && !t.dialing && len(t.toUp.data) < highWatermark }) {
			return
		}
		buffer := make([]byte, readSize)
		n, err := t.down.Read(buffer)
		t.w.run(func() {
			if t.closed {
				return
			}
			if err != nil && !isEOF(err) {
				t.close(wasm.CloseRemote)
				return
			}
			t.in.Append(buffer[:n])
			t.inEnd, t.endedBy = err != nil, wasm.CloseRemote
			t.read(0)
		})
		if err != nil {
			t.wait(func() bool { return false })
			return
		}
	}
}

func (t *tcpConn) readUp(conn net.Conn) {
	for {
		if !t.wait(func() bool { return len(t.toDown.data) < highWatermark }) {
			return
		}
		buffer := make([]byte, readSize)
		n, err := conn.Read(buffer)
		t.w.run(func() {
			if t.closed {
				return
			}
			t.out.Append(buffer[:n])
			t.outEnd, t.endedBy = err != nil, wasm.CloseLocal
			t.write()
		})
		if err != nil {
			return
		}
	}
}

func isEOF(err error) bool { return err == io.EOF }

// wait blocks until the condition holds. It reports false once the connection is closed.
func (t *tcpConn) wait(condition func() bool) bool {
	t.w.mu.Lock()
	defer t.w.mu.Unlock()
	for !t.closed && !condition() {
		t.wake.Wait()
	}
	return !t.closed
}

// pump writes a queue to a side, once there is one.
func (t *tcpConn) pump(q *queue, side func() net.Conn) {
	for {
		var conn net.Conn
		var data []byte
		var end bool
		t.w.mu.Lock()
		for side() == nil || len(q.data) == 0 && (!q.end || q.sent) {
			if t.closed {
				t.w.mu.Unlock()
				return
			}
			t.wake.Wait()
		}
		conn, data, end = side(), q.data, q.end
		q.data, q.sent = nil, end
		t.w.mu.Unlock()
		if _, err := conn.Write(data); err != nil {
			t.w.run(func() { t.close(wasm.CloseRemote) })
			return
		}
		if tcp, ok := conn.(*net.TCPConn); ok && end {
			tcp.CloseWrite()
		}
		t.w.run(t.bothEnded)
	}
}

// bothEnded closes a connection whose two halves have ended, in the name of the side that
// was last.
func (t *tcpConn) bothEnded() {
	if t.toUp.sent && t.toDown.sent {
		t.close(t.endedBy)
	}
	t.wake.Broadcast()
}

// close ends the connection: for the filters, and both sides.
func (t *tcpConn) close(source wasm.CloseSource) {
	if t.closed {
		return
	}
	t.closed = true
	pending := t.toDown.data
	t.toDown.data = nil
	for _, f := range t.filters {
		if f.started {
			f.context.OnDownstreamClose(source)
		}
	}
	down, up := t.down, t.up
	go func() {
		down.Write(pending)
		down.Close()
		if up != nil {
			up.Close()
		}
	}()
	t.wake.Broadcast()
}
