package wasm

import (
	"context"
	"errors"

	"github.com/tetratelabs/wazero/api"

	"github.com/sparkward/sparkward/hostsim/internal/abi"
)

// kind says what one parameter of a host call is, and how many words it takes.
type kind uint8

const (
	number kind = iota // an integer
	long               // a 64-bit integer
	enum               // a number of an enum; one out of bounds is refused
	input              // pointer and size of bytes to read
	output             // pointers for the pointer and the size of bytes to write
	word               // pointer for a 32-bit number to write
	dword              // pointer for a 64-bit number to write
)

// param is one parameter of a host call.
type param struct {
	name string
	kind kind
	enum abi.Enum
}

func num(name string) param             { return param{name: name, kind: number} }
func num64(name string) param           { return param{name: name, kind: long} }
func one(name string, e abi.Enum) param { return param{name: name, kind: enum, enum: e} }
func in(name string) param              { return param{name: name, kind: input} }
func out(name string) param             { return param{name: name, kind: output} }
func out32(name string) param           { return param{name: name, kind: word} }
func out64(name string) param           { return param{name: name, kind: dword} }

// hostCall is one function of the ABI that a filter may call.
type hostCall struct {
	name   string
	params []param
	run    func(f *frame) abi.Status
	// always writes word results even if the call did not succeed.
	always bool
	// shared marks a call on what workers share: a scheduler may switch workers before it.
	shared bool
}

// frame is one running host call: its arguments, in the order of their kind.
type frame struct {
	vm    *VM
	ctx   *Context // the effective context
	num   [4]uint64
	in    [6][]byte
	out   []byte
	out32 [2]uint32
	out64 uint64
}

func (f *frame) u32(i int) uint32 { return uint32(f.num[i]) }

// str copies an input: what a call keeps must not change with the filter's memory.
func (f *frame) str(i int) string { return string(f.in[i]) }

func (c *hostCall) signature() string {
	sig := ""
	for _, p := range c.params {
		switch p.kind {
		case long:
			sig += "I"
		case input, output:
			sig += "ii"
		default:
			sig += "i"
		}
	}
	return sig + "->i"
}

// errRestricted is the trap of a host call that is made while the module starts.
var errRestricted = errors.New("restricted_callback: the module made a host call in its start function")

// invoke is the function that wazero calls.
func (c *hostCall) invoke(ctx context.Context, _ api.Module, stack []uint64) {
	vm := ctx.Value(vmKey{}).(*VM)
	if !vm.started && c.name != "proxy_log" {
		panic(errRestricted)
	}
	if c.shared {
		vm.Spec.Host.Yield(vm.Worker.Index(), c.name)
	}
	f := vm.pushFrame()
	status := c.decode(f, stack)
	tracing := vm.tracing()
	if tracing {
		vm.traceHostCall(c, f, stack)
	}
	if !vm.Spec.allowed(c.name) {
		vm.Spec.Host.Log(vm.Worker.Index(), abi.Error, "Attempted call to restricted proxy-wasm capability: "+c.name)
		status = abi.InternalFailure
	}
	if status == abi.OK {
		status = c.run(f)
	}
	if status == abi.OK || c.always {
		if written := c.write(f, stack); status == abi.OK {
			status = written
		}
	}
	if tracing {
		vm.traceHostReturn(c, f, status)
	}
	vm.popFrame()
	stack[0] = uint64(status)
}

func (vm *VM) pushFrame() *frame {
	if len(vm.frames) == cap(vm.frames) || vm.frames[:len(vm.frames)+1][len(vm.frames)] == nil {
		vm.frames = append(vm.frames, &frame{vm: vm})
	} else {
		vm.frames = vm.frames[:len(vm.frames)+1]
	}
	f := vm.frames[len(vm.frames)-1]
	*f = frame{vm: vm, ctx: vm.effective()}
	return f
}

func (vm *VM) popFrame() { vm.frames = vm.frames[:len(vm.frames)-1] }

// decode reads the arguments. As in Envoy an enum out of bounds is refused before
// any memory is looked at.
func (c *hostCall) decode(f *frame, stack []uint64) abi.Status {
	status := abi.OK
	nums, ins := 0, 0
	for i, at := 0, 0; i < len(c.params); i++ {
		switch p := c.params[i]; p.kind {
		case enum:
			if uint32(stack[at]) >= uint32(len(p.enum)) {
				return abi.BadArgument
			}
			fallthrough
		case number:
			f.num[nums] = uint64(uint32(stack[at]))
			nums, at = nums+1, at+1
		case long:
			f.num[nums] = stack[at]
			nums, at = nums+1, at+1
		case input:
			data, ok := f.vm.memory.Read(uint32(stack[at]), uint32(stack[at+1]))
			if !ok {
				status = abi.InvalidMemoryAccess
			}
			f.in[ins] = data
			ins, at = ins+1, at+2
		case output:
			at += 2
		default:
			at++
		}
	}
	return status
}

// write hands the results over.
func (c *hostCall) write(f *frame, stack []uint64) abi.Status {
	at, words := 0, 0
	for _, p := range c.params {
		ok := true
		switch p.kind {
		case output:
			if status := f.vm.writeBytes(uint32(stack[at]), uint32(stack[at+1]), f.out); status != abi.OK {
				return status
			}
			at++
		case word:
			ok = f.vm.memory.WriteUint32Le(uint32(stack[at]), f.out32[words])
			words++
		case dword:
			ok = f.vm.memory.WriteUint64Le(uint32(stack[at]), f.out64)
		case input:
			at++
		}
		if !ok {
			return abi.InvalidMemoryAccess
		}
		at++
	}
	return abi.OK
}
