package hostsim

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sparkward/sparkward/hostsim/internal/abi"
	"github.com/sparkward/sparkward/hostsim/internal/localreply"
	"github.com/sparkward/sparkward/hostsim/internal/shared"
	"github.com/sparkward/sparkward/hostsim/internal/wasm"
)

// Host runs filters. It is an http.Handler; make it with New.
type Host struct {
	opts     Options
	clock    Clock
	started  time.Time
	services wasm.Services
	modules  map[[32]byte]*wasm.Module
	plugins  []*plugin
	clusters map[string]*cluster
	workers  []*worker
	main     *worker // the main thread: it runs no requests

	mu       sync.Mutex
	random   sync.Mutex
	logging  sync.Mutex
	warnings []string // logged at warn or above while New runs
	starting bool
	failures []error
	closed   bool

	listeners listeners
	race      atomic.Pointer[race]

	localReply *localreply.Rules // nil leaves answers of the host's own alone
}

// plugin is a Plugin that was loaded.
type plugin struct {
	Plugin
	spec *wasm.Spec
	wasm *wasm.Plugin
}

// New loads the filters and starts them on every worker. The error is a *LoadError
// or a *ConfigError, or says what is wrong with the options.
func New(ctx context.Context, opts Options) (*Host, error) {
	h := &Host{opts: opts, clock: opts.Clock, starting: true, modules: map[[32]byte]*wasm.Module{},
		clusters: map[string]*cluster{}}
	if h.clock == nil {
		h.clock = realClock{}
	}
	h.started = h.clock.Now()
	h.services = h.makeServices()
	if err := h.start(ctx); err != nil {
		h.Close()
		return nil, err
	}
	h.starting = false
	return h, nil
}

func (h *Host) start(ctx context.Context) error {
	if err := h.addClusters(); err != nil {
		return err
	}
	if config := h.opts.LocalReplyConfig; config != nil {
		rules, err := localreply.Parse(config)
		if err != nil {
			return err
		}
		h.localReply = rules
	}
	for name := range h.opts.Functions {
		if wasm.HasForeignFunction(name) {
			return fmt.Errorf("foreign function %q is one of Envoy's that the host has already: give yours another name", name)
		}
	}
	for i, p := range h.opts.plugins() {
		if err := h.load(ctx, i, p); err != nil {
			return err
		}
	}
	return h.startWorkers(ctx)
}

func (h *Host) makeServices() wasm.Services {
	s := wasm.Services{
		Data: &shared.Data{}, Queues: &shared.Queues{}, Metrics: &shared.Metrics{},
		Now: h.clock.Now, Monotone: func() time.Duration { return h.clock.Now().Sub(h.started) + time.Hour },
		Random: h.fillRandom, LogLevel: h.opts.LogLevel, Log: h.log, Failed: h.vmFailed,
		Yield:      h.yield,
		HasCluster: func(name string) bool { return h.clusters[name] != nil },
		OldPoll:    h.opts.OldPollOneoff,
		Functions:  h.opts.Functions, CallTimeout: h.opts.CallTimeout,
		NodeID: h.opts.NodeID, NodeCluster: h.opts.NodeCluster,
	}
	if h.opts.Yield != nil {
		s.Yield = h.opts.Yield
	}
	if h.opts.Trace != nil {
		s.Trace = h.trace
	}
	return s
}

// load compiles one plugin's code, once for all plugins that have the same.
func (h *Host) load(ctx context.Context, index int, p Plugin) error {
	sum := sha256.Sum256(p.Wasm)
	module := h.modules[sum]
	if module == nil {
		var err error
		if module, err = wasm.Compile(ctx, p.Wasm, h.opts.CacheDir, h.opts.CallTimeout > 0); err != nil {
			return &LoadError{p.Name, err}
		}
		h.modules[sum] = module
	}
	loaded := &plugin{Plugin: p, spec: h.spec(module, p)}
	loaded.wasm = &wasm.Plugin{Name: p.Name, RootID: p.RootID, Configuration: p.Configuration,
		StopOnHeaders: p.AllowOnHeadersStopIteration,
		Key:           fmt.Sprintf("%d/%s/%s", index, p.Name, p.RootID)}
	h.plugins = append(h.plugins, loaded)
	return nil
}

