package wasm

import (
	"github.com/sparkward/sparkward/hostsim/internal/abi"
	"github.com/sparkward/sparkward/hostsim/internal/chain"
	"github.com/sparkward/sparkward/hostsim/internal/header"
)

// statePrefix is what Envoy puts before the name of a property that a filter sets.
const statePrefix = "wasm."

func (c *Context) info() *chain.Info {
	switch {
	case c.handle != nil:
		return c.handle.Info()
	case c.tcp != nil:
		return c.tcp.conn.Info()
	}
	return nil
}

// getProperty is proxy_get_property.
func (c *Context) getProperty(path string) ([]byte, abi.Status) {
	parts := pathParts(path)
	if len(parts) == 0 {
		return nil, abi.SerializationFailure
	}
	v := walk(c.topProperty(parts[0]), parts[1:])
	if v == nil {
		return nil, abi.NotFound
	}
	return serialize(v)
}

// topProperty finds the first part of a path.
func (c *Context) topProperty(name string) value {
	info := c.info()
	switch name {
	case "plugin_name":
		if c.plugin != nil {
			return c.plugin.Name
		}
		return nil
	case "plugin_root_id":
		return c.rootID()
	case "plugin_vm_id":
		return c.vm.Spec.ID
	case "xds":
		return fields(func(name string) value { return c.xdsProperty(info, name) })
	}
	if info == nil {
		return nil
	}
	if v := c.streamProperty(info, name); v != nil {
		return v
	}
	if object, ok := info.State[statePrefix+name]; ok {
		return object.Value
	}
	return nil
}

func (c *Context) streamProperty(info *chain.Info, name string) value {
	switch name {
	case "request":
		return fields(func(name string) value { return requestProperty(info, c.propertyHeaders(true), name) })
	case "response":
		return fields(func(name string) value { return c.responseProperty(info, name) })
	case "connection":
		return fields(func(name string) value { return connectionProperty(info, name) })
	case "connection_id":
		return info.ConnectionID
	case "upstream":
		return fields(func(name string) value { return upstreamProperty(info, name) })
	case "source":
		return peer(info.Remote)
	case "destination":
		return peer(info.Local)
	case "metadata":
		return message{members: map[string]value{"filter_metadata": dict{}}}
	case "filter_state":
		return fields(func(name string) value {
			if object, ok := info.State[name]; ok {
				return object.Value
			}
			return nil
		})
	}
	return nil
}

// propertyHeaders is the header map that properties look into: only the one that the
// running callback may read.
func (c *Context) propertyHeaders(request bool) *header.Map {
	if c.logging && c.handle != nil {
		req, resp, _ := c.handle.Maps()
		if request {
			return req
		}
		return resp
	}
	if request {
		return c.request.headers
	}
	return c.response.headers
}

// setProperty is proxy_set_property: filter state under the prefix "wasm.".
func (c *Context) setProperty(path string, data []byte) abi.Status {
	info := c.info()
	if info == nil {
		return abi.NotFound
	}
	name := statePrefix + path
	object, ok := info.State[name]
	if ok && object.ReadOnly {
		return abi.BadArgument
	}
	object.ReadOnly = c.root.prototypes[path].readOnly
	object.CEL, object.Value = true, append([]byte(nil), data...)
	info.SetState(name, object)
	return abi.OK
}
