package hostsim_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// tiny builds small WebAssembly modules by hand, for filters that no compiler makes.
type tiny struct {
	imports []tinyFunc
	funcs   []tinyFunc // exported, but for names that begin with a dot
	pages   int        // of memory; 0 means 1
	start   string     // the name of the function to start with
	data    string     // at address 1024
}

// tinyFunc is a function: its type as in "ii>i", its name, and its code.
type tinyFunc struct {
	name, sig string
	module    string // of an import; empty means env
	code      []byte
}

// Opcodes.
const (
	opUnreachable = 0x00
	opLoop        = 0x03
	opBranch      = 0x0c
	opCall        = 0x10
	opDrop        = 0x1a
	opLocalGet    = 0x20
	opConst       = 0x41
	opLoad        = 0x28
	opMemoryGrow  = 0x40
	opEnd         = 0x0b
	voidBlock     = 0x40
)

func uleb(n uint64) []byte { return binary.AppendUvarint(nil, n) }

// sleb encodes a constant.
func sleb(n int64) (out []byte) {
	for {
		b := byte(n & 0x7f)
		n >>= 7
		if n == 0 && b&0x40 == 0 || n == -1 && b&0x40 != 0 {
			return append(out, b)
		}
		out = append(out, b|0x80)
	}
}

// constant pushes a number.
func constant(n int64) []byte { return append([]byte{opConst}, sleb(n)...) }

// call calls function number n: imports come first.
func call(n int) []byte { return append([]byte{opCall}, uleb(uint64(n))...) }

// code joins pieces of code.
func code(pieces ...[]byte) []byte { return slices.Concat(pieces...) }

func vector(items [][]byte) []byte {
	out := uleb(uint64(len(items)))
	for _, item := range items {
		out = append(out, item...)
	}
	return out
}

func section(id byte, content []byte) []byte {
	return slices.Concat([]byte{id}, uleb(uint64(len(content))), content)
}

func name(s string) []byte { return append(uleb(uint64(len(s))), s...) }

func sigType(sig string) []byte {
	kinds := func(letters string) []byte {
		out := uleb(uint64(len(letters)))
		for _, l := range letters {
			out = append(out, map[rune]byte{'i': 0x7f, 'I': 0x7e}[l])
		}
		return out
	}
	for i := range sig {
		if sig[i] == '>' {
			return slices.Concat([]byte{0x60}, kinds(sig[:i]), kinds(sig[i+1:]))
		}
	}
	panic("bad signature " + sig)
}

// build encodes the module. What a filter must export is added unless it is there: the
// ABI version and an allocator, which gives address 4096.
func (m tiny) build() []byte {
	has := func(name string) bool {
		return slices.ContainsFunc(m.funcs, func(f tinyFunc) bool { return f.name == name })
	}
	if !has("proxy_abi_version_0_2_0") && !has(".noabi") {
		m.funcs = append(m.funcs, tinyFunc{name: "proxy_abi_version_0_2_1", sig: ">"})
	}
	if !has("malloc") && !has(".nomalloc") {
		m.funcs = append(m.funcs, tinyFunc{name: "malloc", sig: "i>i", code: constant(4096)})
	}
	var types, imports, funcs, exports, codes [][]byte
	for i, f := range slices.Concat(m.imports, m.funcs) {
		types = append(types, sigType(f.sig))
		if i < len(m.imports) {
			module := f.module
			if module == "" {
				module = "env"
			}
			imports = append(imports, slices.Concat(name(module), name(f.name), []byte{0}, uleb(uint64(i))))
			continue
		}
		funcs = append(funcs, uleb(uint64(i)))
		if f.name[0] != '.' {
			exports = append(exports, slices.Concat(name(f.name), []byte{0}, uleb(uint64(i))))
		}
		body := slices.Concat([]byte{0}, f.code, []byte{opEnd})
		codes = append(codes, append(uleb(uint64(len(body))), body...))
	}
	exports = append(exports, append(name("memory"), 2, 0))
	out := slices.Concat([]byte("\x00asm\x01\x00\x00\x00"), section(1, vector(types)), section(2, vector(imports)),
		section(3, vector(funcs)), section(5, vector([][]byte{append([]byte{0}, uleb(uint64(max(m.pages, 1)))...)})),
		section(7, vector(exports)))
	for i, f := range m.funcs {
		if f.name == m.start {
			out = append(out, section(8, uleb(uint64(len(m.imports)+i)))...)
		}
	}
	out = append(out, section(10, vector(codes))...)
	if m.data != "" {
		out = append(out, section(11, vector([][]byte{slices.Concat([]byte{0}, constant(1024), []byte{opEnd}, name(m.data))}))...)
	}
	return out
}

