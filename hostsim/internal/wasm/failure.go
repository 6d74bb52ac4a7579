package wasm

import (
	"errors"
	"strings"

	"github.com/tetratelabs/wazero/sys"
)

// Failed is why the VM cannot be used any more, or nil.
func (vm *VM) Failed() error { return vm.err }

// Reloadable reports whether the VM failed in a callback: a new one may do better.
func (vm *VM) Reloadable() bool { return vm.err != nil && vm.runtime }

func (vm *VM) fail(err error, atRuntime bool) {
	if vm.err != nil {
		return
	}
	vm.err, vm.runtime = err, atRuntime
	vm.Spec.Host.Failed(vm.Worker.Index(), err)
}

// TrapError is a filter that failed in one of its functions.
type TrapError struct {
	Callback string // the exported function that was called
	Reason   string // one line
	Stack    string // the filter's stack, if known
}

func (e *TrapError) Error() string { return "the filter failed in " + e.Callback + ": " + e.Reason }

func trapError(name string, err error) error {
	var exit *sys.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == sys.ExitCodeDeadlineExceeded {
		return &TrapError{Callback: name, Reason: "it ran longer than the host allows one call"}
	}
	reason, stack, _ := strings.Cut(err.Error(), "\n")
	reason = strings.TrimSuffix(strings.TrimSuffix(reason, " (recovered by wazero)"), "wasm stack trace:")
	return &TrapError{Callback: name, Reason: strings.TrimPrefix(reason, "wasm error: "), Stack: stack}
}
