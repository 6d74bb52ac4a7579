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
	defer func() { // wazero's validation panics on some code that ends too early
		if cause := recover(); cause != nil {
			err = fmt.Errorf("compile: the code is malformed: %v", cause)
		}
	}()
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
