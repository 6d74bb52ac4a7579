package hostsim_test

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sparkward/sparkward/hostsim"
)

var (
	update = flag.Bool("update", false, "write what Envoy does into testdata/diff")
	only   = flag.String("only", "", "run the cases of TestEnvoy that begin with this, on an Envoy with no others")
)

// TestEnvoy runs each case on Envoy and on hostsim. Both must do what the case's file
// says, to the letter.
func TestEnvoy(t *testing.T) {
	if testing.Short() {
		t.Skip("make test runs it; it needs an Envoy and a minute")
	}
	cases := readCases(t)
	if *only != "" {
		cases = slices.DeleteFunc(cases, func(c *diffCase) bool { return !strings.HasPrefix(c.name, *only) })
	}
	saveTiny(t)
	onSim := simulateAll(t, cases)
	lab := newLab(t)
	e := startEnvoy(t, cases, lab)
	defer e.crash(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := stable(c.onEnvoy(t, e, lab.up, 1))
			if *update {
				if err := c.update(got); err != nil {
					t.Fatal(err)
				}
				c.sections["want"] = got
			}
			want := c.sections["want"]
			got = again(t, got, want, func(slack factor) string { return stable(c.onEnvoy(t, e, lab.up, slack)) })
			compare(t, "Envoy", got, want)
			sim := again(t, stable(<-onSim[c.name]), want, func(slack factor) string { return stable(c.onSim(t, slack)) })
			compare(t, "hostsim", sim, want)
		})
	}
}

// factor is how many times as long as usual a host is waited for. A step is taken to
// be over when a host has been still for a while, and on a busy machine a host can be
// still in the middle of one.
type factor int

func (f factor) times(d time.Duration) time.Duration { return time.Duration(f) * d }

// again plays a case anew, with ever more slack, while it does not give what it
// should. What a host really does otherwise it does each time.
func again(t *testing.T, got, want string, play func(factor) string) string {
	t.Helper()
	for _, slack := range []factor{4, 16} {
		if got == want {
			break
		}
		t.Logf("played again with %d times the patience, as the machine may have been busy:\n%s", slack, lineDiff(want, got))
		time.Sleep(slack.times(settleTime))
		got = play(slack)
	}
	return got
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

// lab is what stands behind a host: upstreams of each kind.
type lab struct {
	up        *diffUpstream
	addresses map[string]string // of clusters; empty for one without a host
}

func newLab(t testing.TB) *lab {
	up := startUpstream(t)
	return &lab{up, map[string]string{"up": up.address(), "other": up.address(), "dead": closedPort(t), "empty": "",
		"up2": up.startUpstream2(t), "tcp": up.startTCP(t)}}
}

// closedPort is an address that is taken but where nobody listens.
func closedPort(t testing.TB) string {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	bound, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", bound.(*syscall.SockaddrInet4).Port)
}

func compare(t *testing.T, who, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	t.Errorf("%s does something else (- want, + got):\n%s", who, lineDiff(want, got))
}

// lineDiff shows where two texts differ, with some lines around.
func lineDiff(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	// longest common subsequence
	length := make([][]int, len(a)+1)
	for i := range length {
		length[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				length[i][j] = length[i+1][j+1] + 1
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	var lines []string
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			lines = append(lines, "  "+a[i])
			i, j = i+1, j+1
		case j < len(b) && (i == len(a) || length[i][j+1] >= length[i+1][j]):
			lines = append(lines, "+ "+b[j])
			j++
		default:
			lines = append(lines, "- "+a[i])
			i++
		}
	}
	return strings.Join(lines, "\n")
}

// report puts the views of a case together.
func report(client, upstream, access, trace string) string {
	var out strings.Builder
	for _, part := range []struct{ name, text string }{{"client", client}, {"upstream", upstream}, {"access log", access}, {"filter", trace}} {
		if part.text != "" {
			fmt.Fprintf(&out, "== %s\n%s", part.name, part.text)
		}
	}
	return out.String()
}

// settleTime is how long a host may take to act on a step, and quiet how long it must
// be still to be done.
const (
	settleTime = 300 * time.Millisecond
	quiet      = 4 * time.Millisecond
)

// settler returns a function that waits until size has grown since the last call and
// stands still.
func settler(size func() int, slack factor) func() {
	var mu sync.Mutex
	last := size()
	return func() {
		mu.Lock()
		defer mu.Unlock()
		start, changed, now := time.Now(), time.Now(), last
		for time.Since(start) < slack.times(settleTime) && (now == last || time.Since(changed) < slack.times(quiet)) {
			time.Sleep(time.Millisecond)
			if n := size(); n != now {
				now, changed = n, time.Now()
			}
		}
		last = now
	}
}

// untilOver waits until every stream of a case has ended and nothing more happens: each
// HTTP stream has its line in the access log, each context is deleted unless its VM
// failed.
func (c *diffCase) untilOver(transcript, access func() string, slack factor) {
	last, since := "", time.Now()
	for start := time.Now(); time.Since(start) < slack.times(time.Second); time.Sleep(2 * time.Millisecond) {
		text := transcript()
		if now := text + access(); now != last {
			last, since = now, time.Now()
		}
		made, gone := strings.Count(text, "context_create(s"), strings.Count(text, "delete(s")
		if c.options.tcp {
			if made > 0 && made == gone {
				return
			}
			continue
		}
		still := 2 * quiet
		if made != gone { // a VM failed, or the filter is not the probe
			still = 50 * time.Millisecond
		}
		if strings.Count(access(), "\n") >= max(made, 1) && time.Since(since) > slack.times(still) {
			return
		}
	}
}

// play runs the client section and returns what the client saw.
func (c *diffCase) play(address string, settle func(), slack factor) string {
	if c.options.client2 {
		client := &diffClient2{address: address, settle: settle, patience: slack.times(patience)}
		client.run(c.sections["client"])
		return client.out.String()
	}
	client := &diffClient{address: address, settle: settle, patience: slack.times(patience), tcp: c.options.tcp}
	client.run(c.sections["client"])
	return client.out.String()
}

// seen is what the upstream saw.
func (c *diffCase) seen(up *diffUpstream) string {
	text := up.text()
	if c.options.blind {
		return ""
	}
	return text
}

func (c *diffCase) onEnvoy(t *testing.T, e *envoy, up *diffUpstream, slack factor) string {
	mark := len(e.log())
	settle := settler(func() int { return len(e.log()) }, slack)
	up.play(c.sections["upstream"], settle)
	client := c.play(e.addresses[c.name], settle, slack)
	trace := func() string { return e.transcript(c, mark) }
	access := func() string { return e.access(c, mark) }
	c.untilOver(trace, access, slack)
	return report(client, c.seen(up), access(), trace())
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
		NodeID: "node-id", NodeCluster: "node-cluster",
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
