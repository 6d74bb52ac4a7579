package wasm

import (
	"github.com/sparkward/sparkward/hostsim/internal/abi"
	"github.com/sparkward/sparkward/hostsim/internal/chain"
)

// prototype is what declare_property said of a property.
type prototype struct{ readOnly bool }

// foreignFunctions are Envoy's foreign functions.
var foreignFunctions = map[string]func(c *Context, arguments []byte) ([]byte, abi.Status){
	"clear_route_cache": func(c *Context, _ []byte) ([]byte, abi.Status) {
		if c.handle != nil {
			c.handle.ClearRouteCache()
		}
		return nil, abi.OK
	},
	"set_envoy_filter_state": func(c *Context, arguments []byte) ([]byte, abi.Status) {
		texts, _, ok := parseFields(arguments)
		info := c.info()
		switch {
		case !ok:
			return nil, abi.BadArgument
		case info == nil:
			return nil, abi.NotFound
		}
		info.SetState(texts[1], chain.Object{Value: []byte(texts[2])})
		return nil, abi.OK
	},
}

// foreignFunction is proxy_call_foreign_function.
func (f *frame) foreignFunction() abi.Status {
	results, size := f.u32(0), f.u32(1)
	fn := foreignFunctions[f.str(0)]
	if fn == nil {
		return abi.NotFound
	}
	data, status := fn(f.vm.current, f.in[1])
	var ptr uint32
	if results != 0 {
		var ok bool
		if ptr, ok = f.vm.allocate(data); !ok {
			return abi.InvalidMemoryAccess
		}
		if !f.vm.memory.WriteUint32Le(results, ptr) {
			return abi.InvalidMemoryAccess
		}
	}
	if size != 0 && !f.vm.memory.WriteUint32Le(size, uint32(len(data))) {
		return abi.InvalidMemoryAccess
	}
	return status
}
