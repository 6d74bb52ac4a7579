package hostsim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/sparkward/sparkward/hostsim/internal/chain"
	"github.com/sparkward/sparkward/hostsim/internal/header"
)

// cluster is a Cluster that can be called.
type cluster struct {
	Cluster
	url       *url.URL
	transport *http.Transport
}

func (h *Host) addClusters() error {
	for _, c := range h.opts.Clusters {
		u, err := url.Parse(c.URL)
		if err != nil || u.Scheme != "http" || u.Host == "" {
			return fmt.Errorf("cluster %q: got URL %q, want http://host:port", c.Name, c.URL)
		}
		if h.clusters[c.Name] != nil {
			return fmt.Errorf("cluster %q is there twice: give each cluster a name of its own", c.Name)
		}
		h.clusters[c.Name] = &cluster{c, u, newTransport(c)}
	}
	return nil
}

func newTransport(c Cluster) *http.Transport {
	timeout := c.ConnectTimeout
	if timeout == 0 {
		timeout = 5 * time.Second // Envoy's default connect_timeout
	}
	t := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: timeout}).DialContext,
		DisableCompression:  true,
		MaxIdleConnsPerHost: 256,
		ReadBufferSize:      readSize,
		Protocols:           new(http.Protocols),
	}
	t.Protocols.SetHTTP1(!c.HTTP2)
	t.Protocols.SetUnencryptedHTTP2(c.HTTP2)
	return t
}

// router is the end of the chain: it finds the route and talks to the upstream. The
// worker's lock guards it.
type router struct {
	s       *stream
	route   *Route
	cluster *cluster

	started  bool
	over     bool // nothing more may come from the upstream
	cancel   context.CancelFunc
	queue    [][]byte // of the request's body
	queued   int
	ended    bool // the request is complete
	trailer  http.Header
	trailers *header.Map
	sent     time.Time
	stopTime func()
	timedOut bool
}

// Route implements chain.Terminal: it finds the route.
func (r *router) Route(h *header.Map) {
	r.ClearRoute()
	host, info := r.s.w.host, r.s.info
	path, _, _ := strings.Cut(h.Value(":path"), "?")
	for i := range host.opts.Routes {
		route := &host.opts.Routes[i]
		if !strings.HasPrefix(path, route.Prefix) {
			continue
		}
		name := route.Cluster
		if route.ClusterHeader != "" {
			name = h.Value(strings.ToLower(route.ClusterHeader))
		}
		r.route, r.cluster = route, host.clusters[name]
		info.HasRoute, info.RouteName, info.VirtualHost = true, route.Name, "hostsim"
		if r.cluster != nil {
			info.ClusterName = name
		}
		return
	}
}

// ClearRoute implements chain.Terminal.
func (r *router) ClearRoute() {
	r.route, r.cluster = nil, nil
	info := r.s.info
	info.HasRoute, info.RouteName, info.VirtualHost, info.ClusterName = false, "", "", ""
}

func (r *router) fail(code int, body, details string, flag chain.Flags) {
	r.s.info.Flags |= flag
	r.s.chain.SendLocalReply(chain.Reply{Code: code, Body: body, GRPCStatus: chain.NoGRPCStatus, Details: details})
}

// Headers implements chain.Terminal.
func (r *router) Headers(h *header.Map, end bool) {
	switch {
	case r.route == nil:
		r.fail(404, "", "route_not_found", chain.NoRouteFound)
	case r.cluster == nil:
		r.fail(503, "", "cluster_not_found", chain.NoClusterFound)
	default:
		r.start(h, end)
	}
}

// timeout is how long the answer may take; 0 for no limit.
func (r *router) timeout() time.Duration {
	switch {
	case r.route.Timeout == 0:
		return 15 * time.Second // Envoy's default
	case r.route.Timeout < 0:
		return 0
	}
	return r.route.Timeout
}

func (r *router) start(h *header.Map, end bool) {
	r.started, r.ended = true, end
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	r.s.info.Attempts, r.s.info.UpstreamAddress = 1, r.cluster.url.Host
	req := r.newRequest(ctx, h)
	r.sent = time.Now()
	if end {
		r.startTimer()
	}
	go r.roundTrip(req)
}

