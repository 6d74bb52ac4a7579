package wasm

import (
	"context"
	"strings"

	"github.com/tetratelabs/wazero/api"

	"github.com/sparkward/sparkward/hostsim/internal/abi"
)

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
