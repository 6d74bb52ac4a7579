package hostsim

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
)

// listeners are the open listeners and connections of a Host.
type listeners struct {
	mu       sync.Mutex
	open     map[io.Closer]bool // true for a connection that waits for a request
	draining bool
	next     int // worker of the next connection
	running  sync.WaitGroup
}

// Serve answers HTTP/1.1 and HTTP/2 on a listener until Shutdown or Close: in clear
// text, or with TLS on one that tls.NewListener made; filters then see the client's
// certificate in their properties. Unlike a server of net/http it keeps the order of
// headers, and shows each piece of a body to the filters as it came. Each connection has
// one worker, in turn.
func (h *Host) Serve(l net.Listener) error {
	return h.accept(l, h.serveConn)
}

// accept serves each connection of l in a goroutine of its own, until l is closed.
func (h *Host) accept(l net.Listener, serve func(net.Conn)) error {
	if !h.listeners.add(l, false) {
		return http.ErrServerClosed
	}
	defer h.listeners.remove(l)
	for {
		conn, err := l.Accept()
		if err != nil {
			if h.listeners.isDraining() {
				return http.ErrServerClosed
			}
			return err
		}
		h.listeners.running.Add(1)
		go func() {
			defer h.listeners.running.Done()
			serve(conn)
		}()
	}
}

func (l *listeners) add(c io.Closer, idle bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.draining {
		c.Close()
		return false
	}
	if l.open == nil {
		l.open = map[io.Closer]bool{}
	}
	l.open[c] = idle
	return true
}

func (l *listeners) remove(c io.Closer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, c)
	c.Close()
}

// setIdle says whether a connection waits for a request. It reports false if the
// connection has to end now.
func (l *listeners) setIdle(c io.Closer, idle bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[c] = idle
	return !l.draining || !idle
}

func (l *listeners) isDraining() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.draining
}

// Shutdown ends Serve: no new requests, running ones may finish until ctx ends.
func (h *Host) Shutdown(ctx context.Context) error {
	l := &h.listeners
	l.mu.Lock()
	l.draining = true
	for c, idle := range l.open {
		if _, listening := c.(net.Listener); idle || listening {
			c.Close()
		} else if two, ok := c.(interface{ Drain() }); ok {
			two.Drain()
		}
	}
	l.mu.Unlock()
	done := make(chan struct{})
	go func() {
		l.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	for c := range l.open {
		c.Close()
	}
	l.mu.Unlock()
	<-done
	return ctx.Err()
}
