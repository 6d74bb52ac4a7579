package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// envoyTarget runs scenarios on the real Envoy. Starting one takes seconds,
// because V8 compiles the filter; a further listener in a running one takes
// milliseconds. So scenarios with the same number of workers and the same filter
// go to the same few Envoys, one at a time in each, and every scenario gets a
// listener of its own, with a VM id of its own: the filters share no data, no VM
// and no log.
type envoyTarget struct {
	binary string
	mu     sync.Mutex
	given  *sync.Cond // a lane was given back; on mu
	free   map[laneKey][]*lane
	made   map[laneKey]int
	all    []*lane
}

// maxLanes is how many Envoys of one kind there are at most. Scenarios that let
// time pass do so side by side; each Envoy costs seconds of two processors.
const maxLanes = 2

// laneKey is a kind of lane.
type laneKey struct {
	workers int
	wasm    string
	alone   string // the scenario that has it for itself
}

// lane is one Envoy process, which serves one scenario at a time.
type lane struct {
	key      laneKey
	proc     *envoyProcess
	dir      string
	up       upstreams
	versions int
	idle     int // VMs that run while no scenario does
}

// newEnvoyTarget finds Envoy: $ENVOY, or the pinned one.
func newEnvoyTarget() (*envoyTarget, error) {
	binary := os.Getenv("ENVOY")
	if binary == "" {
		binary = "../.tools/envoy"
	}
	binary, err := filepath.Abs(binary)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(binary); err != nil {
		return nil, fmt.Errorf("no Envoy at %s: run make tools, or set ENVOY to the path of one", binary)
	}
	t := &envoyTarget{binary: binary, free: map[laneKey][]*lane{}, made: map[laneKey]int{}}
	t.given = sync.NewCond(&t.mu)
	return t, nil
}

// take waits for a lane that nobody uses. One that runs already is preferred.
func (t *envoyTarget) take(key laneKey) *lane {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.free[key]) == 0 && t.made[key] == maxLanes {
		t.given.Wait()
	}
	if n := len(t.free[key]); n > 0 {
		l := t.free[key][n-1]
		t.free[key] = t.free[key][:n-1]
		return l
	}
	l := &lane{key: key}
	t.made[key]++
	t.all = append(t.all, l)
	return l
}

// give lets another scenario have the lane.
func (t *envoyTarget) give(l *lane) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.free[l.key] = append(t.free[l.key], l)
	t.given.Broadcast()
}

func (t *envoyTarget) close() {
	for _, l := range t.all {
		l.close()
	}
}

func (l *lane) close() {
	if l.proc != nil {
		l.proc.stop()
	}
	if l.up.main != nil {
		l.up.stop()
	}
	os.RemoveAll(l.dir)
}

func (t *envoyTarget) start(ctx context.Context, s setup) (host, error) {
	key := laneKey{workers: s.workers, wasm: s.wasm}
	if s.fresh {
		key.alone = s.name
	}
	l := t.take(key)
	h, err := l.serve(ctx, t.binary, s)
	if err != nil {
		t.give(l)
		return nil, err
	}
	h.target = t
	return h, nil
}

// serve adds the scenario's listener, to a new Envoy if there is none yet.
func (l *lane) serve(ctx context.Context, binary string, s setup) (*envoyHost, error) {
	if err := l.open(ctx, binary, s); err != nil {
		return nil, err
	}
	h := &envoyHost{lane: l, name: s.name, logPath: filepath.Join(l.dir, s.name+".log"), logMark: l.proc.mark()}
	b, err := render(ctx, s, l.up, h.logPath, l.dir)
	var lint *lintError
	if errors.As(err, &lint) {
		b, err = renderUnchecked(ctx, s, l.up, h.logPath, l.dir)
	}
	if err != nil {
		return nil, err
	}
	if err := l.publish(b.listener); err != nil {
		return nil, err
	}
	if h.address, err = l.proc.awaitListener(ctx, s.name); err != nil {
		if why := critical(h.logs()); len(why) > 0 {
			err = &refusal{why}
		}
		l.publish()
		return nil, err
	}
	h.baseline, err = h.counters(ctx)
	return h, err
}

// open starts the lane's Envoy with a listener that stays, so that V8 keeps the
// compiled filter.
func (l *lane) open(ctx context.Context, binary string, s setup) error {
	if l.proc != nil {
		return l.reopen(ctx, s)
	}
	var err error
	if l.dir, err = os.MkdirTemp("", "sparkward-e2e-"); err != nil {
		return err
	}
	if l.up, err = newUpstreams(); err != nil {
		return err
	}
	anchor := setup{name: "anchor", wasm: s.wasm, workers: s.workers, spare: true,
		policy: "breakers: [{cluster: " + spare + "}]"} // names it, so that it is there for all
	b, err := render(ctx, anchor, l.up, filepath.Join(l.dir, "anchor.log"), l.dir)
	if err != nil {
		return err
	}
	if err := l.publish(); err != nil {
		return err
	}
	b.serve(filepath.Join(l.dir, "lds.json"), l.dir)
	proc, err := startEnvoy(binary, l.dir, s.workers, b.all)
	if err != nil {
		return err
	}
	if err := proc.awaitReady(ctx); err != nil {
		proc.stop()
		return fmt.Errorf("%w\n%s", err, proc.since(0))
	}
	l.proc = proc
	l.idle, err = proc.vms(ctx)
	return err
}

