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
	return which(e.Plugin) + "cannot load the filter: " + e.Err.Error()
}

// which names a plugin in front of an error, if it has a name.
func which(plugin string) string {
	if plugin == "" {
		return ""
	}
	return fmt.Sprintf("plugin %q: ", plugin)
}

// Unwrap returns the cause.
func (e *LoadError) Unwrap() error { return e.Err }

// ConfigError is returned by New when a filter refused its configuration.
type ConfigError struct {
	Plugin string
	// Logs are the lines that the filter logged at level warn or above before that:
	// the place to look for its reasons.
	Logs []string
	// Empty says that there was no configuration.
	Empty bool
}

func (e *ConfigError) Error() string {
	text := which(e.Plugin) + "the filter refused its configuration"
	if e.Empty {
		text += ", which is empty"
	}
	for _, line := range e.Logs {
		text += "\n" + line
	}
	return text
}

// TrapError is a filter that failed in a callback: what Host.Failures reports, and
// what New wraps if it happens at start.
type TrapError = wasm.TrapError