// saveTiny writes the modules that cases name as wasm tiny/NAME.
func saveTiny(t testing.TB) {
	t.Helper()
	for name, module := range tinyModules {
		file := filepath.Join("..", "build", "tiny", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, module.build(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

const requestHeaders = "proxy_on_request_headers"

// getHeader imports proxy_get_header_map_value as function 0.
var getHeader = tinyFunc{name: "proxy_get_header_map_value", sig: "iiiii>i"}

// readPath calls it for :path, which must be at address 1024. The results go to where
// and behind.
func readPath(where int64) []byte {
	return code(constant(0), constant(1024), constant(5), constant(where), constant(where+4), call(0))
}

// tinyModules are filters with one fault or oddity each.
var tinyModules = map[string]tiny{
	// nothing but what must be there
	"bare.wasm": {},
	// the old allocator's name, and the older ABI
	"old.wasm": {imports: []tinyFunc{getHeader}, data: ":path", funcs: []tinyFunc{
		{name: "proxy_abi_version_0_2_0", sig: ">"},
		{name: requestHeaders, sig: "iii>i", code: code(readPath(2048), []byte{opDrop}, constant(0))}}},
	// both allocators: malloc is taken
	"both.wasm": {imports: []tinyFunc{getHeader}, data: ":path", funcs: []tinyFunc{
		{name: "malloc", sig: "i>i", code: constant(8192)},
		{name: "proxy_on_memory_allocate", sig: "i>i", code: []byte{opUnreachable}},
		{name: requestHeaders, sig: "iii>i", code: code(readPath(2048), []byte{opDrop}, constant(0))}}},
	// recursion without end
	"recurse.wasm": {funcs: []tinyFunc{
		{name: ".loop", sig: "i>i", code: code([]byte{opLocalGet, 0}, call(0))},
		{name: requestHeaders, sig: "iii>i", code: code(constant(1), call(0))}}},
	// memory without end: grow until it fails, then trap
	"hoard.wasm": {funcs: []tinyFunc{{name: requestHeaders, sig: "iii>i", code: code(
		[]byte{opLoop, voidBlock}, constant(1024), []byte{opMemoryGrow, 0}, constant(0),
		[]byte{0x4e /* i32.ge_s */, 0x0d /* br_if */, 0, opEnd, opUnreachable})}}},
	// a load outside the memory
	"load.wasm": {funcs: []tinyFunc{{name: requestHeaders, sig: "iii>i",
		code: code(constant(-16), []byte{opLoad, 2, 0})}}},
	// an allocator that gives an address outside the memory, and one that traps
	"badmalloc.wasm": {imports: []tinyFunc{getHeader}, data: ":path", funcs: []tinyFunc{
		{name: "malloc", sig: "i>i", code: constant(0x7fffffff)},
		{name: requestHeaders, sig: "iii>i", code: readPath(2048)}}},
	"trapmalloc.wasm": {imports: []tinyFunc{getHeader}, data: ":path", funcs: []tinyFunc{
		{name: "malloc", sig: "i>i", code: []byte{opUnreachable}},
		{name: requestHeaders, sig: "iii>i", code: readPath(2048)}}},
	// results to an address outside the memory
	"badresult.wasm": {imports: []tinyFunc{getHeader}, data: ":path", funcs: []tinyFunc{
		{name: requestHeaders, sig: "iii>i", code: readPath(0x7ffffff0)}}},
	// statuses that no specification has
	"oddstatus.wasm": {funcs: []tinyFunc{
		{name: requestHeaders, sig: "iii>i", code: constant(0)},
		{name: "proxy_on_request_body", sig: "iii>i", code: constant(0)},
		{name: "proxy_on_response_headers", sig: "iii>i", code: constant(77)}}},
	// a start function and _initialize that may do little
	"start.wasm": {imports: []tinyFunc{{name: "proxy_log", sig: "iii>i"}}, data: "hello", start: ".start", funcs: []tinyFunc{
		{name: ".start", sig: ">"},
		{name: "_initialize", sig: ">", code: code(constant(2), constant(1024), constant(5), call(0), []byte{opDrop})},
		{name: requestHeaders, sig: "iii>i", code: constant(0)}}},
	// proc_exit, which Envoy only logs
	"exit.wasm": {imports: []tinyFunc{{module: "wasi_snapshot_preview1", name: "proc_exit", sig: "i>"}}, funcs: []tinyFunc{
		{name: requestHeaders, sig: "iii>i", code: code(constant(3), call(0), constant(0))}}},
	// the answers of WASI to a filter that wants files: each one that is not what it must be
	// is added up and sent as the status
	"wasi.wasm": {imports: []tinyFunc{
		{module: "wasi_snapshot_preview1", name: "fd_read", sig: "iiii>i"},
		{module: "wasi_snapshot_preview1", name: "path_open", sig: "iiiiiIIii>i"},
		{module: "wasi_snapshot_preview1", name: "fd_prestat_get", sig: "ii>i"},
		{module: "wasi_snapshot_preview1", name: "clock_time_get", sig: "iIi>i"},
		{name: "proxy_send_local_response", sig: "iiiiiiii>i"}}, data: "text",
		funcs: []tinyFunc{{name: requestHeaders, sig: "iii>i", code: code(
			constant(0), constant(0), constant(0), constant(0), call(0), // 52
			constant(3), constant(0), constant(0), constant(0), constant(0), []byte{0x42, 0, 0x42, 0}, constant(0), constant(0), call(1), // 44
			[]byte{0x6a},                                    // i32.add
			constant(3), constant(0), call(2), []byte{0x6a}, // 8
			constant(9), []byte{0x42, 0}, constant(0), call(3), []byte{0x6a}, // 58
			[]byte{0x21 /* local.set */, 0},
			[]byte{opLocalGet, 0}, constant(300), []byte{0x6a}, // 300 + 52 + 44 + 8 + 58
			constant(1024), constant(4), constant(0), constant(0), constant(0), constant(0), constant(-1), call(4),
			[]byte{opDrop}, constant(0))}}},
}
