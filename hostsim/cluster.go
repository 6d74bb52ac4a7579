package hostsim

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/sparkward/sparkward/hostsim/internal/chain"
	"github.com/sparkward/sparkward/hostsim/internal/http2"
)

// cluster is a Cluster that can be called.
type cluster struct {
	Cluster
	url *url.URL // nil for a cluster without a URL

	mu   sync.Mutex
	idle []*conn1    // HTTP/1.1
	two  *http2.Conn // HTTP/2
	from string      // the local address of two
}

func (h *Host) addClusters() error {
	for _, c := range h.opts.Clusters {
		made := &cluster{Cluster: c}
		if c.URL != "" {
			u, err := url.Parse(c.URL)
			if err != nil || u.Scheme != "http" || u.Host == "" || u.Path != "" && u.Path != "/" {
				return fmt.Errorf("cluster %q: got URL %q, want http://host:port", c.Name, c.URL)
			}
			if u.Port() == "" {
				u.Host = net.JoinHostPort(u.Hostname(), "80")
			}
			made.url = u
		}
		if h.clusters[c.Name] != nil {
			return fmt.Errorf("cluster %q is there twice: give each cluster a name of its own", c.Name)
		}
		h.clusters[c.Name] = made
	}
	return h.checkRoutes()
}

// checkRoutes looks whether the clusters of the routes are there, as Envoy does. What no
// route is given for goes to the first cluster.
func (h *Host) checkRoutes() error {
	if len(h.opts.Routes) == 0 && len(h.opts.Clusters) > 0 {
		h.opts.Routes = []Route{{Prefix: "/", Cluster: h.opts.Clusters[0].Name}}
	}
	for _, r := range h.opts.Routes {
		if r.ClusterHeader == "" && h.clusters[r.Cluster] == nil {
			return fmt.Errorf("route %q goes to cluster %q, which is not there: add it to the clusters", r.Prefix, r.Cluster)
		}
	}
	return nil
}

// reachable reports whether the cluster has a host at all.
func (c *cluster) reachable() bool { return c.url != nil || c.Handler != nil }

// address is what filters see of the cluster's host.
func (c *cluster) address() string {
	if c.url == nil {
		return c.Name
	}
	return c.url.Host
}

// exchange is who waits for an upstream's answer: a router, or a filter's own call.
type exchange interface {
	method() string
	connected(up upstream, local string)
	// answer takes what one read brought. It may wait, and reports whether more is wanted.
	answer(parts []part) (more bool)
	fail(f failure)
}

// part is a part of a message: headers, data or trailers.
type part = http2.Part

// connect finds a connection for an exchange, or opens one in the background.
func (c *cluster) connect(e exchange) {
	c.mu.Lock()
	n := len(c.idle)
	if n == 0 || c.HTTP2 || c.Handler != nil {
		c.mu.Unlock()
		go c.open(e)
		return
	}
	conn := c.idle[n-1]
	c.idle = c.idle[:n-1]
	conn.current = e
	c.mu.Unlock()
	e.connected(conn, conn.local)
}

func (c *cluster) open(e exchange) {
	if c.Handler != nil {
		c.exchangeHandler(e)
		return
	}
	if c.HTTP2 {
		c.exchange2(e)
		return
	}
	conn, err := c.dial()
	if err != nil {
		e.fail(dialFailure(err))
		return
	}
	made := newConn1(c, conn, e)
	e.connected(made, made.local)
	made.read()
}

func (c *cluster) dial() (net.Conn, error) {
	timeout := c.ConnectTimeout
	if timeout == 0 {
		timeout = 5 * time.Second // Envoy's default connect_timeout
	}
	return net.DialTimeout("tcp", c.url.Host, timeout)
}

// dialFailure puts a failed connection in Envoy's words.
func dialFailure(err error) failure {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return failure{reason: "connection timeout", flag: chain.UpstreamConnectionFailure, code: 503}
	}
	return failure{reason: "remote connection failure", transport: "delayed connect error: " + errnoText(err),
		flag: chain.UpstreamConnectionFailure, code: 503}
}

// errnoText is what strerror says of an error.
func errnoText(err error) string {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return err.Error()
	}
	text := errno.Error()
	return strings.ToUpper(text[:1]) + text[1:]
}

// release takes a connection back for the next exchange.
func (c *cluster) release(conn *conn1) {
	c.mu.Lock()
	defer c.mu.Unlock()
	conn.current = nil
	c.idle = append(c.idle, conn)
}

// forget drops a connection. It reports the exchange that still waited on it.
func (c *cluster) forget(conn *conn1) exchange {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, other := range c.idle {
		if other == conn {
			c.idle = append(c.idle[:i], c.idle[i+1:]...)
			break
		}
	}
	e := conn.current
	conn.current = nil
	return e
}

// closeIdle ends connections that nobody uses.
func (c *cluster) closeIdle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.idle {
		conn.conn.Close()
	}
	if c.two != nil {
		c.two.Close()
	}
}
