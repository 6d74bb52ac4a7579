package wasm

import (
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

func (vm *VM) instantiate() (err error) {
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions()
	vm.module, err = vm.Spec.Module.runtime.InstantiateModule(vm.ctx, vm.Spec.Module.compiled, config)
	if err != nil {
		return fmt.Errorf("instantiate: %w", err)
	}
	vm.memory = vm.module.Memory()
	if vm.memory == nil {
		return errors.New("the module exports no memory")
	}
	if err := vm.getFunctions(); err != nil {
		return err
	}
	return vm.start()
}

func (vm *VM) getFunctions() error {
	for _, name := range []string{"malloc", "proxy_on_memory_allocate"} {
		if fn, err := vm.export(name, "i->i"); err != nil {
			return err
		} else if fn != nil && vm.malloc == nil {
			vm.malloc, vm.mallocIn = fn, name
		}
	}
	if vm.malloc == nil {
		return errors.New("the module exports neither proxy_on_memory_allocate nor malloc")
	}
	for i, callback := range callbacks {
		if !vm.Spec.allowed(callback.name) {
			continue
		}
		fn, err := vm.export(callback.name, callback.signature())
		if err != nil {
			return err
		}
		vm.calls[i] = fn
	}
	return nil
}

// export finds an exported function; nil if there is none.
func (vm *VM) export(name, want string) (api.Function, error) {
	fn := vm.module.ExportedFunction(name)
	if fn == nil {
		return nil, nil
	}
	def := fn.Definition()
	if got := signature(def.ParamTypes(), def.ResultTypes()); got != want {
		return nil, fmt.Errorf("the module exports %s as %s, want %s", name, got, want)
	}
	return fn, nil
}

// start runs _initialize and main, or _start. Almost no host call is allowed in them.
func (vm *VM) start() error {
	defer func() { vm.started = true }()
	initialize, err := vm.export("_initialize", "->")
	if err != nil {
		return err
	}
	if initialize == nil {
		return vm.callStart("_start", "->")
	}
	if err := vm.callStart("_initialize", "->"); err != nil {
		return err
	}
	if vm.module.ExportedFunction("main") != nil {
		return vm.callStart("main", "ii->i")
	}
	return vm.callStart("__main_void", "->i")
}

func (vm *VM) callStart(name, sig string) error {
	fn, err := vm.export(name, sig)
	if fn == nil {
		return err
	}
	leave := vm.enter(vm.vmCtx)
	defer leave()
	vm.trace("--> %s()", name)
	ctx, cancel := vm.limited()
	defer cancel()
	_, err = fn.Call(ctx, make([]uint64, len(fn.Definition().ParamTypes()))...)
	if err != nil {
		return trapError(name, err)
	}
	vm.trace("<-- ()")
	return nil
}
