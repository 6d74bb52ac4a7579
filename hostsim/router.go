package hostsim

import (
	"strconv"
	"strings"
	"time"

	"github.com/sparkward/sparkward/hostsim/internal/chain"
	"github.com/sparkward/sparkward/hostsim/internal/header"
)

// router is the end of the chain: it finds the route and talks to the upstream. The
// worker's lock guards it.
type router struct {
	s       *stream
	route   *Route
	cluster *cluster

	waiting  bool // for a connection
	up       upstream
	over     bool   // nothing more may come from the upstream
	ops      []part // what waits to be sent
	queued   int    // bytes in ops
	writing  bool
	ended    bool // the request is complete
	answered bool // response headers came
	done     bool // the response is complete
	sent     time.Time
	stopTime func()
}

// upstream is a connection's part for one request.
type upstream interface {
	// send writes parts of the request. It may block.
	send(parts []part) error
	// cancel gives the request up. It may be called with the worker's lock held.
	cancel()
}

// Route implements chain.Terminal: it finds the route.
func (r *router) Route(h *header.Map) {
	r.ClearRoute()
	host, info := r.s.w.host, r.s.info
	info.HasRoute, info.RouteName, info.VirtualHost, info.ClusterName = false, "", "", ""
	path, _, _ := strings.Cut(h.Value(":path"), "?")
	if h.Value("x-forwarded-proto") == "" || path == "" {
		return // as in Envoy
	}
	for i := range host.opts.Routes {
		route := &host.opts.Routes[i]
		if !route.leads(path) || !route.fits(h) {
			continue
		}
		name := route.Cluster
		if route.ClusterHeader != "" {
			name = h.Value(strings.ToLower(route.ClusterHeader))
		}
		r.route, r.cluster = route, host.clusters[name]
		info.HasRoute, info.RouteName, info.VirtualHost = true, route.Name, host.opts.VirtualHost
		if r.cluster != nil {
			info.ClusterName = name
		}
		if route.RequestBodyLimit > 0 {
			r.s.chain.SetRequestLimit(route.RequestBodyLimit)
		}
		return
	}
}

// leads reports whether a path is the route's.
func (r *Route) leads(path string) bool {
	rest, ok := strings.CutPrefix(path, r.Prefix)
	return ok && (!r.Separated || rest == "" || rest[0] == '/')
}

// fits reports whether a request has the header that the route wants.
func (r *Route) fits(h *header.Map) bool {
	if r.Header == "" {
		return true
	}
	_, found := h.Get(strings.ToLower(r.Header))
	return found
}

// ClearRoute implements chain.Terminal. As in Envoy the stream's properties name the
// old route until another is found.
func (r *router) ClearRoute() { r.route, r.cluster = nil, nil }

func (r *router) reply(code int, body, details string, flag chain.Flags) {
	r.s.info.Flags |= flag
	r.s.chain.SendLocalReply(chain.Reply{Code: code, Body: body, GRPCStatus: chain.NoGRPCStatus, Details: details})
}

// Headers implements chain.Terminal.
func (r *router) Headers(h *header.Map, end bool) {
	switch {
	case r.route == nil:
		r.reply(404, "", "route_not_found", chain.NoRouteFound)
		return
	case r.cluster == nil:
		r.reply(503, "", "cluster_not_found", chain.NoClusterFound)
		return
	case !r.cluster.reachable():
		r.reply(503, "no healthy upstream", "no_healthy_upstream", chain.NoHealthyUpstream)
		return
	case h.Value(":method") == "":
		r.reply(503, "missing required header: :method",
			"filter_removed_required_request_headers{missing_required_header:_:method}", chain.DownstreamProtocolError)
		return
	}
	if timeout := r.timeout(); timeout > 0 {
		h.Put("x-envoy-expected-rq-timeout-ms", strconv.FormatInt(timeout.Milliseconds(), 10))
	}
	for _, name := range r.s.w.host.opts.RequestHeadersToRemove {
		h.Remove(strings.ToLower(name))
	}
	r.s.info.Attempts, r.s.info.UpstreamAddress = 1, r.cluster.address()
	r.waiting, r.sent = true, time.Now()
	r.enqueue(part{Headers: h.Clone(), End: end})
}

// Data implements chain.Terminal.
func (r *router) Data(data []byte, end bool) { r.enqueue(part{Data: data, End: end}) }

