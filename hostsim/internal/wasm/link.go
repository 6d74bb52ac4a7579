package wasm

import (
	"context"
	"fmt"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

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
