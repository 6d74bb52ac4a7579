package wasm

import (
	"context"
	"errors"
	"time"

	"github.com/tetratelabs/wazero/api"

	"github.com/sparkward/sparkward/hostsim/internal/abi"
)

// VM is one instance of a module: what Envoy calls a Wasm.
type VM struct {
	Spec   *Spec
	Worker Worker

	module   api.Module
	memory   api.Memory
	memories memories
	calls    [callbackCount]api.Function
	malloc   api.Function
	mallocIn string // the export's name
	inMalloc int
	started  bool

	err      error // why the VM failed; nil while it works
	runtime  bool  // it failed in a callback, not while it was made
	contexts map[uint32]*Context
	nextID   uint32
	vmCtx    *Context
	current  *Context // whose callback runs, nil for none
	override uint32   // proxy_set_effective_context
	depth    int
	frames   []*frame

	polled time.Duration // the time at the last poll_oneoff
	polls  int           // how often it was called then

	stopIteration bool
	after         []func()

	roots, pendingDone map[string]*Context
	metrics            metricTable
	callouts           callouts
	ctx                context.Context
}

// Spec is what makes two plugins share a VM on each worker: the same code, VM id
// and VM configuration.
type Spec struct {
	Module        *Module
	ID            string
	Configuration []byte
	Env           []string // NAME=value
	// Capabilities are the only exports and imports in use; empty means all.
	Capabilities map[string]bool
	Host         *Services
}

// vmKey is how a host call finds its VM in the context it is given.
type vmKey struct{}

func (spec *Spec) allowed(capability string) bool {
	return len(spec.Capabilities) == 0 || spec.Capabilities[capability]
}

// NewVM instantiates the module and runs its start function.
func NewVM(ctx context.Context, spec *Spec, worker Worker) *VM {
	vm := &VM{Spec: spec, Worker: worker, nextID: 1, contexts: map[uint32]*Context{},
		roots: map[string]*Context{}, pendingDone: map[string]*Context{}}
	vm.vmCtx = &Context{vm: vm}
	vm.vmCtx.parent, vm.vmCtx.root = vm.vmCtx, vm.vmCtx
	vm.contexts[0] = vm.vmCtx
	vm.ctx = context.WithValue(vm.memories.within(ctx), vmKey{}, vm)
	if err := vm.instantiate(); err != nil {
		vm.fail(err, false)
	}
	return vm
}

// enter makes ctx the current context until the returned function is called.
func (vm *VM) enter(ctx *Context) (leave func()) {
	current, override := vm.current, vm.override
	vm.current, vm.override = ctx, 0
	vm.depth++
	return func() {
		vm.depth--
		vm.current, vm.override = current, override
	}
}

// effective is the context that host calls act on.
func (vm *VM) effective() *Context {
	if vm.override != 0 {
		if ctx := vm.contexts[vm.override]; ctx != nil {
			return ctx
		}
	}
	return vm.current
}

// call calls back into the filter. ok is false if the filter does not export the
// callback or failed in it.
func (vm *VM) call(id callbackID, ctx *Context, args ...uint32) (result uint32, ok bool) {
	fn := vm.calls[id]
	if fn == nil || vm.err != nil {
		return 0, false
	}
	leave := vm.enter(ctx)
	defer leave()
	if vm.tracing() {
		vm.traceCallback(id, args)
	}
	var stack [6]uint64
	for i, arg := range args {
		stack[i] = uint64(arg)
	}
	limited, cancel := vm.limited()
	defer cancel()
	if err := fn.CallWithStack(limited, stack[:]); err != nil {
		err = trapError(callbacks[id].name, err)
		vm.trace("<-- trap")
		vm.fail(err, true)
		return 0, false
	}
	if vm.tracing() {
		vm.traceReturn(id, uint32(stack[0]))
	}
	return uint32(stack[0]), true
}

// limited is the context of one call into the filter.
func (vm *VM) limited() (context.Context, context.CancelFunc) {
	if limit := vm.Spec.Host.CallTimeout; limit > 0 {
		return context.WithTimeout(vm.ctx, limit)
	}
	return vm.ctx, func() {}
}

// has reports whether the filter exports a callback.
func (vm *VM) has(id callbackID) bool { return vm.calls[id] != nil }

// finish does what the callback put off: Envoy's DeferAfterCallActions.
func (vm *VM) finish() {
	vm.stopIteration = false
	for len(vm.after) > 0 {
		action := vm.after[0]
		vm.after = vm.after[1:]
		action()
	}
}

// later puts an action off until the running callback returned.
func (vm *VM) later(action func()) { vm.after = append(vm.after, action) }

// allocate gets memory from the filter and copies data there.
func (vm *VM) allocate(data []byte) (ptr uint32, ok bool) {
	if len(data) == 0 {
		return 0, true
	}
	fn := vm.malloc
	if vm.inMalloc > 0 { // one api.Function must not call itself
		fn = vm.module.ExportedFunction(vm.mallocIn)
	}
	vm.inMalloc++
	defer func() { vm.inMalloc-- }()
	leave := vm.enter(vm.vmCtx)
	defer leave()
	stack := [1]uint64{uint64(len(data))}
	ctx, cancel := vm.limited()
	defer cancel()
	if err := fn.CallWithStack(ctx, stack[:]); err != nil {
		vm.fail(trapError(vm.mallocIn, err), true)
		return 0, false
	}
	ptr = uint32(stack[0])
	return ptr, ptr != 0 && vm.memory.Write(ptr, data)
}

// writeBytes allocates data and tells the filter where.
func (vm *VM) writeBytes(ptrPtr, sizePtr uint32, data []byte) abi.Status {
	ptr, ok := vm.allocate(data)
	if !ok || !vm.memory.WriteUint32Le(ptrPtr, ptr) || !vm.memory.WriteUint32Le(sizePtr, uint32(len(data))) {
		return abi.InvalidMemoryAccess
	}
	return abi.OK
}

// ErrClosed is why a VM cannot be used after Close.
var ErrClosed = errors.New("the VM is closed")

// Close frees the instance. Nothing may run in it.
func (vm *VM) Close() {
	if vm.err == nil {
		vm.err = ErrClosed
	}
	if vm.module != nil {
		vm.module.Close(vm.ctx)
	}
	vm.module, vm.memory, vm.malloc = nil, nil, nil
	clear(vm.calls[:])
	vm.memories.free()
}

// MemorySize is the size of the filter's memory in bytes.
func (vm *VM) MemorySize() int {
	if vm.memory == nil {
		return 0
	}
	return int(vm.memory.Size())
}
