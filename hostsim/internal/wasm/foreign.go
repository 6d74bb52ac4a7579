package wasm

import (
	"bytes"
	"compress/zlib"
	"io"
	"strconv"

	"github.com/sparkward/sparkward/hostsim/internal/abi"
	"github.com/sparkward/sparkward/hostsim/internal/chain"
)

// maxInflated bounds what uncompress may give, in bytes: the filter's whole memory.
const maxInflated = 1 << 30

// foreignFunctions are the foreign functions of Envoy that hostsim has.
var foreignFunctions = map[string]func(c *Context, arguments []byte) ([]byte, abi.Status){
	"clear_route_cache": func(c *Context, _ []byte) ([]byte, abi.Status) {
		if c.handle != nil {
			c.handle.ClearRouteCache()
		}
		return nil, abi.OK
	},
	"set_envoy_filter_state": (*Context).setEnvoyFilterState,
	"declare_property":       (*Context).declareProperty,
	"compress":               compress,
	"uncompress":             uncompress,
}

// HasForeignFunction reports whether the function is one of Envoy's.
func HasForeignFunction(name string) bool { return foreignFunctions[name] != nil }

// foreignFunction is proxy_call_foreign_function.
func (f *frame) foreignFunction() abi.Status {
	fn := foreignFunctions[f.str(0)]
	if fn == nil {
		return f.customFunction()
	}
	data, status := fn(f.vm.current, f.in[1])
	return f.foreignResult(data, status)
}

// customFunction calls a function that the host's options have.
func (f *frame) customFunction() abi.Status {
	fn := f.vm.Spec.Host.Functions[f.str(0)]
	if fn == nil {
		return abi.NotFound
	}
	data, err := fn(bytes.Clone(f.in[1]))
	if err != nil {
		return abi.BadArgument
	}
	return f.foreignResult(data, abi.OK)
}

// foreignResult hands the result over, as far as the filter wants it.
func (f *frame) foreignResult(data []byte, status abi.Status) abi.Status {
	results, size := f.u32(0), f.u32(1)
	if results != 0 {
		ptr, ok := f.vm.allocate(data)
		if !ok || !f.vm.memory.WriteUint32Le(results, ptr) {
			return abi.InvalidMemoryAccess
		}
	}
	if size != 0 && !f.vm.memory.WriteUint32Le(size, uint32(len(data))) {
		return abi.InvalidMemoryAccess
	}
	return status
}

// stateObjects are Envoy's own kinds of filter state that a filter can set, with what
// their text must be.
var stateObjects = map[string]func(text string) bool{
	"envoy.string":                                   anyText,
	"envoy.hashable_string":                          anyText,
	"envoy.bool":                                     isBool,
	"envoy.network.application_protocols":            anyText,
	"envoy.network.network_namespace":                anyText,
	"envoy.network.upstream_server_name":             anyText,
	"envoy.network.upstream_subject_alt_names":       anyText,
	"envoy.ratelimit.hits_addend":                    isNumber,
	"envoy.tcp_proxy.cluster":                        anyText,
	"envoy.tcp_proxy.disable_tunneling":              isBool,
	"envoy.tcp_proxy.per_connection_idle_timeout_ms": isNumber,
	"envoy.upstream.dynamic_host":                    anyText,
	"envoy.upstream.dynamic_port":                    isNumber,
}

func anyText(string) bool     { return true }
func isBool(text string) bool { return text == "true" || text == "false" }

func isNumber(text string) bool {
	_, err := strconv.ParseUint(text, 10, 64)
	return err == nil
}

// setEnvoyFilterState sets a filter state of a kind that Envoy knows: path (1) and
// value (2).
func (c *Context) setEnvoyFilterState(arguments []byte) ([]byte, abi.Status) {
	texts, _, ok := parseFields(arguments)
	if !ok {
		return nil, abi.BadArgument
	}
	valid := stateObjects[texts[1]]
	switch {
	case valid == nil:
		return nil, abi.NotFound
	case !valid(texts[2]):
		return nil, abi.BadArgument
	case c.info() == nil:
		return nil, abi.NotFound
	}
	c.info().SetState(texts[1], chain.Object{Value: []byte(texts[2])})
	return nil, abi.OK
}

// prototype is what declare_property said of a property.
type prototype struct{ readOnly bool }

// declareProperty describes a property before it is first set: name (1), read only (2).
// A second description is refused.
func (c *Context) declareProperty(arguments []byte) ([]byte, abi.Status) {
	texts, numbers, ok := parseFields(arguments)
	if _, there := c.prototypes[texts[1]]; !ok || there {
		return nil, abi.BadArgument
	}
	if c.prototypes == nil {
		c.prototypes = map[string]prototype{}
	}
	c.prototypes[texts[1]] = prototype{readOnly: numbers[2] != 0}
	return nil, abi.OK
}

func compress(_ *Context, data []byte) ([]byte, abi.Status) {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	w.Write(data)
	w.Close()
	return out.Bytes(), abi.OK
}

func uncompress(_ *Context, data []byte) ([]byte, abi.Status) {
	r, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, abi.SerializationFailure
	}
	out, err := io.ReadAll(io.LimitReader(r, maxInflated))
	if err != nil || len(out) == maxInflated {
		return nil, abi.SerializationFailure
	}
	return out, abi.OK
}
