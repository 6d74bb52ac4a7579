// Command plugin is the filter: a proxy-wasm module that Envoy loads. It only
// reads the host, calls package guard and applies what guard decided.
package main

func main() {}

// newPlugin makes the context of one plugin configuration. A changed
// configuration gets a new context beside the old one, so nothing of it may
// live outside.
func newPlugin(id uint32) *plugin {
	return &plugin{id: id, holding: map[uint32]*stream{}, parked: map[uint32]*stream{}}
}