// reopen gets a lane ready for one more scenario. Statistics belong to the process,
// and the VMs of the scenario before go on counting for a second: one that looks at
// them waits until those are gone.
func (l *lane) reopen(ctx context.Context, s setup) error {
	if err := l.up.renew(); err != nil || !s.counts {
		return errors.Join(err, l.proc.alive())
	}
	return l.proc.await(ctx, "drop the VMs of the scenario before", func() (bool, error) {
		n, err := l.proc.vms(ctx)
		return n <= l.idle, err
	})
}

// publish makes the given listeners the lane's, beside the anchor.
func (l *lane) publish(listeners ...tree) error {
	l.versions++
	resources := []any{}
	for _, listener := range listeners {
		listener["@type"] = "type.googleapis.com/envoy.config.listener.v3.Listener"
		resources = append(resources, listener)
	}
	text, err := json.Marshal(tree{"version_info": strconv.Itoa(l.versions), "resources": resources})
	if err != nil {
		return err
	}
	next := filepath.Join(l.dir, "lds.next")
	if err := os.WriteFile(next, text, 0o600); err != nil {
		return err
	}
	return os.Rename(next, filepath.Join(l.dir, "lds.json"))
}

// envoyHost is one listener of a lane.
type envoyHost struct {
	target   *envoyTarget
	lane     *lane
	name     string
	address  string
	logPath  string
	logMark  int
	baseline map[string]int64
}

func (h *envoyHost) addr() string            { return h.address }
func (h *envoyHost) upstreams() upstreams    { return h.lane.up }
func (h *envoyHost) advance(d time.Duration) { time.Sleep(d) }
func (h *envoyHost) realTime() bool          { return true }

// close removes the listener and lets the next scenario in.
func (h *envoyHost) close() {
	if h.lane.key.alone != "" {
		h.lane.close()
		return
	}
	h.lane.publish()
	h.target.give(h.lane)
}

// counters reads the filter's statistics from the admin page; Envoy puts
// "wasmcustom." before their names.
func (h *envoyHost) counters(ctx context.Context) (map[string]int64, error) {
	text, err := h.lane.proc.admin(ctx, "/stats?filter=wasmcustom")
	if err != nil {
		return nil, err
	}
	out := map[string]int64{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if n, err := strconv.ParseInt(value, 10, 64); err == nil {
			out[strings.TrimPrefix(name, "wasmcustom.")] = n
		}
	}
	return out, nil
}

func (h *envoyHost) stats(ctx context.Context) (map[string]int64, error) {
	now, err := h.counters(ctx)
	for name := range now {
		now[name] -= h.baseline[name]
	}
	return now, err
}

// audits reads the access log.
func (h *envoyHost) audits() ([]string, error) {
	text, err := os.ReadFile(h.logPath)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	var out []string
	for line := range strings.Lines(string(text)) {
		if !strings.HasSuffix(line, "\n") {
			break // Envoy is about to write the rest
		}
		var entry struct{ Sparkward any }
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			return nil, fmt.Errorf("access log: %w in %s", err, line)
		}
		audit, _ := entry.Sparkward.(string)
		out = append(out, audit)
	}
	return out, nil
}

// printed is the process' output, the access log and all of Envoy's statistics.
func (h *envoyHost) printed() string {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	access, err := os.ReadFile(h.logPath)
	stats, serr := h.lane.proc.admin(ctx, "/stats/prometheus")
	if err = errors.Join(err, serr); err != nil && !errors.Is(err, os.ErrNotExist) {
		panic(err) // nobody could tell then what it printed
	}
	return h.lane.proc.since(h.logMark) + string(access) + stats
}

// logs returns what the filter logged in this scenario. Envoy writes
// "... wasm log NAME ROOT VM: text", with further lines of the text after it.
func (h *envoyHost) logs() []logLine {
	h.lane.proc.awaitOutput()
	var out []logLine
	ours := false
	for line := range strings.Lines(h.lane.proc.since(h.logMark)) {
		line = strings.TrimRight(line, "\n")
		if !strings.HasPrefix(line, "[2") {
			if ours {
				out[len(out)-1].text += "\n" + line
			}
			continue
		}
		var text string
		if text, ours = cutLogPrefix(line, h.name); ours {
			fields := strings.SplitN(line, "][", 4)
			out = append(out, logLine{fields[min(2, len(fields)-1)], text})
		}
	}
	return slices.Clip(out)
}
