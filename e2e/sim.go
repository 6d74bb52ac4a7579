package e2e

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/sparkward/sparkward/hostsim"
)

// simTarget runs scenarios on hostsim, in this process. Each has a host of its
// own, with a clock that stands still between the steps.
type simTarget struct {
	dir   string
	cache string        // compiled filters, kept from run to run
	room  chan struct{} // one for each that runs: the simulator never waits for time
}

func newSimTarget() (*simTarget, error) {
	cache, err := filepath.Abs(filepath.Join(built, "hostsim-cache"))
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "sparkward-e2e-")
	return &simTarget{dir, cache, make(chan struct{}, runtime.GOMAXPROCS(0))}, err
}

func (t *simTarget) close() { os.RemoveAll(t.dir) }

func (t *simTarget) start(ctx context.Context, s setup) (host, error) {
	up, err := newUpstreams()
	if err != nil {
		return nil, err
	}
	t.room <- struct{}{}
	h := &simHost{name: s.name, clock: hostsim.NewManualClock(epoch), up: up, leave: func() { <-t.room }}
	if err = h.start(ctx, t, s); err != nil {
		h.close()
		return nil, err
	}
	return h, nil
}

// simHost is one hostsim with its provider.
type simHost struct {
	up    upstreams
	leave func() // lets another host of the target run
	name  string
	clock *hostsim.ManualClock
	sim   *hostsim.Host
	bound string

	mu    sync.Mutex
	all   strings.Builder // all log lines, the host's own too
	lines []logLine
	ended []string

	entries strings.Builder // the access log
}

func (h *simHost) start(ctx context.Context, t *simTarget, s setup) error {
	b, err := render(ctx, s, h.up, "/dev/null", t.dir)
	var lint *lintError
	if errors.As(err, &lint) {
		b, err = renderUnchecked(ctx, s, h.up, "/dev/null", t.dir)
	}
	if err != nil {
		return err
	}
	opts, err := h.options(b, s)
	if err != nil {
		return err
	}
	opts.CacheDir = t.cache
	h.sim, err = hostsim.New(context.WithoutCancel(ctx), opts)
	var config *hostsim.ConfigError
	if errors.As(err, &config) {
		return &refusal{critical(h.logs())}
	}
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	h.bound = l.Addr().String()
	if s.tls {
		l = tls.NewListener(l, pki().server())
	}
	go h.sim.Serve(l)
	return nil
}

// options reads what Envoy would read from the bootstrap.
func (h *simHost) options(b *bootstrap, s setup) (hostsim.Options, error) {
	plugin, virtual, err := b.view()
	if err != nil {
		return hostsim.Options{}, err
	}
	wasm, err := os.ReadFile(plugin.VM.Code.Local.Filename)
	if err != nil {
		return hostsim.Options{}, err
	}
	policies := map[string]hostsim.FailurePolicy{"FAIL_RELOAD": hostsim.FailReload, "FAIL_OPEN": hostsim.FailOpen}
	opts := hostsim.Options{
		Wasm: wasm, Configuration: []byte(plugin.Configuration.Value),
		VMID: plugin.VM.ID, RootID: plugin.RootID, PluginName: plugin.Name, Env: environment(plugin.VM.Env.HostKeys),
		FailurePolicy:               policies[plugin.FailurePolicy],
		AllowOnHeadersStopIteration: plugin.StopOnHeaders,
		RequestBodyLimit:            virtual.BodyLimit,
		RequestHeadersToRemove:      virtual.Remove,
		LocalReplyConfig:            virtual.LocalReplies,
		UseRemoteAddress:            virtual.UseRemoteAddress,
		RequestIDInResponse:         virtual.RequestIDInResponse,
		NormalizePath:               virtual.NormalizePath,
		MergeSlashes:                virtual.MergeSlashes,
		EscapedSlashes:              escapedSlashes[virtual.EscapedSlashes],
		Workers:                     s.workers,
		Clock:                       h.clock,
		Rand:                        rand.NewChaCha8(sha256.Sum256([]byte(s.name))),
		LogLevel:                    hostsim.LevelInfo,
		Log:                         h.log,
		AccessLog:                   h.access,
		Yield:                       s.yield,
	}
	for name := range b.capabilities() {
		opts.Capabilities = append(opts.Capabilities, name)
	}
	for _, c := range b.clusters() {
		opts.Clusters = append(opts.Clusters, hostsim.Cluster{Name: c.name, URL: "http://" + c.addr})
	}
	if d := virtual.StreamIdleTimeout; d != "" {
		if opts.StreamIdleTimeout, err = time.ParseDuration(d); err != nil {
			return opts, err
		}
	}
	opts.Routes, err = simRoutes(virtual)
	return opts, err
}

// escapedSlashes are the actions by Envoy's names for them.
var escapedSlashes = map[string]hostsim.EscapedSlashes{
	"REJECT_REQUEST":        hostsim.RejectEscapedSlashes,
	"UNESCAPE_AND_REDIRECT": hostsim.RedirectEscapedSlashes,
	"UNESCAPE_AND_FORWARD":  hostsim.ForwardEscapedSlashes,
}

// simRoutes translates the routes, and refuses what the simulator has no word for.
func simRoutes(virtual hostView) ([]hostsim.Route, error) {
	var routes []hostsim.Route
	for _, r := range virtual.Routes {
		route := hostsim.Route{Name: r.Name, Prefix: r.Match.Prefix + r.Match.PathSeparated, Separated: r.Match.PathSeparated != "", Timeout: -1,
			Cluster: r.Route.Cluster, ClusterHeader: r.Route.ClusterHeader}
		if route.Prefix == "" || r.Route.Timeout != "0s" || len(r.Match.Headers) > 1 {
			return nil, fmt.Errorf("route %s: want a prefix, at most one header and no timeout", r.Name)
		}
		for _, m := range r.Match.Headers {
			if !m.Present {
				return nil, fmt.Errorf("route %s: want present_match for header %s", r.Name, m.Name)
			}
			route.Header = m.Name
		}
		routes = append(routes, route)
	}
	return routes, nil
}

// log keeps what the filter itself logged; the host writes "wasm log NAME ROOT VM: "
// before it, as Envoy does.
func (h *simHost) log(level hostsim.Level, text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all.WriteString(text + "\n")
	text, found := cutLogPrefix(text, h.name)
	if !found {
		return
	}
	h.lines = append(h.lines, logLine{strings.ToLower(level.String()), text})
}

func (h *simHost) access(e hostsim.Entry) {
	h.mu.Lock()
	defer h.mu.Unlock()
	fmt.Fprintf(&h.entries, "%+v\n", e)
	h.ended = append(h.ended, e.FilterState["wasm.sparkward.audit"])
}

func (h *simHost) addr() string            { return h.bound }
func (h *simHost) upstreams() upstreams    { return h.up }
func (h *simHost) advance(d time.Duration) { h.clock.Advance(d) }
func (h *simHost) realTime() bool          { return false }

func (h *simHost) stats(context.Context) (map[string]int64, error) {
	out := map[string]int64{}
	for name, v := range h.sim.Stats() {
		out[name] = int64(v)
	}
	return out, nil
}

func (h *simHost) audits() ([]string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.ended...), nil
}

// printed is the log, the access log with all that filters put there, and what is in
// the shared data.
func (h *simHost) printed() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.all.String() + h.entries.String() + fmt.Sprintf("%q", h.sim.SharedData(h.name))
}

func (h *simHost) logs() []logLine {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]logLine(nil), h.lines...)
}

func (h *simHost) close() {
	if h.sim != nil {
		h.sim.Close()
	}
	h.up.stop()
	h.leave()
}
