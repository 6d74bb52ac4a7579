package hostsim

import (
	"fmt"

	"github.com/sparkward/sparkward/hostsim/internal/wasm"
)

// ErrNotProxyWasm is wrapped by the error of New for code that is no proxy-wasm module.
var ErrNotProxyWasm = wasm.ErrNotProxyWasm

// LoadError is returned by New when a filter's code cannot be run.
type LoadError struct {
	Plugin string
	Err    error
}

func (e *LoadError) Error() string {
	return fmt.Sprintf("plugin %q: cannot load the filter: %v", e.Plugin, e.Err)
}

// Unwrap returns the cause.
func (e *LoadError) Unwrap() error { return e.Err }

// ConfigError is returned by New when a filter refused its configuration.
type ConfigError struct {
	Plugin string
	// Logs are the lines that the filter logged at level warn or above before that:
	// the place to look for its reasons.
	Logs []string
}

func (e *ConfigError) Error() string {
	text := fmt.Sprintf("plugin %q: the filter refused its configuration", e.Plugin)
	for _, line := range e.Logs {
		text += "\n" + line
	}
	return text
}

// TrapError is a filter that failed in a callback: what Host.Failures reports, and
// what New wraps if it happens at start.
type TrapError = wasm.TrapError
