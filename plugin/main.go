// Command plugin is the filter: a proxy-wasm module that Envoy loads. It only
// reads the host, calls package guard and applies what guard decided.
package main

import (
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

func main() {}

// init registers the module with the SDK. The host runs it before it can
// serve any call but the log, so nothing else may happen here.
func init() { proxywasm.SetVMContext(&vm{}) }

// vm is one VM: one a worker, one on the main thread.
type vm struct{ types.DefaultVMContext }

// NewPluginContext makes the context of one plugin configuration. A changed
// configuration gets a new context beside the old one, so nothing of it may
// live outside.
func (*vm) NewPluginContext(id uint32) types.PluginContext {
	return &plugin{id: id, holding: map[uint32]*stream{}, parked: map[uint32]*stream{}}
}
