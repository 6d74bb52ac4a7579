package wasm

import (
	"encoding/binary"
	"errors"
	"strings"

	"github.com/sparkward/sparkward/hostsim/internal/abi"
)

// WASI error numbers.
const (
	wasiBadf   = 8
	wasiFault  = 21
	wasiInval  = 28
	wasiNoent  = 44
	wasiNosys  = 52
	wasiNotdir = 20
	wasiNotsup = 58
	wasiNotcap = 76
)

// maxRandom is the most bytes that random_get gives at once
// (PROXY_WASM_HOST_WASI_RANDOM_GET_MAX_SIZE_BYTES).
const maxRandom = 64 << 10

func (vm *VM) put64(ptr, value uint64) uint64 {
	if !vm.memory.WriteUint64Le(uint32(ptr), value) {
		return wasiFault
	}
	return 0
}

// fdWrite sends what is written to stdout to the log as info, to stderr as error.
func (vm *VM) fdWrite(a []uint64) uint64 {
	written, errno := vm.writev(uint32(a[0]), uint32(a[1]), uint32(a[2]))
	if errno == 0 && !vm.memory.WriteUint32Le(uint32(a[3]), written) {
		return wasiFault
	}
	return errno
}

func (vm *VM) fdPwrite(a []uint64) uint64 {
	return vm.fdWrite([]uint64{a[0], a[1], a[2], a[4]})
}

func (vm *VM) writev(fd, iovs, count uint32) (written uint32, errno uint64) {
	level := abi.Info
	switch fd {
	case 1:
	case 2:
		level = abi.Error
	default:
		return 0, wasiBadf
	}
	var text []byte
	for i := range count {
		vector, ok := vm.memory.Read(iovs+8*i, 8)
		if !ok {
			return 0, wasiFault
		}
		part, ok := vm.memory.Read(binary.LittleEndian.Uint32(vector), binary.LittleEndian.Uint32(vector[4:]))
		if !ok {
			return 0, wasiFault
		}
		if len(text)+len(part) > maxLogged {
			return 0, wasiInval
		}
		text = append(text, part...)
	}
	if len(text) > 0 {
		vm.effective().log(level, strings.TrimSuffix(string(text), "\n"))
	}
	return uint32(len(text)), 0
}

// maxLogged bounds one write: vectors may name the same bytes again and again.
const maxLogged = 16 << 20

// fdstat says that stdout and stderr can be written and nothing else is open.
func (vm *VM) fdstat(a []uint64) uint64 {
	if onStd(vm, a) != 0 {
		return wasiBadf
	}
	const rightToWrite = 64
	var stat [24]byte
	stat[8] = rightToWrite
	vm.memory.Write(uint32(a[1]), stat[:])
	return 0
}

func (vm *VM) environ(a []uint64) uint64 {
	list, text := uint32(a[0]), uint32(a[1])
	for _, variable := range vm.Spec.Env {
		if !vm.memory.WriteUint32Le(list, text) || !vm.memory.Write(text, append([]byte(variable), 0)) {
			return wasiFault
		}
		list, text = list+4, text+uint32(len(variable))+1
	}
	return 0
}

func (vm *VM) environSizes(a []uint64) uint64 {
	size := 0
	for _, variable := range vm.Spec.Env {
		size += len(variable) + 1
	}
	if !vm.memory.WriteUint32Le(uint32(a[0]), uint32(len(vm.Spec.Env))) ||
		!vm.memory.WriteUint32Le(uint32(a[1]), uint32(size)) {
		return wasiFault
	}
	return 0
}

func (vm *VM) argsSizes(a []uint64) uint64 {
	if !vm.memory.WriteUint32Le(uint32(a[0]), 0) || !vm.memory.WriteUint32Le(uint32(a[1]), 0) {
		return wasiFault
	}
	return 0
}

func (vm *VM) clockTime(a []uint64) uint64 {
	switch uint32(a[0]) {
	case 0:
		return vm.put64(a[2], uint64(vm.now()))
	case 1:
		return vm.put64(a[2], uint64(vm.Spec.Host.Monotone()))
	}
	return wasiNotsup
}

func (vm *VM) clockResolution(a []uint64) uint64 {
	if uint32(a[0]) > 1 {
		return wasiNotsup
	}
	return vm.put64(a[1], 1)
}

// maxPolls is how often a filter may wait in a row for a clock that does not move.
const maxPolls = 100_000

// errStill is the trap of a filter that would wait for ever.
var errStill = errors.New("poll_oneoff: the filter waits for a time to come, and the host's clock stands still")

// pollOneoff returns at once, without an event: whoever sleeps asks for the time again.
func (vm *VM) pollOneoff(a []uint64) uint64 {
	if vm.Spec.Host.OldPoll {
		return wasiNosys
	}
	if now := vm.Spec.Host.Monotone(); now != vm.polled {
		vm.polled, vm.polls = now, 0
	}
	if vm.polls++; vm.polls > maxPolls {
		panic(errStill)
	}
	return zeroThen(3, 0)(vm, a)
}

func (vm *VM) random(a []uint64) uint64 {
	size := uint32(a[1])
	if size > maxRandom {
		return wasiInval
	}
	buffer, ok := vm.memory.Read(uint32(a[0]), size)
	if !ok {
		return wasiFault
	}
	vm.Spec.Host.Random(buffer)
	return 0
}

// now is the wall clock in nanoseconds since 1970.
func (vm *VM) now() int64 { return vm.Spec.Host.Now().UnixNano() }
