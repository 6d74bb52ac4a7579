// Package wasm runs proxy-wasm filters: the virtual machine on wazero, the host
// calls of ABI 0.2.0 and 0.2.1, WASI as Envoy has it, and the contexts that join a
// filter to the streams of the chain package.
//
// A VM belongs to one worker. Whoever calls into it holds that worker's lock.
package wasm

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// maxMemoryPages bounds the memory of one VM to 1 GiB, as Envoy does
// (PROXY_WASM_HOST_MAX_WASM_MEMORY_SIZE_BYTES).
const maxMemoryPages = 1 << 30 >> 16

// ErrNotProxyWasm is returned for a module that speaks no ABI we know.
var ErrNotProxyWasm = errors.New("not a proxy-wasm module of ABI 0.2.0 or 0.2.1")

// Module is compiled code, ready to be instantiated many times.
type Module struct {
	runtime  wazero.Runtime
	compiled wazero.CompiledModule
	abi      string // 0.2.0 or 0.2.1

	key   moduleKey
	users int // guarded by the shelf
	once  sync.Once
	err   error // set once
}

// Compile checks and compiles code and links the host's functions to it. What is in use
// in this process already, or was until lately, is shared; what was kept in the folder
// cacheDir is not compiled again. Calls of code that can be stopped end with their
// context.
func Compile(ctx context.Context, code []byte, cacheDir string, canStop bool) (*Module, error) {
	key := moduleKey{sha256.Sum256(code), cacheDir, canStop}
	shelf.Lock()
	m := shelf.modules[key]
	if m == nil {
		if shelf.modules == nil {
			shelf.modules = map[moduleKey]*Module{}
		}
		m = &Module{key: key}
		shelf.modules[key] = m
	}
	m.users++
	shelf.Unlock()
	m.once.Do(func() { m.err = m.make(context.WithoutCancel(ctx), code) })
	if m.err != nil {
		err := m.err
		m.Close(ctx)
		return nil, err
	}
	return m, nil
}

// moduleKey is what makes a module the same as another.
type moduleKey struct {
	sum      [32]byte
	cacheDir string
	canStop  bool
}

// shelf holds the modules of the process, by code: those in use, and a few more.
var shelf struct {
	sync.Mutex
	modules map[moduleKey]*Module
	idle    []*Module // not in use, oldest first
	caches  map[string]wazero.CompilationCache
}

// maxIdle is how many modules are kept that nobody uses.
const maxIdle = 4

// Close gives the module back. VMs made from it must be closed before.
func (m *Module) Close(ctx context.Context) error {
	shelf.Lock()
	defer shelf.Unlock()
	shelf.idle = slices.DeleteFunc(shelf.idle, func(other *Module) bool { return other.users > 0 })
	if m.users--; m.users > 0 {
		return nil
	}
	if m.err != nil {
		return m.discard(ctx)
	}
	shelf.idle = append(shelf.idle, m)
	if len(shelf.idle) <= maxIdle {
		return nil
	}
	oldest := shelf.idle[0]
	shelf.idle = shelf.idle[1:]
	return oldest.discard(ctx)
}

func (m *Module) discard(ctx context.Context) error {
	delete(shelf.modules, m.key)
	if m.runtime == nil {
		return nil
	}
	return m.runtime.Close(ctx)
}

// openCache finds or makes the cache of a folder, which is made if needed. Caches are
// never closed.
func openCache(dir string) (cache wazero.CompilationCache, err error) {
	shelf.Lock()
	defer shelf.Unlock()
	if cache = shelf.caches[dir]; cache != nil {
		return cache, nil
	}
	if cache, err = wazero.NewCompilationCacheWithDir(dir); err != nil {
		return nil, fmt.Errorf("cache folder %s: %w", dir, err)
	}
	if shelf.caches == nil {
		shelf.caches = map[string]wazero.CompilationCache{}
	}
	shelf.caches[dir] = cache
	return cache, nil
}

func (m *Module) make(ctx context.Context, code []byte) error {
	features := api.CoreFeaturesV2 | experimental.CoreFeaturesThreads | experimental.CoreFeaturesTailCall |
		experimental.CoreFeaturesExtendedConst | experimental.CoreFeaturesExceptionHandling |
		experimental.CoreFeaturesTypedFunctionReferences
	config := wazero.NewRuntimeConfig().WithCoreFeatures(features).WithMemoryLimitPages(maxMemoryPages).
		WithCloseOnContextDone(m.key.canStop)
	if m.key.cacheDir != "" {
		cache, err := openCache(m.key.cacheDir)
		if err != nil {
			return err
		}
		config = config.WithCompilationCache(cache)
	}
	m.runtime = wazero.NewRuntimeWithConfig(ctx, config)
	return m.compile(ctx, code)
}

