package hostsim_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/sparkward/sparkward/hostsim"
)

func (c *diffCase) onSim(t *testing.T, slack factor) string {
	var trace, access lockedBuffer
	lab := newLab(t)
	host, err := hostsim.New(context.Background(), c.simOptions(t, lab, &trace, &access))
	if err != nil {
		return err.Error()
	}
	defer host.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err.Error()
	}
	if c.options.tcp {
		go host.ServeTCP(l, c.tcpCluster())
	} else {
		go host.Serve(l)
	}
	mark := len(trace.String())
	settle := settler(func() int { return len(trace.String()) }, slack)
	lab.up.play(c.sections["upstream"], settle)
	client := c.play(l.Addr().String(), settle, slack)
	filter := func() string { return simTranscript(c, trace.String()[:mark], trace.String()[mark:]) }
	c.untilOver(filter, access.String, slack)
	return report(client, c.seen(lab.up), access.String(), filter())
}

// simTranscript prints what worker 0 did.
func simTranscript(c *diffCase, start, text string) string {
	var roots []int64
	parser := &simTrace{}
	var current int64
	for line := range strings.Lines(start) {
		rest, ok := strings.CutPrefix(line, "0\t")
		if !ok {
			continue
		}
		event, ok := parser.parse(strings.TrimSpace(rest))
		if ok && event.kind == "call" && event.name == "proxy_on_configure" {
			current = event.args[0]
			roots = append(roots, current)
		}
	}
	if c.options.wasm != "" {
		roots = nil
	}
	t := newTranscript(roots, c.options.tick)
	t.any = c.options.wasm != ""
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, "0\t"); ok {
			if event, ok := parser.parse(strings.TrimSpace(rest)); ok {
				t.add(event)
			}
		}
	}
	return t.out.String()
}

func (c *diffCase) simOptions(t *testing.T, lab *lab, trace, access *lockedBuffer) hostsim.Options {
	opts := hostsim.Options{Trace: trace, CacheDir: cacheDir(t), VirtualHost: "host",
		NodeID: "node-id", NodeCluster: "node-cluster", StreamIdleTimeout: c.options.idle,
		RequestBodyLimit: c.options.limit,
		NormalizePath:    c.options.normalize, MergeSlashes: c.options.merge,
		EscapedSlashes: map[string]hostsim.EscapedSlashes{"REJECT_REQUEST": hostsim.RejectEscapedSlashes,
			"UNESCAPE_AND_REDIRECT": hostsim.RedirectEscapedSlashes,
			"UNESCAPE_AND_FORWARD":  hostsim.ForwardEscapedSlashes}[c.options.slashes],
		AccessLog: func(e hostsim.Entry) {
			state := e.FilterState["wasm.x"]
			if state == "" {
				state = "-"
			}
			fmt.Fprintf(access, "%d %s %s %s\n", e.Code, e.CodeDetails, e.Flags, state)
		}}
	if config := c.sections["local_reply"]; config != "" {
		opts.LocalReplyConfig = []byte(config)
	}
	for name, address := range lab.addresses {
		cluster := hostsim.Cluster{Name: name, HTTP2: name == "up2"}
		if address != "" {
			cluster.URL = "http://" + address
		}
		opts.Clusters = append(opts.Clusters, cluster)
	}
	for _, r := range c.routes() {
		opts.Routes = append(opts.Routes, hostsim.Route{Name: "route" + r.prefix, Prefix: r.prefix, Cluster: r.cluster,
			ClusterHeader: r.header, Timeout: c.options.timeout})
	}
	code, err := os.ReadFile(c.wasmFile(t))
	if err != nil {
		t.Error(err)
	}
	for i, p := range c.pluginsOf() {
		plugin := hostsim.Plugin{Name: p.name, RootID: p.root, Wasm: code, Configuration: []byte(p.script),
			VMID: c.options.vmID, AllowOnHeadersStopIteration: c.options.hold, Capabilities: c.options.capable,
			ReloadBackoff: c.options.reloadFor,
			FailurePolicy: map[string]hostsim.FailurePolicy{"open": hostsim.FailOpen, "reload": hostsim.FailReload}[c.options.policy]}
		if i > 0 {
			opts.Filters = append(opts.Filters, plugin)
			continue
		}
		opts.Wasm, opts.Configuration, opts.PluginName, opts.RootID = plugin.Wasm, plugin.Configuration, plugin.Name, plugin.RootID
		opts.VMID, opts.AllowOnHeadersStopIteration, opts.FailurePolicy = plugin.VMID, plugin.AllowOnHeadersStopIteration, plugin.FailurePolicy
		opts.Capabilities, opts.ReloadBackoff = plugin.Capabilities, plugin.ReloadBackoff
	}
	return opts
}

// lockedBuffer is a strings.Builder for several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// lanes is how many cases run on hostsim at once, beside Envoy.
const lanes = 4

// simulateAll runs the cases on hostsim in the background.
func simulateAll(t *testing.T, cases []*diffCase) map[string]chan string {
	results := map[string]chan string{}
	for _, c := range cases {
		c.wasmFile(t) // builds it
		results[c.name] = make(chan string, 1)
	}
	next := make(chan *diffCase, len(cases))
	for _, c := range cases {
		next <- c
	}
	close(next)
	for range lanes {
		go func() {
			for c := range next {
				results[c.name] <- c.onSim(t, 1)
			}
		}()
	}
	return results
}
