package hostsim

import (
	"context"
	"encoding/binary"
	"sync"
	"time"

	"github.com/sparkward/sparkward/hostsim/internal/chain"
	"github.com/sparkward/sparkward/hostsim/internal/wasm"
)

// worker is one event loop. What it does is done under its lock, one thing at a time.
type worker struct {
	host  *Host
	index int
	ctx   context.Context

	mu      sync.Mutex
	vms     map[*wasm.Spec]*wasm.VM
	handles []handle // by plugin
	streams map[*stream]struct{}
	dirty   []*stream
	entries []Entry
	stopped bool

	posting sync.Mutex
	posted  []func()
}

// handle is a plugin's hold on its VM on one worker.
type handle struct {
	vm     *wasm.VM
	loaded time.Time
}

func newWorker(h *Host, index int) *worker {
	return &worker{host: h, index: index, vms: map[*wasm.Spec]*wasm.VM{}, handles: make([]handle, len(h.plugins)),
		streams: map[*stream]struct{}{}}
}

// do does f with the worker held, then what was posted meanwhile. What came out for the
// clients and upstreams of streams is sent when the worker is free again: for the
// stream own by the caller, for others in the background.
func (w *worker) do(own *stream, f func()) {
	w.mu.Lock()
	f()
	for next := w.takePosted(); next != nil; next = w.takePosted() {
		next()
	}
	dirty, entries := w.dirty, w.entries
	w.dirty, w.entries = nil, nil
	for _, s := range dirty {
		s.dirty = false
	}
	w.mu.Unlock()
	for _, e := range entries {
		w.host.opts.AccessLog(e)
	}
	for _, s := range dirty {
		if s != own {
			go s.pump()
		}
	}
	if len(dirty) > 0 && own != nil {
		own.pump()
	}
}

// run is do for callers without a stream.
func (w *worker) run(f func()) { w.do(nil, f) }

func (w *worker) takePosted() func() {
	w.posting.Lock()
	defer w.posting.Unlock()
	if len(w.posted) == 0 {
		return nil
	}
	next := w.posted[0]
	w.posted = w.posted[1:]
	return next
}

// Index implements wasm.Worker.
func (w *worker) Index() int { return w.index }

// Post implements wasm.Worker.
func (w *worker) Post(f func()) {
	w.posting.Lock()
	w.posted = append(w.posted, f)
	w.posting.Unlock()
	go w.run(func() {})
}

// AfterFunc implements wasm.Worker.
func (w *worker) AfterFunc(d time.Duration, f func()) func() {
	stopped := false // guarded by the worker
	stop := w.host.clock.AfterFunc(d, func() {
		w.run(func() {
			if !stopped && !w.stopped {
				f()
			}
		})
	})
	return func() {
		stopped = true
		stop()
	}
}

// startAll starts every plugin.
func (w *worker) startAll(ctx context.Context) {
	w.ctx = context.WithoutCancel(ctx)
	for i := range w.host.plugins {
		w.load(i)
	}
}

// load gives plugin i a VM: one that works already, else a new one.
func (w *worker) load(i int) {
	p := w.host.plugins[i]
	vm := w.vms[p.spec]
	if vm == nil || vm.Failed() != nil {
		if vm != nil {
			vm.Close()
		}
		vm = wasm.NewVM(w.ctx, p.spec, w)
		w.vms[p.spec] = vm
	}
	if vm.Failed() == nil {
		vm.StartPlugin(p.wasm)
	}
	w.handles[i] = handle{vm, w.host.clock.Now()}
}

// filters makes the filters of one stream.
func (w *worker) filters() []func(*chain.Handle) chain.Filter {
	makers := make([]func(*chain.Handle) chain.Filter, len(w.host.plugins))
	for i, p := range w.host.plugins {
		w.reload(i)
		vm := w.handles[i].vm
		makers[i] = func(handle *chain.Handle) chain.Filter {
			if vm.Failed() != nil && p.FailurePolicy == FailOpen {
				return nil
			}
			return wasm.NewStream(vm, p.wasm, handle)
		}
	}
	return makers
}

// reload starts plugin i again if its VM failed, its policy says so, and it is not too
// early.
func (w *worker) reload(i int) {
	p, handle := w.host.plugins[i], w.handles[i]
	if p.FailurePolicy != FailReload || !handle.vm.Reloadable() {
		return
	}
	if w.host.clock.Now().Sub(handle.loaded) >= w.host.backoff(p.ReloadBackoff) {
		w.load(i)
	}
}

// backoff is base and up to half of it more at random: Envoy's
// JitteredLowerBoundBackOffStrategy.
func (h *Host) backoff(base time.Duration) time.Duration {
	if base <= 0 {
		base = time.Second
	}
	var b [8]byte
	h.fillRandom(b[:])
	half := uint64(max(base/2, 1))
	return base + time.Duration(binary.LittleEndian.Uint64(b[:])%half)
}

// tick calls every plugin's proxy_on_tick.
func (w *worker) tick() {
	for i, p := range w.host.plugins {
		if root := w.handles[i].vm.Root(p.wasm); root != nil {
			root.Tick()
		}
	}
}

// stop ends the streams and the VMs.
func (w *worker) stop() {
	w.stopped = true
	for s := range w.streams {
		s.chain.Reset()
	}
	for i, p := range w.host.plugins {
		if i < len(w.handles) && w.handles[i].vm != nil {
			w.handles[i].vm.StopPlugin(p.wasm)
		}
	}
	for _, vm := range w.vms {
		vm.Close()
	}
}

var _ wasm.Worker = (*worker)(nil)