// Trailers implements chain.Terminal.
func (r *router) Trailers(t *header.Map) { r.enqueue(part{Trailers: t, End: true}) }

func (r *router) enqueue(p part) {
	r.s.move()
	if r.over {
		return
	}
	r.ops = append(r.ops, p)
	r.queued += len(p.Data)
	if p.End {
		r.ended = true
		r.startTimer()
	}
	r.s.touch()
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
	r.giveUp()
	r.reply(504, "upstream request timeout", "response_timeout", chain.UpstreamRequestTimeout)
}

// giveUp ends the upstream's part.
func (r *router) giveUp() {
	if r.over {
		return
	}
	r.over = true
	if r.stopTime != nil {
		r.stopTime()
	}
	if r.up != nil && !(r.done && r.ended) { // else another request may have the connection already
		r.up.cancel()
	}
}

// Cancel implements chain.Terminal.
func (r *router) Cancel() {
	r.giveUp()
	r.s.wake.Broadcast()
}

// flush sends what waits, or first finds a connection.
func (r *router) flush() {
	w := r.s.w
	w.mu.Lock()
	defer w.mu.Unlock()
	if r.waiting && !r.over {
		r.waiting = false
		c := r.cluster
		w.mu.Unlock()
		c.connect(r)
		w.mu.Lock()
	}
	for r.up != nil && !r.writing && !r.over && len(r.ops) > 0 {
		ops, up := r.ops, r.up
		r.ops, r.queued, r.writing = nil, 0, true
		w.mu.Unlock()
		up.send(ops) // an error shows where the answer is read
		w.mu.Lock()
		r.writing = false
		r.s.wake.Broadcast()
	}
}

// connected gives the request its connection.
func (r *router) connected(up upstream, local string) {
	r.s.w.do(r.s, func() {
		if r.over {
			up.cancel()
			return
		}
		r.up, r.s.info.UpstreamLocal = up, local
		r.s.touch()
	})
}

// answer takes parts of the upstream's response. It waits while the client is slow.
func (r *router) answer(parts []part) (more bool) {
	s := r.s
	s.w.do(s, func() {
		for _, p := range parts {
			if !r.over {
				r.take(p)
			}
		}
	})
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	for s.responseMustWait() && !r.over {
		s.wake.Wait()
	}
	return !r.over
}

func (r *router) take(p part) {
	r.s.move()
	r.complete(p.End)
	switch {
	case p.Headers != nil:
		r.answered = true
		r.s.info.SetDetails("via_upstream")
		p.Headers.Put("x-envoy-upstream-service-time", strconv.FormatInt(time.Since(r.sent).Milliseconds(), 10))
		r.s.chain.ResponseHeaders(p.Headers, p.End)
	case p.Trailers != nil:
		r.s.chain.ResponseTrailers(p.Trailers)
	default:
		r.s.chain.ResponseData(p.Data, p.End)
	}
}

// complete ends the timeout with the response.
func (r *router) complete(end bool) {
	if !end {
		return
	}
	r.done = true
	r.s.info.UpstreamDuration = time.Since(r.sent)
	if r.stopTime != nil {
		r.stopTime()
	}
}

// failure is why an upstream gave no answer, or no whole one.
type failure struct {
	reason    string // as in Envoy's "reset reason: ..."
	transport string // why the transport failed, "" for nothing to say
	flag      chain.Flags
	code      int
}

// fail takes a failure of the upstream.
func (r *router) fail(f failure) {
	r.s.w.do(r.s, func() {
		if r.over {
			return
		}
		r.giveUp()
		r.s.info.Flags |= f.flag
		r.s.info.UpstreamFailure = f.transport
		if r.answered {
			r.s.info.SetDetails("upstream_reset_after_response_started{" + underscores(f.reason) + "}")
			r.s.chain.Reset()
			return
		}
		r.reply(f.code, f.text(), f.details(), f.flag)
	})
}

// text is the body of the answer.
func (f failure) text() string {
	return "upstream connect error or disconnect/reset before headers. reset reason: " + f.reason
}

// details are the response code details of the answer.
func (f failure) details() string {
	details := underscores(f.reason)
	if f.transport != "" {
		details += "|" + underscores(f.transport)
	}
	return "upstream_reset_before_response_started{" + details + "}"
}

func underscores(s string) string { return strings.ReplaceAll(s, " ", "_") }
