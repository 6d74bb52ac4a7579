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
	"strings"

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
	sum      [32]byte
}

// Cache keeps compiled code over processes. The zero value keeps nothing.
type Cache struct{ cache wazero.CompilationCache }

// OpenCache uses a folder, made if needed.
func OpenCache(dir string) (*Cache, error) {
	cache, err := wazero.NewCompilationCacheWithDir(dir)
	return &Cache{cache}, err
}

// Close releases the cache. Modules made with it must be closed before.
func (c *Cache) Close(ctx context.Context) error {
	if c.cache == nil {
		return nil
	}
	return c.cache.Close(ctx)
}

// Compile checks and compiles code and links the host's functions to it.
// interruptible lets a call be ended by its context, at some cost in speed.
func Compile(ctx context.Context, code []byte, cache *Cache, interruptible bool) (*Module, error) {
	features := api.CoreFeaturesV2 | experimental.CoreFeaturesThreads | experimental.CoreFeaturesTailCall |
		experimental.CoreFeaturesExtendedConst | experimental.CoreFeaturesExceptionHandling |
		experimental.CoreFeaturesTypedFunctionReferences
	config := wazero.NewRuntimeConfig().WithCoreFeatures(features).
		WithMemoryLimitPages(maxMemoryPages).WithCloseOnContextDone(interruptible)
	if cache != nil && cache.cache != nil {
		config = config.WithCompilationCache(cache.cache)
	}
	m := &Module{runtime: wazero.NewRuntimeWithConfig(ctx, config), sum: sha256.Sum256(code)}
	if err := m.compile(ctx, code); err != nil {
		m.Close(ctx)
		return nil, err
	}
	return m, nil
}

func (m *Module) compile(ctx context.Context, code []byte) (err error) {
	if len(code) < 4 || string(code[:4]) != "\x00asm" {
		return fmt.Errorf("%w: the file does not begin as WebAssembly does", ErrNotProxyWasm)
	}
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

// Close frees the compiled code and every VM made from it.
func (m *Module) Close(ctx context.Context) error { return m.runtime.Close(ctx) }

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
