package wasm

import (
	"context"
	"encoding/binary"
	"errors"
	"strings"

	"github.com/tetratelabs/wazero/api"

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

// rawFunction is a host function that is no proxy-wasm call.
type rawFunction struct {
	sig string
	run func(vm *VM, a []uint64) uint64
	// start says that the module may call it while it starts.
	start bool
}

func (fn rawFunction) invoke(name string) api.GoModuleFunc {
	_, short, _ := strings.Cut(name, ".")
	wasi := strings.HasPrefix(name, "wasi")
	return func(ctx context.Context, _ api.Module, stack []uint64) {
		vm := ctx.Value(vmKey{}).(*VM)
		if !vm.started && !fn.start {
			panic(errRestricted)
		}
		result := uint64(wasiNotcap)
		if wasi && !vm.Spec.allowed(short) {
			vm.Spec.Host.Log(vm.Worker.Index(), abi.Error, "Attempted call to restricted WASI capability: "+short)
		} else {
			result = fn.run(vm, stack)
		}
		if strings.HasSuffix(fn.sig, ">i") {
			stack[0] = result
		}
	}
}

func fails(errno uint64) func(*VM, []uint64) uint64 {
	return func(*VM, []uint64) uint64 { return errno }
}

// onStd succeeds for stdout and stderr.
func onStd(_ *VM, a []uint64) uint64 {
	if fd := uint32(a[0]); fd != 1 && fd != 2 {
		return wasiBadf
	}
	return 0
}

// zeroThen writes a zero word to the given argument and returns errno.
func zeroThen(arg int, errno uint64) func(*VM, []uint64) uint64 {
	return func(vm *VM, a []uint64) uint64 {
		if !vm.memory.WriteUint32Le(uint32(a[arg]), 0) {
			return wasiFault
		}
		return errno
	}
}

var envFunctions = map[string]rawFunction{
	"pthread_equal": {"ii->i", func(_ *VM, a []uint64) uint64 {
		if uint32(a[0]) == uint32(a[1]) {
			return 1
		}
		return 0
	}, false},
	"emscripten_notify_memory_growth": {"i->", fails(0), true},
}

// wasiFunctions is Envoy's WASI: no files, no sockets, no arguments; output goes to
// the log. It holds for wasi_snapshot_preview1 and wasi_unstable.
var wasiFunctions = map[string]rawFunction{
	"fd_write":              {"iiii->i", (*VM).fdWrite, true},
	"fd_read":               {"iiii->i", fails(wasiNosys), false},
	"fd_seek":               {"iIii->i", fails(0), false},
	"fd_close":              {"i->i", fails(0), false},
	"fd_fdstat_get":         {"ii->i", (*VM).fdstat, true},
	"fd_fdstat_set_flags":   {"ii->i", fails(wasiNosys), true},
	"fd_fdstat_set_rights":  {"iII->i", onStd, true},
	"environ_get":           {"ii->i", (*VM).environ, true},
	"environ_sizes_get":     {"ii->i", (*VM).environSizes, true},
	"args_get":              {"ii->i", fails(0), true},
	"args_sizes_get":        {"ii->i", (*VM).argsSizes, true},
	"clock_time_get":        {"iIi->i", (*VM).clockTime, true},
	"clock_res_get":         {"ii->i", (*VM).clockResolution, true},
	"fd_advise":             {"iIIi->i", fails(0), true},
	"fd_allocate":           {"iII->i", onStd, true},
	"fd_datasync":           {"i->i", onStd, true},
	"fd_filestat_get":       {"ii->i", fails(wasiBadf), true},
	"fd_filestat_set_size":  {"iI->i", onStd, true},
	"fd_filestat_set_times": {"iIIi->i", onStd, true},
	"fd_pread":              {"iiiIi->i", fails(wasiNosys), true},
	"fd_pwrite":             {"iiiIi->i", (*VM).fdPwrite, true},
	"fd_readdir":            {"iiiIi->i", zeroThen(4, wasiNotdir), true},
	"fd_renumber": {"ii->i", func(_ *VM, a []uint64) uint64 {
		if onStd(nil, a) != 0 || onStd(nil, a[1:]) != 0 {
			return wasiBadf
		}
		return wasiNotsup
	}, true},
	"fd_sync": {"i->i", onStd, true},
	"fd_tell": {"ii->i", func(vm *VM, a []uint64) uint64 {
		if errno := onStd(vm, a); errno != 0 {
			return errno
		}
		return vm.put64(a[1], 0)
	}, true},
	"fd_prestat_get":          {"ii->i", fails(wasiBadf), true},
	"fd_prestat_dir_name":     {"iii->i", fails(wasiNosys), true},
	"path_open":               {"iiiiiIIii->i", fails(wasiNoent), false},
	"path_create_directory":   {"iii->i", fails(wasiNotsup), true},
	"path_filestat_get":       {"iiiii->i", fails(wasiNotsup), true},
	"path_filestat_set_times": {"iiiiIIi->i", fails(wasiNotsup), true},
	"path_link":               {"iiiiiii->i", fails(wasiNotsup), true},
	"path_readlink":           {"iiiiii->i", zeroThen(5, wasiNotsup), true},
	"path_remove_directory":   {"iii->i", fails(wasiNotsup), true},
	"path_rename":             {"iiiiii->i", fails(wasiNotsup), true},
	"path_symlink":            {"iiiii->i", fails(wasiNotsup), true},
	"path_unlink_file":        {"iii->i", fails(wasiNotsup), true},
	"sock_accept": {"iii->i", func(vm *VM, a []uint64) uint64 {
		if errno := vm.put64(a[2], 0); errno != 0 {
			return errno
		}
		return wasiNotsup
	}, true},
	"sock_recv": {"iiiiii->i", func(vm *VM, a []uint64) uint64 {
		if !vm.memory.WriteUint32Le(uint32(a[4]), 0) || !vm.memory.WriteUint16Le(uint32(a[5]), 0) {
			return wasiFault
		}
		return wasiNotsup
	}, true},
	"sock_send":     {"iiiii->i", zeroThen(4, wasiNotsup), true},
	"sock_shutdown": {"ii->i", fails(wasiNotsup), true},
	"random_get":    {"ii->i", (*VM).random, true},
	"sched_yield":   {"->i", fails(0), false},
	"poll_oneoff":   {"iiii->i", (*VM).pollOneoff, true},
	"proc_exit":     {"i->", fails(0), false}, // Envoy logs it and goes on
}

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