// spec finds the VM that an earlier plugin has, or makes a new one.
func (h *Host) spec(module *wasm.Module, p Plugin) *wasm.Spec {
	for _, other := range h.plugins {
		if other.spec.Module == module && other.VMID == p.VMID &&
			string(other.VMConfiguration) == string(p.VMConfiguration) {
			return other.spec
		}
	}
	spec := &wasm.Spec{Module: module, ID: p.VMID, Configuration: p.VMConfiguration, Host: &h.services}
	for name, value := range p.Env {
		spec.Env = append(spec.Env, name+"="+value)
	}
	slices.Sort(spec.Env)
	if len(p.Capabilities) > 0 {
		spec.Capabilities = map[string]bool{}
		for _, name := range p.Capabilities {
			spec.Capabilities[name] = true
		}
	}
	return spec
}

// startWorkers tries each plugin in a VM that is thrown away, then starts it on the
// main thread and on the workers.
func (h *Host) startWorkers(ctx context.Context) error {
	h.main = newWorker(h, -1)
	for range max(h.opts.Workers, 1) {
		h.workers = append(h.workers, newWorker(h, len(h.workers)))
	}
	for _, p := range h.plugins {
		if err := h.canary(ctx, p); err != nil {
			return err
		}
	}
	for _, w := range append([]*worker{h.main}, h.workers...) {
		w.run(func() { w.startAll(ctx) })
	}
	return nil
}

// canary tries a plugin's configuration.
func (h *Host) canary(ctx context.Context, p *plugin) (err error) {
	h.main.run(func() {
		vm := wasm.NewVM(ctx, p.spec, h.main)
		defer vm.Close()
		if vm.Failed() != nil {
			err = &LoadError{p.Name, vm.Failed()}
			return
		}
		accepted := vm.StartPlugin(p.wasm)
		switch {
		case vm.Failed() != nil:
			err = &LoadError{p.Name, vm.Failed()}
		case !accepted:
			err = &ConfigError{p.Name, h.takeWarnings(), len(p.Configuration) == 0}
		}
	})
	return err
}

func (h *Host) fillRandom(p []byte) {
	h.random.Lock()
	defer h.random.Unlock()
	if h.opts.Rand == nil {
		rand.Read(p)
		return
	}
	if _, err := io.ReadFull(h.opts.Rand, p); err != nil {
		clear(p)
	}
}

func (h *Host) log(_ int, level abi.Level, message string) {
	h.logging.Lock()
	defer h.logging.Unlock()
	if h.starting && level >= LevelWarn {
		h.warnings = append(h.warnings, message)
	}
	if h.opts.Log != nil {
		h.opts.Log(level, message)
	}
}

func (h *Host) takeWarnings() []string {
	h.logging.Lock()
	defer h.logging.Unlock()
	return h.warnings
}

func (h *Host) trace(worker int, line string) {
	h.logging.Lock()
	defer h.logging.Unlock()
	name := "main"
	if worker >= 0 {
		name = fmt.Sprint(worker)
	}
	io.WriteString(h.opts.Trace, name+"\t"+line+"\n")
}

func (h *Host) vmFailed(worker int, err error) {
	h.mu.Lock()
	h.failures = append(h.failures, err)
	h.mu.Unlock()
	h.log(worker, LevelError, err.Error())
}

// Failures are the errors of all VMs that could not be used any more, oldest first.
// Each is a *TrapError unless the VM could not be made.
func (h *Host) Failures() []error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.failures)
}

// Stats are the metrics of all filters by name. Envoy shows the same ones with
// "wasmcustom." in front. A histogram shows how many values it got.
func (h *Host) Stats() map[string]uint64 { return h.services.Metrics.Snapshot() }

// SharedData is a copy of the shared data of one VM id.
func (h *Host) SharedData(vmID string) map[string]string { return h.services.Data.Dump(vmID) }

// Tick calls proxy_on_tick of every plugin on every worker and on the main thread,
// whether or not they set a period.
func (h *Host) Tick() {
	for _, w := range append([]*worker{h.main}, h.workers...) {
		w.run(w.tick)
	}
}

// Close ends all streams and VMs.
func (h *Host) Close() error {
	h.mu.Lock()
	closed := h.closed
	h.closed = true
	h.mu.Unlock()
	if closed {
		return nil
	}
	for _, w := range h.workers {
		w.run(w.stop)
	}
	if h.main != nil {
		h.main.run(h.main.stop)
	}
	for _, c := range h.clusters {
		c.closeIdle()
	}
	var errs []error
	for _, module := range h.modules {
		errs = append(errs, module.Close(context.Background()))
	}
	return errors.Join(errs...)
}

// uuid makes a request id as Envoy does: a random UUID of version 4.
func (h *Host) uuid() string {
	var b [16]byte
	h.fillRandom(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	x := fmt.Sprintf("%x", b)
	return strings.Join([]string{x[:8], x[8:12], x[12:16], x[16:20], x[20:]}, "-")
}