func (r *router) newRequest(ctx context.Context, h *header.Map) *http.Request {
	req := &http.Request{Method: h.Value(":method"), Host: h.Value(":authority"), Header: http.Header{},
		URL: requestURL(r.cluster.url.Host, h.Value(":path")), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	for _, f := range h.Fields() {
		if !strings.HasPrefix(f.Name, ":") && f.Name != "content-length" && f.Name != "transfer-encoding" {
			req.Header.Add(f.Name, f.Value)
		}
	}
	if _, ok := req.Header["User-Agent"]; !ok {
		req.Header["User-Agent"] = nil // none of Go's own
	}
	if timeout := r.timeout(); timeout > 0 {
		req.Header.Set("x-envoy-expected-rq-timeout-ms", strconv.FormatInt(timeout.Milliseconds(), 10))
	}
	if !r.ended {
		req.Body, req.ContentLength = &upstreamBody{r}, -1
		if n, err := strconv.ParseInt(h.Value("content-length"), 10, 64); err == nil {
			req.ContentLength = n
		}
		req.Trailer = http.Header{}
		r.trailer = req.Trailer
	}
	trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		local := info.Conn.LocalAddr().String()
		r.s.w.run(func() { r.s.info.UpstreamLocal = local })
	}}
	return req.WithContext(httptrace.WithClientTrace(ctx, trace))
}

// requestURL keeps the path as it is: nothing is cleaned or encoded anew.
func requestURL(host, path string) *url.URL {
	u := &url.URL{Scheme: "http", Host: host, Opaque: path}
	if strings.HasPrefix(path, "//") {
		u.Opaque = "http://" + host + path
	}
	return u
}

// startTimer begins the route's timeout once the request is complete.
func (r *router) startTimer() {
	if timeout := r.timeout(); timeout > 0 && r.stopTime == nil {
		r.stopTime = r.s.w.AfterFunc(timeout, r.onTimeout)
	}
}

func (r *router) onTimeout() {
	if r.over {
		return
	}
	r.timedOut, r.over = true, true
	r.cancel()
	r.fail(504, "upstream request timeout", "response_timeout", chain.UpstreamRequestTimeout)
}

// Data implements chain.Terminal.
func (r *router) Data(data []byte, end bool) {
	if len(data) > 0 {
		r.queue = append(r.queue, data)
		r.queued += len(data)
	}
	r.end(end)
}

// Trailers implements chain.Terminal.
func (r *router) Trailers(t *header.Map) {
	r.trailers = t
	r.end(true)
}

func (r *router) end(end bool) {
	r.ended = r.ended || end
	if r.ended && r.started {
		r.startTimer()
	}
	r.s.wake.Broadcast()
}

// Cancel implements chain.Terminal.
func (r *router) Cancel() {
	r.over = true
	if r.stopTime != nil {
		r.stopTime()
	}
	if r.cancel != nil {
		r.cancel()
	}
	r.s.wake.Broadcast()
}

// upstreamBody is the request's body as the transport reads it.
type upstreamBody struct{ r *router }

// Read waits for a piece of the body.
func (b *upstreamBody) Read(p []byte) (int, error) {
	r := b.r
	r.s.w.mu.Lock()
	defer r.s.w.mu.Unlock()
	for len(r.queue) == 0 && !r.ended && !r.over {
		r.s.wake.Wait()
	}
	switch {
	case r.over:
		return 0, errors.New("the stream is over")
	case len(r.queue) == 0:
		for _, f := range r.trailers.Fields() {
			r.trailer.Add(f.Name, f.Value)
		}
		return 0, io.EOF
	}
	n := copy(p, r.queue[0])
	if r.queue[0] = r.queue[0][n:]; len(r.queue[0]) == 0 {
		r.queue = r.queue[1:]
	}
	r.queued -= n
	r.s.wake.Broadcast()
	return n, nil
}

func (b *upstreamBody) Close() error { return nil }