func (m *Module) compile(ctx context.Context, code []byte) (err error) {
	if len(code) < 4 || string(code[:4]) != "\x00asm" {
		return fmt.Errorf("%w: the file does not begin as WebAssembly does", ErrNotProxyWasm)
	}
	ctx = experimental.WithCompilationWorkers(ctx, runtime.GOMAXPROCS(0))
	if m.compiled, err = m.runtime.CompileModule(ctx, code); err != nil {
		return fmt.Errorf("compile: %w", err)
	}
	if m.abi, err = abiVersion(m.compiled.ExportedFunctions()); err != nil {
		return err
	}
	return m.link(ctx)
}

func abiVersion(exports map[string]api.FunctionDefinition) (string, error) {
	for _, version := range []string{"0.2.1", "0.2.0"} {
		if _, ok := exports["proxy_abi_version_"+strings.ReplaceAll(version, ".", "_")]; ok {
			return version, nil
		}
	}
	if _, ok := exports["proxy_abi_version_0_1_0"]; ok {
		return "", fmt.Errorf("%w: it speaks 0.1.0; build it with a newer SDK", ErrNotProxyWasm)
	}
	return "", fmt.Errorf("%w: it exports no proxy_abi_version_0_2_x", ErrNotProxyWasm)
}

// link makes a host module for each module name that the code imports from.
func (m *Module) link(ctx context.Context) error {
	builders := map[string]wazero.HostModuleBuilder{}
	for _, def := range m.compiled.ImportedFunctions() {
		module, name, _ := def.Import()
		builder := builders[module]
		if builder == nil {
			builder = m.runtime.NewHostModuleBuilder(module)
			builders[module] = builder
		}
		fn, err := m.resolve(module, name, def)
		if err != nil {
			return err
		}
		builder.NewFunctionBuilder().WithGoModuleFunction(fn, def.ParamTypes(), def.ResultTypes()).Export(name)
	}
	for _, builder := range builders {
		if _, err := builder.Instantiate(ctx); err != nil {
			return fmt.Errorf("link: %w", err)
		}
	}
	return nil
}

// resolve finds the host's function for one import. An import that no host function
// answers to is linked all the same and fails when called.
func (m *Module) resolve(module, name string, def api.FunctionDefinition) (api.GoModuleFunc, error) {
	fn, want := lookUp(module, name, m.abi)
	if fn == nil {
		return unknownImport(module + "." + name), nil
	}
	if got := signature(def.ParamTypes(), def.ResultTypes()); got != want {
		return nil, fmt.Errorf("link: the module imports %s.%s as %s, want %s", module, name, got, want)
	}
	return fn, nil
}

// signature prints types in one form: "ii" -> "i" for two i32 parameters and one
// i32 result, "I" for i64.
func signature(params, results []api.ValueType) string {
	letters := func(types []api.ValueType) string {
		var b strings.Builder
		for _, t := range types {
			switch t {
			case api.ValueTypeI32:
				b.WriteByte('i')
			case api.ValueTypeI64:
				b.WriteByte('I')
			default:
				b.WriteByte('?')
			}
		}
		return b.String()
	}
	return letters(params) + "->" + letters(results)
}

func lookUp(module, name, abiVersion string) (fn api.GoModuleFunc, sig string) {
	switch module {
	case "env":
		if call := hostCalls[name]; call != nil && (name != "proxy_get_log_level" || abiVersion == "0.2.1") {
			return call.invoke, call.signature()
		}
		if fn, ok := envFunctions[name]; ok {
			return fn.invoke("env." + name), fn.sig
		}
	case "wasi_snapshot_preview1", "wasi_unstable":
		if fn, ok := wasiFunctions[name]; ok {
			return fn.invoke(module + "." + name), fn.sig
		}
	}
	return nil, ""
}

// unknownImport fails the VM when it is called.
func unknownImport(name string) api.GoModuleFunc {
	return func(context.Context, api.Module, []uint64) {
		panic(fmt.Errorf("the filter called the import %s, which no proxy-wasm host has", name))
	}
}