// roundTrip talks to the upstream.
func (r *router) roundTrip(req *http.Request) {
	resp, err := r.cluster.transport.RoundTrip(req)
	if err != nil {
		r.s.w.run(func() { r.failed(err) })
		return
	}
	defer resp.Body.Close()
	end := resp.Body == http.NoBody || req.Method == http.MethodHead
	r.s.w.run(func() {
		if !r.over {
			r.s.info.Details = "via_upstream"
			r.s.chain.ResponseHeaders(r.responseHeaders(resp), end)
		}
	})
	if !end {
		r.readResponse(resp)
	}
}

func (r *router) responseHeaders(resp *http.Response) *header.Map {
	m := header.New(header.Response)
	m.Add(":status", strconv.Itoa(resp.StatusCode))
	for _, f := range trailerMap(resp.Header).Fields() {
		m.Add(f.Name, f.Value)
	}
	for _, encoding := range resp.TransferEncoding {
		m.Add("transfer-encoding", encoding)
	}
	m.Set("x-envoy-upstream-service-time", strconv.FormatInt(time.Since(r.sent).Milliseconds(), 10))
	return m
}

// readResponse feeds the answer's body to the filters.
func (r *router) readResponse(resp *http.Response) {
	two, read := resp.ProtoMajor == 2, int64(0)
	for over := false; !over; {
		buffer := make([]byte, readSize)
		n, err := resp.Body.Read(buffer)
		r.s.w.run(func() {
			read += int64(n)
			last := two && read == resp.ContentLength
			if n > 0 && !r.over {
				r.s.chain.ResponseData(buffer[:n], last)
			}
			switch {
			case err == io.EOF && len(resp.Trailer) > 0:
				r.s.chain.ResponseTrailers(trailerMap(resp.Trailer))
			case err == io.EOF && !last:
				r.s.chain.ResponseData(nil, true)
			case err != nil && err != io.EOF && !r.over:
				r.broken()
			}
			for (r.s.responseBlocked || r.s.queued > highWatermark) && !r.over {
				r.s.wake.Wait()
			}
			over = r.over || err != nil || last
		})
	}
}

// broken is an answer that ended too early.
func (r *router) broken() {
	r.s.info.Flags |= chain.UpstreamConnectionTermination
	r.s.info.Details = "upstream_reset_after_response_started{connection_termination}"
	r.s.chain.Reset()
}

// failed is a request without an answer.
func (r *router) failed(err error) {
	if r.over {
		return
	}
	const text = "upstream connect error or disconnect/reset before headers. reset reason: "
	var op *net.OpError
	switch {
	case errors.As(err, &op) && op.Op == "dial":
		reason := "remote connection failure, transport failure reason: delayed connect error: " + errnoText(err)
		r.s.info.UpstreamFailure = "delayed connect error: " + errnoText(err)
		r.fail(503, text+reason, "upstream_reset_before_response_started{remote_connection_failure|"+
			strings.ReplaceAll("delayed connect error: "+errnoText(err), " ", "_")+"}", chain.UpstreamConnectionFailure)
	default:
		r.fail(503, text+"connection termination", "upstream_reset_before_response_started{connection_termination}",
			chain.UpstreamConnectionTermination)
	}
}

// errnoText is what strerror says.
func errnoText(err error) string {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return err.Error()
	}
	text := errno.Error()
	return strings.ToUpper(text[:1]) + text[1:]
}

// HTTPCall implements wasm.Worker.
func (w *worker) HTTPCall(call wasmCall, done func(*wasmResponse)) (cancel func(), ok bool) {
	c := w.host.clusters[call.Cluster]
	if c == nil {
		return nil, false
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		response := c.call(ctx, call)
		w.run(func() {
			if ctx.Err() == nil || response != nil {
				done(response)
			}
		})
	}()
	stopTimer := func() {}
	if call.Timeout > 0 {
		stopTimer = w.AfterFunc(call.Timeout, func() {
			stop()
			done(nil)
		})
	}
	return func() { stopTimer(); stop() }, true
}
